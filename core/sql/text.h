#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/sql/problem.h"

namespace tidemark {

// A file as a parser may see it: what is not SQL is blanked, so that every offset stays.
struct SqlText {
  std::string text;
  std::size_t begin = 0;             // where its first line begins, behind a byte order mark
  std::vector<SqlProblem> problems;  // what can be told without a parser
  bool readable = true;              // worth asking a parser
};

SqlText sql_text(std::string_view file, std::size_t bytes_max);

}  // namespace tidemark
