#include "adapters/postgres/transaction_questions.h"

#include <utility>

#include "adapters/postgres/lsn.h"

namespace tidemark {
namespace {

// Asked after a migration, which may have set a search_path: operators are named in full.
constexpr ReadStatement select_place = R"sql(
  SELECT pg_catalog.pg_current_xact_id_if_assigned(), pg_catalog.pg_current_wal_insert_lsn(),
         pg_catalog.pg_backend_pid(),
         (pg_catalog.date_part('epoch', pg_catalog.transaction_timestamp())
          OPERATOR(pg_catalog.*) 1000000::pg_catalog.float8)::pg_catalog.int8
)sql";

// A migration may have set that its COMMIT waits for no disk.
constexpr ReadStatement write_name = R"sql(
  SELECT CASE WHEN pg_catalog.pg_current_xact_id_if_assigned() IS NOT NULL
              THEN pg_catalog.pg_logical_emit_message(true, 'tidemark', $1::pg_catalog.text)
         END,
         CASE WHEN pg_catalog.current_setting('synchronous_commit') OPERATOR(pg_catalog.=) 'off'
              THEN pg_catalog.set_config('synchronous_commit', 'on', true)
         END,
         pg_catalog.pg_current_xact_id_if_assigned(), pg_catalog.pg_current_wal_insert_lsn()
)sql";

// The setting holds until the end of this statement's transaction, its commit included. A standby
// that does not answer shall not hold it up.
constexpr ReadStatement write_marker = R"sql(
  SELECT pg_catalog.set_config('synchronous_commit', 'local', true),
         pg_catalog.pg_logical_emit_message(true, 'tidemark', $1::text)
)sql";

constexpr ReadStatement select_flushed = "SELECT pg_catalog.pg_current_wal_flush_lsn()";

constexpr ReadStatement select_status = "SELECT pg_catalog.pg_xact_status($1::pg_catalog.xid8)";

constexpr ReadStatement end_backend = R"sql(
  SELECT pg_catalog.pg_terminate_backend(pid)
    FROM pg_catalog.pg_stat_activity
   WHERE backend_xid = $1::pg_catalog.xid8::pg_catalog.xid
)sql";

constexpr std::string_view in_the_future = "22023";

std::optional<Testimony::Status> status_in(const Value& value) {
  using Status = Testimony::Status;
  if (!value) {
    return Status::forgotten;
  }
  if (*value == "committed") {
    return Status::committed;
  }
  if (*value == "aborted") {
    return Status::aborted;
  }
  return *value == "in progress" ? std::optional(Status::in_progress) : std::nullopt;
}

}  // namespace

Awaitable<Asked<TransactionPlace>> where_it_is(WriteSession& session) {
  const auto row = co_await ask_row(session, select_place, Values(), 4);
  if (!row) {
    co_return std::unexpected(row.error());
  }
  TransactionPlace place;
  place.xid = number_in<std::uint64_t>((*row)[0]);
  place.written = lsn_in((*row)[1]);
  place.aim.pid = number_in<int>((*row)[2]);
  place.aim.transaction_start = number_if_any<std::int64_t>((*row)[3]);
  co_return place;
}

Awaitable<Asked<SealedTransaction>> seal(WriteSession& session, std::string name) {
  Values values{std::move(name)};
  const auto row = co_await ask_row(session, write_name, std::move(values), 4);
  if (!row) {
    co_return std::unexpected(row.error());
  }
  SealedTransaction sealed;
  sealed.xid = number_in<std::uint64_t>((*row)[2]);
  sealed.written = lsn_in((*row)[3]);
  co_return sealed;
}

Awaitable<Asked<std::monostate>> flush_log(WriteSession& session,
                                           std::string marker,
                                           std::chrono::milliseconds within) {
  if (auto wrong = must_be_in_none(session)) {
    co_return std::unexpected(std::move(*wrong));
  }
  Values values{std::move(marker)};
  const auto row = co_await ask_row(session, write_marker, std::move(values), 2, within);
  if (!row) {
    co_return std::unexpected(row.error());
  }
  co_return std::monostate();
}

Awaitable<Asked<std::uint64_t>> flushed_up_to(WriteSession& session) {
  const auto row = co_await ask_row(session, select_flushed, Values(), 1);
  if (!row) {
    co_return std::unexpected(row.error());
  }
  co_return lsn_in(row->front());
}

Awaitable<Asked<Testimony::Status>> transaction_status(WriteSession& session, std::uint64_t xid) {
  if (auto wrong = must_be_in_none(session)) {
    co_return std::unexpected(std::move(*wrong));
  }
  Values values{std::to_string(xid)};
  const auto row = co_await ask_row(session, select_status, std::move(values), 1);
  if (!row && row.error().sqlstate == in_the_future) {
    co_return Testimony::Status::in_future;
  }
  if (!row) {
    co_return std::unexpected(row.error());
  }
  const auto status = status_in(row->front());
  if (!status) {
    co_return std::unexpected(not_understood(session));
  }
  co_return *status;
}

Awaitable<Asked<bool>> end_transaction(WriteSession& session, std::uint64_t xid) {
  Values values{std::to_string(xid)};
  const auto rows = co_await ask_rows(session, end_backend, std::move(values), 1);
  if (!rows) {
    co_return std::unexpected(rows.error());
  }
  co_return !rows->empty() && is_true(rows->front().front());
}

}  // namespace tidemark
