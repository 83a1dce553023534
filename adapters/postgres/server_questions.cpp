#include "adapters/postgres/server_questions.h"

#include <chrono>
#include <utility>

#include "adapters/postgres/failure.h"
#include "adapters/postgres/lsn.h"

namespace tidemark {
namespace {

// $1: the environment's schema, or NULL.
constexpr ReadStatement select_place = R"sql(
  SELECT pg_catalog.pg_is_in_recovery(), d.oid, n.oid,
         pg_catalog.floor(
           pg_catalog.date_part('epoch', pg_catalog.pg_postmaster_start_time()) * 1000)::int8,
         pg_catalog.floor(
           pg_catalog.date_part(
             'epoch',
             pg_catalog.clock_timestamp() - pg_catalog.pg_postmaster_start_time()) * 1000)::int8
    FROM pg_catalog.pg_database d
    LEFT JOIN pg_catalog.pg_namespace n ON n.nspname = $1::text
   WHERE d.datname = pg_catalog.current_database()
)sql";

constexpr ReadStatement select_system = R"sql(
  SELECT system_identifier FROM pg_catalog.pg_control_system()
)sql";

// Not pg_control_checkpoint(): after a promotion that says the old timeline until the next
// checkpoint.
constexpr ReadStatement select_log = R"sql(
  SELECT pg_catalog.left(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()), 8),
         pg_catalog.pg_current_wal_insert_lsn()
)sql";

constexpr ReadStatement select_backend = "SELECT pg_catalog.pg_backend_pid()";

// Within a migration, which may have set a search_path.
constexpr ReadStatement select_lock_timeout = R"sql(
  SELECT s.setting FROM pg_catalog.pg_settings s WHERE s.name OPERATOR(pg_catalog.=) 'lock_timeout'
)sql";

constexpr ReadStatement lock_session = "SELECT pg_catalog.pg_try_advisory_lock($1::int8)";

Value schema_or_null(std::string schema) {
  return schema.empty() ? Value() : Value(std::move(schema));
}

// NULLs for what is refused.
Awaitable<Asked<Values>> ask_if_told(WriteSession& session,
                                     ReadStatement statement,
                                     std::size_t columns) {
  auto row = co_await ask_row(session, statement, Values(), columns);
  if (!row && is_refusal(row.error().sqlstate)) {
    co_return Values(columns);
  }
  co_return row;
}

}  // namespace

Awaitable<Asked<ServerSelf>> who_is_it(WriteSession& session, std::string schema) {
  if (auto wrong = must_be_in_none(session)) {
    co_return std::unexpected(std::move(*wrong));
  }
  Values values{schema_or_null(std::move(schema))};
  const auto place = co_await ask_row(session, select_place, std::move(values), 5);
  if (!place) {
    co_return std::unexpected(place.error());
  }
  ServerSelf self;
  self.standby = is_true((*place)[0]);
  self.identity.database_oid = number_in<std::uint32_t>((*place)[1]);
  self.identity.schema_oid = number_in<std::uint32_t>((*place)[2]);
  self.started = TimePoint(std::chrono::milliseconds(number_in<std::int64_t>((*place)[3])));
  self.up_for = std::chrono::milliseconds(number_in<std::int64_t>((*place)[4]));
  const auto system = co_await ask_if_told(session, select_system, 1);
  if (!system) {
    co_return std::unexpected(system.error());
  }
  self.identity.system_identifier = system->front().value_or("");
  if (self.standby) {
    co_return self;  // which writes no log of its own
  }
  const auto log = co_await ask_if_told(session, select_log, 2);
  if (!log) {
    co_return std::unexpected(log.error());
  }
  self.identity.timeline = number_in<std::uint32_t>((*log)[0], 16);
  self.written = lsn_in((*log)[1]);
  co_return self;
}

Awaitable<Asked<bool>> is_direct(WriteSession& session) {
  const auto row = co_await ask_row(session, select_backend, Values(), 1);
  if (!row) {
    co_return std::unexpected(row.error());
  }
  co_return number_in<int>(row->front()) == session.backend_pid();
}

Awaitable<Asked<std::chrono::milliseconds>> lock_timeout_of(WriteSession& session) {
  const auto row = co_await ask_row(session, select_lock_timeout, Values(), 1);
  if (!row) {
    co_return std::unexpected(row.error());
  }
  co_return std::chrono::milliseconds(number_in<std::int64_t>(row->front()));
}

Awaitable<Asked<bool>> try_lock_for_session(WriteSession& session, std::int64_t key) {
  Values values{std::to_string(key)};
  const auto locked = co_await ask_whether(session, lock_session, std::move(values));
  co_return locked;
}

}  // namespace tidemark
