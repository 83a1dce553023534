#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "adapters/tools/tool.h"

namespace tidemark {

// Files and ledgers of tools that know a migration by a whole number and compare it as one: 7, 07
// and 0007 are the same.

// "20260101000000" and "add_phone" of "20260101000000_add_phone".
struct NumberedName {
  std::string_view number;
  std::string_view name;
};
std::optional<NumberedName> numbered_name(std::string_view stem);

// A versioned migration without a checksum, as such tools keep none.
FileEntry numbered_entry(const NumberedName& name, std::string_view id);

// An applied migration by what the ledger stores of it: "20260101000000". What does not begin with
// a number is known by its own words.
Row numbered_row(const std::string& stored, const std::string& token);

// Such tools refuse a directory in which two migrations have the same name, as both would define
// the same class.
void refuse_same_names(Catalog& catalog);

}  // namespace tidemark
