#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "adapters/tools/tool.h"

namespace tidemark {

Recognition recognise_flyway_ledger(const Relation& relation);

ReadQuery select_flyway_rows(const Relation& relation);
ReadQuery select_flyway_tail(const Relation& relation);

// What Flyway locks while it works: a number of its own, to which it adds a hash of the table's
// name, with or without its schema.
std::vector<std::int64_t> flyway_locks(const TableName& table);

// Rows in the order of installed_rank, in our words: at most one row of a key is not undone.
Result<std::vector<Row>> flyway_rows(const ResultSet& answer);

}  // namespace tidemark
