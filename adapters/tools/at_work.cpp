#include "adapters/tools/at_work.h"

#include <charconv>
#include <chrono>

#include "adapters/tools/answer.h"
#include "adapters/tools/shape.h"
#include "core/time.h"

namespace tidemark {

namespace {

// $1: keys. Idle: for how many seconds, where nobody else of that role works in this database: a
// tool may hold its lock in one session and work in another.
constexpr ReadStatement select_advisory = R"sql(
  SELECT l.pid, a.usename, a.application_name,
         CASE WHEN a.state LIKE 'idle%'
               AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_activity o
                                WHERE o.datid = a.datid AND o.usesysid = a.usesysid
                                  AND o.pid <> a.pid AND o.state NOT LIKE 'idle%'
                                  AND o.application_name NOT LIKE 'tidemark %')
              THEN extract(epoch FROM pg_catalog.clock_timestamp() - a.state_change)::bigint END
           AS idle
    FROM pg_catalog.pg_locks l
    LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
   WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
     AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d
                        WHERE d.datname = pg_catalog.current_database())
     AND (l.classid::bigint << 32 | l.objid::bigint) = ANY ($1::text::bigint[])
   ORDER BY l.pid
)sql";

// $1: the ledger's oid.
constexpr ReadStatement select_exclusive = R"sql(
  SELECT l.pid, a.usename, a.application_name
    FROM pg_catalog.pg_locks l
    LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
   WHERE l.locktype = 'relation' AND l.granted AND l.mode = 'AccessExclusiveLock'
     AND l.relation = $1::text::pg_catalog.oid
     AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d
                        WHERE d.datname = pg_catalog.current_database())
   ORDER BY l.pid
)sql";

std::int64_t whole_number(const std::optional<std::string>& text) {
  std::int64_t number = 0;
  if (text) {
    std::from_chars(text->data(), text->data() + text->size(), number);
  }
  return number;
}

}  // namespace

std::optional<ReadQuery> select_advisory_holders(const Tool& tool,
                                                 const Relation& ledger,
                                                 std::string_view database) {
  std::string keys;
  for (const auto key : tool.advisory_locks(ledger, database)) {
    keys += (keys.empty() ? "" : ",") + std::to_string(key);
  }
  if (keys.empty()) {
    return std::nullopt;
  }
  return ReadQuery{select_advisory, std::nullopt, {"{" + keys + "}"}};
}

ReadQuery select_exclusive_holders(const Relation& ledger) {
  return {select_exclusive, std::nullopt, {std::to_string(ledger.oid)}};
}

std::string holders(const ResultSet& answer, Holder which) {
  std::vector<std::string> all;
  for (const auto& row : answer.rows) {
    if (row.size() < 3) {
      continue;
    }
    const bool forgot = row.size() > 3 && whole_number(row[3]) >= abandoned_after.count();
    if (forgot != (which == Holder::forgot_it)) {
      continue;
    }
    auto words = "pid " + row[0].value_or("?");
    if (row[1]) {
      words += ", role " + *row[1];
    }
    if (row[2] && !row[2]->empty()) {
      words += ", " + *row[2];
    }
    all.push_back(std::move(words));
  }
  return join(all, "; ");
}

LockRow lock_row(const ResultSet& answer) {
  LockRow lock;
  if (answer.rows.empty() || answer.rows.front().size() < 3) {
    return lock;
  }
  const auto& row = answer.rows.front();
  lock.words = row[0].value_or("somebody");
  if (row[1]) {
    lock.words +=
        " since " + format_time(TimePoint{std::chrono::milliseconds{whole_number(row[1])}});
  }
  lock.dated = row[2].has_value();
  lock.abandoned = whole_number(row[2]) >= abandoned_after.count();
  return lock;
}

}  // namespace tidemark
