#include "adapters/tools/invalid_indexes.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "adapters/tools/answer.h"

namespace tidemark {

namespace {

// By their number and the sum of their oids.
constexpr ReadStatement select_any = R"sql(
  SELECT pg_catalog.count(*), pg_catalog.sum(i.indexrelid::bigint)
    FROM pg_catalog.pg_index i
   WHERE NOT i.indisvalid
)sql";

// $1: the only schema to look in, or NULL. An index on a partitioned table is invalid until an
// index of each partition is attached, which says nothing of how it was built. Who builds
// concurrently locks the table, and who rebuilds or drops so the index as well, from before it is
// to be seen to the end; which index it is that a table's lock is for, the server tells only some
// roles, and says 0 at first. At its very end a build has let go of its locks, and is about to
// commit that the index is valid.
constexpr ReadStatement select_invalid = R"sql(
  SELECT n.nspname, c.relname, t.relname AS on_table, c.oid,
         EXISTS (SELECT
                   FROM pg_catalog.pg_locks l
                   LEFT JOIN pg_catalog.pg_stat_progress_create_index p
                     ON p.pid = l.pid AND p.datid = l.database
                  WHERE l.locktype = 'relation' AND l.granted
                    AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d
                                       WHERE d.datname = pg_catalog.current_database())
                    AND l.mode NOT IN ('AccessShareLock', 'RowShareLock', 'RowExclusiveLock')
                    AND (l.relation = i.indexrelid
                         OR (l.relation = i.indrelid AND p.pid IS NOT NULL
                             AND COALESCE(p.index_relid, 0) IN (0, i.indexrelid))))
         OR EXISTS (SELECT
                      FROM pg_catalog.pg_locks l
                     WHERE l.locktype = 'transactionid' AND l.transactionid = i.xmax) AS at_work
    FROM pg_catalog.pg_index i
    JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
    JOIN pg_catalog.pg_class t ON t.oid = i.indrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
   WHERE NOT i.indisvalid AND c.relkind = 'i'
     AND n.nspname <> 'information_schema'
     AND pg_catalog.left(n.nspname::text, 3) <> 'pg_'
     AND ($1::text IS NULL OR n.nspname = $1::text)
     AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                      WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                        AND d.objid IN (c.oid, t.oid) AND d.deptype = 'e')
   ORDER BY n.nspname, c.relname
   LIMIT 100
)sql";

enum Column : std::size_t { schema, name, table, oid, at_work, columns };

using Values = std::vector<std::optional<std::string>>;

InvalidIndex index_of(const Values& values) {
  return {values[schema].value_or(""),
          values[name].value_or(""),
          values[table].value_or(""),
          number_of(values[oid])};
}

bool contains(const std::vector<InvalidIndex>& indexes, const InvalidIndex& index) {
  return std::ranges::find(indexes, index) != indexes.end();
}

struct Left {
  std::vector<InvalidIndex> all;
  std::vector<InvalidIndex> alone;  // those of them that nobody works on
};

Left left_in(const ResultSet& answer) {
  Left left;
  for (const auto& row : answer.rows) {
    if (row.size() != columns) {
      continue;
    }
    left.all.push_back(index_of(row));
    if (row[at_work] != "t") {
      left.alone.push_back(left.all.back());
    }
  }
  return left;
}

}  // namespace

ReadQuery InvalidIndexes::any() {
  return {select_any, std::nullopt, {}};
}

// What the server refuses to tell here is no failure of the look.
Awaitable<std::expected<std::monostate, ReadFailure>> InvalidIndexes::find(ReadSession& session,
                                                                           ResultSet answer,
                                                                           bool standby) {
  decided_ = true;
  if (number_of(value_of(answer)) == 0) {
    left_.clear();
    co_return std::monostate{};
  }
  ReadQuery query{select_invalid, std::nullopt, {std::nullopt}};
  if (!schema_.empty()) {
    query.values.front() = schema_;
  }
  // Twice: a build that ends well after a statement looked at the indexes, and before it looked at
  // the locks, would be taken for one that failed.
  std::vector<ReadQuery> queries{query, query};
  ReadSession::Answer answers = co_await session.read(std::move(queries), limits_);
  if (answers) {
    decide(*answers, standby);
  } else if (answers.error().sqlstate.empty()) {
    co_return std::unexpected(answers.error());
  }
  co_return std::monostate{};
}

void InvalidIndexes::decide(const std::vector<ResultSet>& answers, bool standby) {
  const auto before = left_in(answers.front());
  const auto after = left_in(answers.back());
  const auto told = std::exchange(left_, {});
  for (const auto& index : after.all) {
    const bool alone = !standby && contains(before.alone, index) && contains(after.alone, index);
    if (alone || contains(told, index)) {
      left_.push_back(index);
    } else {
      decided_ = decided_ && standby;
    }
  }
}

}  // namespace tidemark
