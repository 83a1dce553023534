#include "adapters/postgres/transaction_questions.h"

#include <chrono>
#include <utility>
#include <vector>

#include "adapters/postgres/lsn.h"
#include "core/text/hex.h"

namespace tidemark {
namespace {

// Asked after a migration, which may have set a search_path: operators are named in full.
constexpr ReadStatement select_place = R"sql(
  SELECT pg_catalog.pg_current_xact_id_if_assigned(), pg_catalog.pg_current_wal_insert_lsn(),
         pg_catalog.pg_backend_pid(),
         (pg_catalog.date_part('epoch', pg_catalog.transaction_timestamp())
          OPERATOR(pg_catalog.*) 1000000::pg_catalog.float8)::pg_catalog.int8
)sql";

// DISCARD ALL by its parts, as it cannot be sent together with anything else; in a transaction that
// no setting can make wait, not for a disk or a standby either: dropping temporary tables writes.
// The last BEGIN is of the transaction that follows.
constexpr std::string_view begin_afresh = R"sql(
  BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
  CLOSE ALL;
  SET SESSION AUTHORIZATION DEFAULT;
  RESET ALL;
  SET LOCAL synchronous_commit = off;
  DEALLOCATE ALL;
  UNLISTEN *;
  SELECT pg_catalog.pg_advisory_unlock_all();
  DISCARD PLANS;
  DISCARD TEMPORARY;
  DISCARD SEQUENCES;
  COMMIT;
  BEGIN;
)sql";

// A transaction by itself, whose setting holds until it is committed: a standby that does not
// answer shall not hold it up. Its answer comes when the log is on the disk further than this.
constexpr std::string_view flush = R"sql(
  SELECT pg_catalog.pg_logical_emit_message(true, 'tidemark', 'flush'),
         pg_catalog.set_config('synchronous_commit', 'local', true)
)sql";

constexpr std::chrono::milliseconds flushed_within{2'000};

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

std::string begin_transaction(const std::string& settings,
                              std::int64_t lock,
                              std::string_view name) {
  return std::string(begin_afresh) + settings + "; SELECT pg_catalog.pg_try_advisory_xact_lock(" +
         std::to_string(lock) +
         "), pg_catalog.pg_current_xact_id(), pg_catalog.pg_logical_emit_message("
         "true, 'tidemark', pg_catalog.decode('" +
         in_hex(name) + "', 'hex'))";
}

bool is_committed(const std::vector<std::string>& tags) {
  return tags.size() > 1 && tags[1] == "COMMIT";
}

std::optional<BegunTransaction> begun_in(const Ran& answer) {
  if (answer.rows.size() != 1 || answer.rows.front().size() != 3) {
    return std::nullopt;
  }
  const auto& row = answer.rows.front();
  BegunTransaction begun;
  begun.alone = is_true(row[0]);
  begun.xid = number_in<std::uint64_t>(row[1]);
  begun.written = lsn_in(row[2]);
  return begun;
}

Awaitable<Asked<std::uint64_t>> flush_log(WriteSession& session) {
  if (auto wrong = must_be_in_none(session)) {
    co_return std::unexpected(std::move(*wrong));
  }
  auto answer = co_await session.run(std::string(flush), flushed_within);
  if (!answer) {
    co_return std::unexpected(std::move(answer.error()));
  }
  if (answer->rows.size() != 1 || answer->rows.front().size() != 2) {
    co_return std::unexpected(not_understood(session));
  }
  co_return lsn_in(answer->rows.front().front());
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
