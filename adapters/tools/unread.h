#pragma once

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

}  // namespace tidemark
