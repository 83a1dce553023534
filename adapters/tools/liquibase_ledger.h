#pragma once

#include <vector>

#include "adapters/tools/tool.h"

namespace tidemark {

// The table `databasechangelog` of Liquibase, and the lock beside it.

Recognition recognise_liquibase_ledger(const Relation& relation, std::span<const Relation> all);
ReadQuery select_liquibase_rows(const Relation& relation);
Result<std::vector<Row>> liquibase_rows(const ResultSet& answer);

std::string liquibase_lock_table(const Relation& relation);
ReadQuery select_liquibase_lock(const Relation& lock);

}  // namespace tidemark
