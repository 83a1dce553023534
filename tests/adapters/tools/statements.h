#pragma once

#include "adapters/postgres/statement.h"
#include "tests/support/documented.h"

namespace tidemark::test {

// In deploy/STATEMENTS.md, among the ledgers of the tools.
inline bool is_documented(const ReadQuery& query) {
  return documented(STATEMENTS).of_tools.contains(in_words(std::string(query.statement.text())));
}

}  // namespace tidemark::test
