#pragma once

#include <string>

#include "adapters/parser/mentions.h"
#include "adapters/parser/tree.h"
#include "core/sql/statement.h"

namespace tidemark {

// Why it cannot run in a transaction block, to follow "it": "builds in several transactions of its
// own". Empty where it can.
std::string why_no_transaction(const tree::Node& statement, const Mentions& mentions);

TransactionControl control_of(const tree::Node& statement);

}  // namespace tidemark
