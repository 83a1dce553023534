#include "daemon/apply/receipt.h"

#include "core/apply/steps.h"

namespace tidemark {

namespace {

constexpr ReadStatement select_schema = R"sql(
  SELECT pg_catalog.current_schema()
)sql";

constexpr std::string_view create_table = R"sql(
  CREATE TABLE IF NOT EXISTS _migrations (
    seq         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key         text NOT NULL,
    name        text NOT NULL,
    sha256      text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    action      text NOT NULL CHECK (action IN ('apply', 'rollback')),
    attempt_id  uuid,
    release     text,
    applied_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    applied_by  text NOT NULL DEFAULT session_user
  )
)sql";

constexpr ReadStatement insert_receipt = R"sql(
  INSERT INTO _migrations (key, name, sha256, action, attempt_id, applied_by)
  VALUES ($1, $2, $3, $4, $5, $6)
)sql";

constexpr ReadStatement count_receipts = R"sql(
  SELECT count(*) > 0
    FROM _migrations
   WHERE attempt_id = $1::uuid
)sql";

constexpr std::string_view no_such_table = "42P01";

}  // namespace

Awaitable<Asked<std::string>> place_for_receipts(WriteSession& session) {
  const Values none;
  const auto row = co_await ask_row(session, select_schema, none, 1);
  if (!row) {
    co_return std::unexpected(row.error());
  }
  co_return row->front().value_or("public");
}

Awaitable<Asked<std::monostate>> leave_receipt(WriteSession& session,
                                               std::string schema,
                                               const Attempt& attempt) {
  // Whatever the migration has made of it.
  const auto made = co_await session.run("SET LOCAL search_path = " + quoted_name(schema) + ";" +
                                         std::string(create_table));
  if (!made) {
    co_return std::unexpected(made.error());
  }
  Values values{attempt.key.value,
                attempt.migration.value,
                attempt.content.raw.hex(),
                std::string(to_string(attempt.action)),
                attempt.id,
                attempt.by};
  const auto left = co_await session.ask(insert_receipt, std::move(values));
  if (!left) {
    co_return std::unexpected(left.error());
  }
  co_return std::monostate();
}

Awaitable<Asked<bool>> has_receipt(WriteSession& session, std::string attempt_id) {
  Values values{std::move(attempt_id)};
  const auto there = co_await ask_whether(session, count_receipts, std::move(values));
  if (!there && there.error().sqlstate == no_such_table) {
    co_return false;
  }
  co_return there;
}

}  // namespace tidemark
