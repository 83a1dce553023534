#include "adapters/tools/row_versions.h"

namespace tidemark {

namespace {

// A row that is added or changed is of a transaction that had written none of those before, and one
// that is removed is missing in the count: what says the same as before is the same rows.
constexpr ReadStatement select_versions = R"sql(
  SELECT pg_catalog.count(*), pg_catalog.sum(pg_catalog.hashtextextended(xmin::text, 0))
    FROM {ledger}
)sql";

}  // namespace

bool shows_row_versions(const Relation& relation) {
  return relation.kind == 'r' && relation.can_select_all;
}

std::optional<ReadQuery> select_row_versions(const Relation& relation) {
  if (!shows_row_versions(relation)) {
    return std::nullopt;
  }
  return ReadQuery{select_versions, relation.name, {}};
}

}  // namespace tidemark
