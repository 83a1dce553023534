#include "adapters/postgres/read_session.h"

#include <algorithm>
#include <array>
#include <utility>

#include "adapters/postgres/advice.h"
#include "adapters/postgres/connect.h"
#include "adapters/postgres/link.h"
#include "adapters/postgres/replies.h"
#include "adapters/postgres/server_version.h"

namespace tidemark {
namespace {

// READ COMMITTED whatever the role's default is: with a snapshot older than our wait for a lock, a
// table that was rewritten meanwhile looks empty.
constexpr auto begin_sql = "BEGIN TRANSACTION ISOLATION LEVEL READ COMMITTED READ ONLY";

constexpr auto settings_sql = R"sql(
  SELECT pg_catalog.set_config('statement_timeout', $1, true),
         pg_catalog.set_config('lock_timeout', $2, true),
         pg_catalog.set_config('idle_in_transaction_session_timeout', $3, true),
         pg_catalog.set_config('row_security', 'off', true),
         pg_catalog.set_config('jit', 'off', true),
         pg_catalog.set_config('DateStyle', 'ISO, YMD', true),
         pg_catalog.set_config('IntervalStyle', 'postgres', true),
         pg_catalog.set_config('TimeZone', 'UTC', true),
         pg_catalog.set_config('bytea_output', 'hex', true),
         pg_catalog.set_config('extra_float_digits', '1', true),
         pg_catalog.set_config('search_path', 'pg_catalog', true)
)sql";

constexpr int oldest_server = 110000;  // has all these settings

// In one pass: what a name holds is no placeholder.
std::string with_names(std::string_view literal, const TableName& table) {
  constexpr std::string_view ledger = "{ledger}";
  constexpr std::string_view schema = "{schema}";
  std::string text;
  while (!literal.empty()) {
    const auto brace = std::min(literal.find('{'), literal.size());
    text += literal.substr(0, brace);
    literal.remove_prefix(brace);
    if (literal.starts_with(ledger)) {
      text += quoted(table);
      literal.remove_prefix(ledger.size());
    } else if (literal.starts_with(schema)) {
      text += quoted_schema(table);
      literal.remove_prefix(schema.size());
    } else if (!literal.empty()) {
      text += literal.front();
      literal.remove_prefix(1);
    }
  }
  return text;
}

Result<Command> command_of(ReadQuery query) {
  Command command{query.statement.text().data(), std::move(query.values), ""};
  if (query.ledger) {
    command.made = with_names(query.statement.text(), *query.ledger);
  } else if (query.statement.text().contains("{ledger}") ||
             query.statement.text().contains("{schema}")) {
    return fail(Errc::internal, "a statement on a ledger was given no table");
  }
  for (const auto& value : command.values) {
    if (value && value->find('\0') != std::string::npos) {
      return fail(Errc::invalid, "a value has a zero byte in it");
    }
  }
  return command;
}

std::string milliseconds(std::chrono::milliseconds time) {
  return std::to_string(time.count());
}

// So many commands before the statements of a batch, and after them.
constexpr std::size_t before = 2;
constexpr std::size_t after = 1;

AnswerBounds bounds(const ReadLimits& limits) {
  return {limits.rows_max, limits.bytes_max};
}

bool is_commit(const Link::Ending& ending) {
  return ending && *ending == "COMMIT";
}

ReadFailure at(const std::string& where, ReadFailure failure) {
  failure.error.detail = where + ": " + failure.error.detail;
  return failure;
}

ReadFailure failure_of(Link::Ending ending) {
  if (ending) {
    return advised({{Errc::broken, "the transaction ended with " + one_line(*ending)}, ""});
  }
  return advised(std::move(ending.error()));
}

}  // namespace

Result<ReadBatch> ReadBatch::make(std::vector<ReadQuery> queries, const ReadLimits& limits) {
  std::vector<Command> commands;
  commands.reserve(before + queries.size() + after);
  commands.push_back({begin_sql, {}, ""});
  commands.push_back({settings_sql,
                      {milliseconds(limits.statement_timeout),
                       milliseconds(limits.lock_timeout),
                       milliseconds(limits.deadline)},
                      ""});
  for (auto& query : queries) {
    auto command = command_of(std::move(query));
    if (!command) {
      return std::unexpected(command.error());
    }
    commands.push_back(std::move(*command));
  }
  commands.push_back({"COMMIT", {}, ""});
  return ReadBatch(std::move(commands), limits);
}

ReadBatch::ReadBatch(std::vector<Command> commands, const ReadLimits& limits)
    : commands_(std::make_shared<const std::vector<Command>>(std::move(commands))),
      limits_(limits) {}

ReadSession::ReadSession(std::unique_ptr<Link> link, std::shared_ptr<const Route> route)
    : link_(std::move(link)), route_(std::move(route)) {}

ReadSession::~ReadSession() = default;

Awaitable<std::expected<std::unique_ptr<ReadSession>, ReadFailure>> ReadSession::connect(
    Pool& pool,
    Resolver& resolver,
    std::shared_ptr<const Route> route,
    std::string password,
    std::chrono::milliseconds within) {
  const Deadline deadline{within};
  auto connection = co_await open_connection(pool, resolver, route, std::move(password), deadline);
  if (!connection) {
    co_return std::unexpected(at(route->where(), std::move(connection.error())));
  }
  auto link = std::make_unique<Link>(std::move(*connection));
  if (auto old = too_old(link->server_version(), oldest_server, "read")) {
    co_return std::unexpected(at(route->where(), std::move(*old)));
  }
  co_return std::unique_ptr<ReadSession>(new ReadSession(std::move(link), std::move(route)));
}

Awaitable<ReadSession::Answer> ReadSession::read(std::vector<ReadQuery> queries,
                                                 ReadLimits limits) {
  const auto batch = ReadBatch::make(std::move(queries), limits);
  if (!batch) {
    ReadFailure wrong{batch.error(), ""};
    co_return std::unexpected(at(route_->where(), std::move(wrong)));
  }
  AnswerSink sink(before, batch->commands_->size() - after);
  const Deadline deadline{limits.deadline};
  auto ending = co_await link_->exchange(*batch->commands_, deadline, bounds(limits), &sink);
  if (!is_commit(ending)) {
    auto failure = failure_of(std::move(ending));
    if (in_transaction()) {
      failure = co_await roll_back(std::move(failure), deadline);
    }
    co_return std::unexpected(at(route_->where(), std::move(failure)));
  }
  co_return std::move(sink).answers();
}

Awaitable<std::expected<AnswerDigest::Value, ReadFailure>> ReadSession::digest(
    const ReadBatch& batch) {
  DigestSink sink(before, batch.commands_->size() - after);
  const Deadline deadline{batch.limits_.deadline};
  auto ending = co_await link_->exchange(*batch.commands_, deadline, bounds(batch.limits_), &sink);
  if (!is_commit(ending)) {
    auto failure = failure_of(std::move(ending));
    if (in_transaction()) {
      failure = co_await roll_back(std::move(failure), deadline);
    }
    co_return std::unexpected(at(route_->where(), std::move(failure)));
  }
  co_return sink.digest();
}

// After an error, which made the server skip our COMMIT.
Awaitable<ReadFailure> ReadSession::roll_back(ReadFailure failure, Deadline deadline) {
  std::vector<Command> rollback;
  rollback.push_back({"ROLLBACK", {}, ""});
  const AnswerBounds bounds{0, 65536};
  const auto rolled_back = co_await link_->exchange(rollback, deadline, bounds, nullptr);
  if (!rolled_back && rolled_back.error().error.code == Errc::cancelled) {
    co_return rolled_back.error();
  }
  if (!link_->idle()) {
    link_->close();
  }
  co_return failure;
}

void ReadSession::interrupt() {
  link_->close();
}

bool ReadSession::in_transaction() const {
  return link_->open() && !link_->idle();
}

bool ReadSession::usable() const {
  return link_->open();
}

int ReadSession::server_version() const {
  return usable() ? link_->server_version() : 0;
}

}  // namespace tidemark
