#pragma once

#include "adapters/parser/tree.h"
#include "core/sql/statement.h"

namespace tidemark {

// What is said of a statement by its tree. Where it stands is left to who has the text.
Statement classify(const tree::Node& statement);

}  // namespace tidemark
