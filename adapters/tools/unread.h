#pragma once

#include <set>
#include <span>
#include <string>
#include <string_view>

#include "adapters/tools/tool.h"

namespace tidemark {

// Ledgers that are recognised by their columns and not read: which tool's a relation is; empty for
// what is none of theirs.
std::string name_unread(const Relation& relation);
std::span<const Telltale> unread_telltales();

// Whose a ledger is that platforms keep for themselves in the databases that they serve; empty for
// all others.
std::string_view owned_by_platform(const Relation& relation);

// The names that tools give their ledgers, as the catalog has them. A table with such a name whose
// columns nobody knows is more likely a ledger than none: not where a platform keeps its own.
std::set<std::string> names_of_ledgers();
bool has_name_of_a_ledger(const TableName& table);

}  // namespace tidemark
