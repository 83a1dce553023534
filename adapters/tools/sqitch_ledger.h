#pragma once

#include <optional>
#include <string>
#include <vector>

#include "adapters/tools/tool.h"

namespace tidemark {

// The table `changes` of a Sqitch registry, which says what is deployed, and `events` beside it,
// which says what happened.

Recognition recognise_sqitch_ledger(const Relation& relation, std::span<const Relation> all);
std::vector<std::string> tables_beside_sqitch_changes();
ReadQuery select_sqitch_rows(const Relation& relation);
std::optional<ReadQuery> select_sqitch_versions(const Relation& relation);
Result<std::vector<Row>> sqitch_rows(const ResultSet& answer);

}  // namespace tidemark
