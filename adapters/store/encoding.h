#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/apply/attempt.h"
#include "core/ledger/observation.h"

namespace tidemark {

// What our ledger keeps as JSON in one column. The same value always gives the same text. Bytes
// that are no UTF-8 come back as they went in. Decoding throws DamagedLedger.

std::string encode_details(const std::map<std::string, std::string>& details);
std::map<std::string, std::string> decode_details(std::string_view text);

// Without `as_of`, which is a column: the same sight is the same text.
std::string encode_sight(const Observation& observation);
Observation decode_sight(std::string_view text);

std::string encode_journal(const Journal& journal);
Journal decode_journal(std::string_view text);

std::string encode_names(const std::vector<std::string>& names);
std::vector<std::string> decode_names(std::string_view text);

}  // namespace tidemark
