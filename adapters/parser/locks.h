#pragma once

#include "adapters/parser/mentions.h"
#include "adapters/parser/tree.h"
#include "core/sql/statement.h"

namespace tidemark {

// The strongest lock that a statement takes on what was there before it, as PostgreSQL 15 does;
// where that depends on more than the text, the stronger one.
LockClass lock_of(const tree::Node& statement, const Mentions& mentions);

}  // namespace tidemark
