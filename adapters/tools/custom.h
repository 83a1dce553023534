#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "adapters/tools/tool.h"

namespace tidemark {

// `their_ledger: custom:` of an environment: a table that people keep themselves, and what its rows
// and columns mean. Empty: there is no such column.
struct CustomColumns {
  std::string
      key;  // names the migration: its file with or without the ending, its id or its version
  std::string version;
  std::string checksum;
  std::string algorithm;  // of the checksum
  std::string applied_at;
  std::string applied_by;
  std::string success_column;  // a row counts when this one says `success_equals`
  std::string success_equals;
  enum class Rows {
    each,  // is a migration
    last,  // says how far the database came: all up to its version is applied
  } rows = Rows::each;
  friend bool operator==(const CustomColumns&, const CustomColumns&) = default;
};

std::shared_ptr<const Tool> custom_ledger(CustomColumns columns);

// "sha256", "md5", …
std::span<const std::string_view> custom_algorithms();

// What a file's checksum may be in a ledger with this algorithm, as verify() wants it: of the bytes
// as they are, with other line endings, and with or without a byte-order mark.
std::vector<std::string> custom_checksums(std::string_view algorithm, std::string_view bytes);

}  // namespace tidemark
