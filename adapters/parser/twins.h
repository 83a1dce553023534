#pragma once

#include <string_view>
#include <vector>

#include "adapters/parser/tree.h"
#include "core/sql/scanner.h"
#include "core/sql/statement.h"

namespace tidemark {

// How to make what a statement with IF NOT EXISTS asks for once more, of its own words: `text` is
// the file, and `span` where the statement stands in it.
std::vector<Twin> twins_of(const tree::Node& statement, std::string_view text, SqlSpan span);

}  // namespace tidemark
