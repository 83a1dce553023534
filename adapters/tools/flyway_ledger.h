#pragma once

#include <string>
#include <vector>

#include "adapters/tools/tool.h"

namespace tidemark {

// Whether a relation is Flyway's history table, and why.
struct FlywayVerdict {
  bool ledger = false;
  std::string
      words;  // the evidence, or what is in the way; empty when it does not even look like one
};
FlywayVerdict judge_flyway_ledger(const Relation& relation);

ReadQuery select_flyway_rows(const Relation& relation);
ReadQuery select_flyway_tail(const Relation& relation);

// Rows in the order of installed_rank, in our words: at most one row of a key is not undone.
Result<std::vector<Row>> flyway_rows(const ResultSet& answer);

}  // namespace tidemark
