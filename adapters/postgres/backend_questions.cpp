#include "adapters/postgres/backend_questions.h"

#include <string_view>
#include <utility>

#include "adapters/postgres/failure.h"

namespace tidemark {
namespace {

constexpr ReadStatement select_statement = R"sql(
  SELECT (pg_catalog.date_part('epoch', query_start) * 1000000)::int8
    FROM pg_catalog.pg_stat_activity
   WHERE pid = $1::int4 AND state = 'active'
)sql";

constexpr ReadStatement cancel_backend = R"sql(
  SELECT pg_catalog.pg_cancel_backend(pid)
    FROM pg_catalog.pg_stat_activity
   WHERE pid = $1::int4
     AND ($2::int8 IS NOT NULL OR $3::int8 IS NOT NULL)
     AND ($2 IS NULL OR (pg_catalog.date_part('epoch', xact_start) * 1000000)::int8 = $2)
     AND ($3 IS NULL OR (pg_catalog.date_part('epoch', query_start) * 1000000)::int8 = $3)
)sql";

// What a Backend is made of, in the order of its members.
constexpr std::size_t backend_columns = 6;

// A prepared transaction blocks as 0. A backend that blocks in several ways comes several times.
constexpr ReadStatement select_blockers = R"sql(
  SELECT b.pid, a.usename, a.application_name, a.state,
         (pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - a.xact_start) * 1000)::int8,
         pg_catalog.left(a.query, 200)
    FROM (SELECT DISTINCT u.pid
            FROM pg_catalog.unnest(pg_catalog.pg_blocking_pids($1::int4)) AS u (pid)) b
    LEFT JOIN pg_catalog.pg_stat_activity a USING (pid)
   ORDER BY a.xact_start, b.pid
   LIMIT 20
)sql";

// As WaitForOlderSnapshots() chooses them: of this database, and nothing that only vacuums. Those
// that look at nothing are waited for where they hold a lock on the table: to build an index, one
// of those who write; to drop one, any. 16384 is the first oid that is not the server's own.
constexpr ReadStatement select_oldest = R"sql(
  SELECT a.pid, a.usename, a.application_name, a.state,
         (pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - a.xact_start) * 1000)::int8,
         pg_catalog.left(a.query, 200)
    FROM pg_catalog.pg_stat_activity a
   WHERE a.datname = pg_catalog.current_database()
     AND a.pid NOT IN ($1::int4, pg_catalog.pg_backend_pid())
     AND (a.backend_xmin IS NOT NULL OR a.backend_xid IS NOT NULL
          OR EXISTS (SELECT
                       FROM pg_catalog.pg_locks l
                      WHERE l.pid = a.pid
                        AND l.locktype = 'relation'
                        AND l.database = a.datid
                        AND l.relation >= 16384
                        AND ($2::bool OR l.mode NOT IN ('AccessShareLock', 'RowShareLock'))))
     AND a.backend_type <> 'autovacuum worker'
     AND a.pid NOT IN (SELECT v.pid FROM pg_catalog.pg_stat_progress_vacuum v)
   UNION ALL
  SELECT 0, p.owner, '', 'prepared',
         (pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - p.prepared) * 1000)::int8,
         pg_catalog.left(p.gid, 200)
    FROM pg_catalog.pg_prepared_xacts p
   WHERE p.database = pg_catalog.current_database()
   ORDER BY 5 DESC NULLS LAST, 1
   LIMIT 20
)sql";

constexpr ReadStatement select_others = R"sql(
  SELECT a.pid, a.usename, a.application_name, a.state,
         (pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - a.xact_start) * 1000)::int8,
         pg_catalog.left(a.query, 200)
    FROM pg_catalog.pg_stat_activity a
   WHERE a.datname = pg_catalog.current_database()
     AND a.application_name LIKE 'tidemark % migration'
     AND a.pid <> pg_catalog.pg_backend_pid()
     AND a.pid <> ALL ($1::int4[])
   ORDER BY a.xact_start, a.pid
   LIMIT 20
)sql";

// None but those of its own name: a number may be somebody else's by now.
constexpr ReadStatement end_named_alike = R"sql(
  SELECT count(pg_catalog.pg_terminate_backend(a.pid))
    FROM pg_catalog.pg_stat_activity a
   WHERE a.pid = ANY ($1::int4[])
     AND a.datname = pg_catalog.current_database()
     AND a.application_name = pg_catalog.current_setting('application_name')
     AND a.pid <> pg_catalog.pg_backend_pid()
)sql";

// While tuples are loaded, the blocks are those of the phase before.
constexpr ReadStatement select_progress = R"sql(
  SELECT phase,
         CASE WHEN phase = 'building index: loading tuples in tree'
              THEN 100 * tuples_done / NULLIF(tuples_total, 0)
              ELSE 100 * blocks_done / NULLIF(blocks_total, 0)
          END,
         lockers_done, lockers_total, current_locker_pid
    FROM pg_catalog.pg_stat_progress_create_index
   WHERE pid = $1::int4
)sql";

Value text_of(std::optional<std::int64_t> number) {
  return number ? Value(std::to_string(*number)) : std::nullopt;
}

std::string list_of(const std::vector<int>& numbers) {
  std::string list = "{";
  for (const int number : numbers) {
    list += (list.size() == 1 ? "" : ",") + std::to_string(number);
  }
  return list + "}";
}

std::string line_in(const Value& value) {
  return one_line(value.value_or(""));
}

Awaitable<Asked<std::vector<Backend>>> ask_backends(WriteSession& session,
                                                    ReadStatement statement,
                                                    Values values) {
  const auto rows = co_await ask_rows(session, statement, std::move(values), backend_columns);
  if (!rows) {
    co_return std::unexpected(rows.error());
  }
  std::vector<Backend> backends;
  for (const auto& row : *rows) {
    Backend backend{.pid = number_in<int>(row[0]),
                    .role = line_in(row[1]),
                    .application = line_in(row[2]),
                    .state = line_in(row[3]),
                    .transaction_age = std::nullopt,
                    .query = line_in(row[5])};
    if (row[4]) {
      backend.transaction_age = std::chrono::milliseconds(number_in<std::int64_t>(row[4]));
    }
    backends.push_back(std::move(backend));
  }
  co_return backends;
}

}  // namespace

Awaitable<Asked<std::optional<Aim>>> aim_at_statement(WriteSession& session, int pid) {
  Values values{std::to_string(pid)};
  const auto rows = co_await ask_rows(session, select_statement, std::move(values), 1);
  if (!rows) {
    co_return std::unexpected(rows.error());
  }
  if (rows->empty() || !rows->front().front()) {
    co_return std::optional<Aim>();
  }
  const Aim aim{.pid = pid, .query_start = number_in<std::int64_t>(rows->front().front())};
  co_return std::optional(aim);
}

Awaitable<Asked<bool>> cancel(WriteSession& session, Aim aim) {
  Values values{std::to_string(aim.pid), text_of(aim.transaction_start), text_of(aim.query_start)};
  const auto rows = co_await ask_rows(session, cancel_backend, std::move(values), 1);
  if (!rows) {
    co_return std::unexpected(rows.error());
  }
  co_return !rows->empty() && is_true(rows->front().front());
}

Awaitable<Asked<std::vector<Backend>>> blockers(WriteSession& session, int pid) {
  Values values{std::to_string(pid)};
  auto backends = co_await ask_backends(session, select_blockers, std::move(values));
  co_return backends;
}

Awaitable<Asked<std::vector<Backend>>> oldest_transactions(WriteSession& session,
                                                           int pid,
                                                           Readers readers) {
  Values values{std::to_string(pid), readers == Readers::too ? "true" : "false"};
  auto backends = co_await ask_backends(session, select_oldest, std::move(values));
  co_return backends;
}

Awaitable<Asked<std::vector<Backend>>> other_sessions(WriteSession& session,
                                                      std::vector<int> pids) {
  Values values{list_of(pids)};
  auto backends = co_await ask_backends(session, select_others, std::move(values));
  co_return backends;
}

Awaitable<Asked<int>> end_own(WriteSession& session, std::vector<int> pids) {
  Values values{list_of(pids)};
  const auto row = co_await ask_row(session, end_named_alike, std::move(values), 1);
  if (!row) {
    co_return std::unexpected(row.error());
  }
  co_return number_in<int>(row->front());
}

Awaitable<Asked<std::optional<IndexProgress>>> index_progress(WriteSession& session, int pid) {
  Values values{std::to_string(pid)};
  const auto rows = co_await ask_rows(session, select_progress, std::move(values), 5);
  if (!rows) {
    co_return std::unexpected(rows.error());
  }
  if (rows->empty()) {
    co_return std::optional<IndexProgress>();
  }
  const auto& row = rows->front();
  IndexProgress progress{.phase = line_in(row[0]),
                         .per_cent = number_if_any<int>(row[1]),
                         .lockers_done = number_in<int>(row[2]),
                         .lockers_total = number_in<int>(row[3]),
                         .locker = number_in<int>(row[4])};
  co_return std::optional(std::move(progress));
}

}  // namespace tidemark
