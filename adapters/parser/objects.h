#pragma once

#include <vector>

#include "adapters/parser/mentions.h"
#include "adapters/parser/tree.h"
#include "core/sql/statement.h"

namespace tidemark {

// What a statement names, each once: first what it is about, then the rest.
std::vector<SqlObject> objects_of(const tree::Node& statement, const Mentions& mentions);

}  // namespace tidemark
