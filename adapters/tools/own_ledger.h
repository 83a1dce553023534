#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/tools/tool.h"

namespace tidemark {

// The ledger that tidemark's own bundles keep in a database when they are asked to: a log of what
// was applied and rolled back, for files of whatever layout.

Recognition recognise_own_ledger(const Relation& relation);
ReadQuery select_own_rows(const Relation& relation);
std::optional<ReadQuery> select_own_tail(const Relation& relation);
Result<std::vector<Row>> own_rows(const ResultSet& answer);

// The hashes that it may have of a file: of its bytes, and of those with other line endings.
std::vector<std::string> own_checksums(std::string_view bytes);

}  // namespace tidemark
