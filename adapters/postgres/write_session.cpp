#include "adapters/postgres/write_session.h"

#include <utility>

#include <libpq-fe.h>
#include <openssl/ssl.h>

#include "adapters/postgres/advice.h"
#include "adapters/postgres/connect.h"
#include "adapters/postgres/result_reader.h"
#include "adapters/postgres/server_version.h"
#include "adapters/postgres/wait.h"

namespace tidemark {
namespace {

// pg_current_xact_id() and its like begin there.
constexpr int oldest_server = 130000;

using ResultHandle = std::unique_ptr<PGresult, void (*)(PGresult*)>;

// All that has come. What OpenSSL has decrypted and libpq has not taken makes no socket readable:
// libpq takes 8 kB at first, which is what PostgreSQL puts into a record, but proxies put more.
bool take_in(PGconn* connection) {
  do {
    if (PQconsumeInput(connection) == 0) {
      return false;
    }
    const auto* tls = static_cast<SSL*>(PQsslStruct(connection, "OpenSSL"));
    if (tls == nullptr || SSL_pending(tls) == 0) {
      return true;
    }
  } while (true);
}

// False when there is more to come.
bool throw_away_copied(PGconn* connection) {
  char* row = nullptr;
  int size = 0;
  while ((size = PQgetCopyData(connection, &row, 1)) > 0) {
    PQfreemem(row);
  }
  return size < 0;
}

// And not by libpq.
bool is_said_by_server(const PGresult* result) {
  return PQresultErrorField(result, PG_DIAG_SQLSTATE) != nullptr;
}

WriteSession::Transaction transaction_of(const PGconn* connection) {
  switch (PQtransactionStatus(connection)) {
    case PQTRANS_INTRANS:
      return WriteSession::Transaction::open;
    case PQTRANS_INERROR:
      return WriteSession::Transaction::failed;
    default:
      return WriteSession::Transaction::none;
  }
}

Deadline deadline_in(std::optional<std::chrono::milliseconds> within) {
  using Clock = std::chrono::steady_clock;
  return within ? Deadline{*within}
                : Deadline{std::chrono::milliseconds::max(), Clock::time_point::max()};
}

// Kept of the answer to what is sent as it is, and to a question of our own.
constexpr std::size_t rows_of_others = 100;
constexpr std::size_t rows_of_ours = 10'000;

Error is_closed() {
  return {Errc::retry, "the connection is closed"};
}

}  // namespace

struct WriteSession::Connection {
  explicit Connection(OpenedConnection opened)
      : handle(std::move(opened.handle)), socket(std::move(opened.socket)) {
    PQsetNoticeReceiver(
        handle.get(),
        [](void* self, const PGresult* notice) {
          static_cast<Connection*>(self)->reader.note(notice);
        },
        this);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Does all that can be done at once, and says what to wait for then; nothing when that was all.
  std::optional<Interest> go_on() {
    const bool alive = take_in(handle.get());
    // Asked for a result that will not come, libpq adds words of its own to these.
    const std::string last_words = alive ? "" : PQerrorMessage(handle.get());
    const auto next = take_results(alive);
    if (!alive) {
      reader.give_up({.error = lost_connection(last_words).error});
    }
    return reader.hopeless() ? std::nullopt : next;
  }

  std::optional<Interest> take_results(bool alive) {
    while (PQisBusy(handle.get()) == 0 && !reader.hopeless()) {
      const ResultHandle result(PQgetResult(handle.get()), PQclear);
      if (!result) {
        return std::nullopt;
      }
      switch (PQresultStatus(result.get())) {
        case PGRES_COPY_IN:
          refuse_to_copy();
          break;
        case PGRES_COPY_OUT:
          if (!throw_away_copied(handle.get())) {
            return Interest::read;
          }
          break;
        case PGRES_COPY_BOTH:
          reader.give_up(
              {.error = {Errc::invalid, "this begins to replicate, which is no change"}});
          break;
        default:
          if (alive || is_said_by_server(result.get())) {
            reader.take(result.get());
          }
      }
    }
    return PQflush(handle.get()) == 1 ? Interest::either : Interest::read;
  }

  void refuse_to_copy() {
    reader.keep_first({.error = {Errc::invalid,
                                 "COPY FROM STDIN asks for rows, and there are none to send: write "
                                 "INSERT"}});
    if (PQputCopyEnd(handle.get(), "there are no rows to send") != 1) {
      reader.give_up({.error = lost_connection(PQerrorMessage(handle.get())).error});
    }
  }

  ConnectionHandle handle;
  asio::posix::stream_descriptor socket;
  ResultReader reader;
};

WriteSession::WriteSession(std::unique_ptr<Connection> connection,
                           std::shared_ptr<const Route> route)
    : connection_(std::move(connection)), route_(std::move(route)) {}

WriteSession::~WriteSession() = default;

Awaitable<std::expected<std::unique_ptr<WriteSession>, ReadFailure>> WriteSession::connect(
    ManagedEnvironment /*environment*/,
    Pool& pool,
    Resolver& resolver,
    std::shared_ptr<const Route> route,
    std::string password,
    std::chrono::milliseconds within) {
  const Deadline deadline{within};
  const auto at_where = [&route](ReadFailure failure) {
    failure.error.detail = route->where() + ": " + failure.error.detail;
    return std::unexpected(std::move(failure));
  };
  auto opened = co_await open_connection(pool, resolver, route, std::move(password), deadline);
  if (!opened) {
    co_return at_where(std::move(opened.error()));
  }
  if (auto old = too_old(PQserverVersion(opened->handle.get()), oldest_server, "changed")) {
    co_return at_where(std::move(*old));
  }
  auto connection = std::make_unique<Connection>(std::move(*opened));
  co_return std::unique_ptr<WriteSession>(
      new WriteSession(std::move(connection), std::move(route)));
}

Awaitable<WriteSession::Answer> WriteSession::run(std::string sql,
                                                  std::optional<std::chrono::milliseconds> within) {
  if (!usable()) {
    co_return refused(is_closed(), true);
  }
  if (sql.find('\0') != std::string::npos) {
    co_return refused({Errc::invalid, "what is to be sent has a zero byte in it"});
  }
  const bool sent = PQsendQuery(connection_->handle.get(), sql.c_str()) == 1;
  auto answer = co_await talk(sent, rows_of_others, within);
  co_return answer;
}

Awaitable<WriteSession::Answer> WriteSession::ask(ReadStatement statement,
                                                  std::vector<std::optional<std::string>> values,
                                                  std::optional<std::chrono::milliseconds> within) {
  if (!usable()) {
    co_return refused(is_closed(), true);
  }
  std::vector<const char*> texts;
  for (const auto& value : values) {
    if (value && value->find('\0') != std::string::npos) {
      co_return refused({Errc::invalid, "a value has a zero byte in it"});
    }
    texts.push_back(value ? value->c_str() : nullptr);
  }
  const bool sent = PQsendQueryParams(connection_->handle.get(),
                                      statement.text().data(),
                                      static_cast<int>(texts.size()),
                                      nullptr,
                                      texts.data(),
                                      nullptr,
                                      nullptr,
                                      0) == 1;
  auto answer = co_await talk(sent, rows_of_ours, within);
  co_return answer;
}

Awaitable<WriteSession::Answer> WriteSession::talk(
    bool sent, std::size_t rows_max, std::optional<std::chrono::milliseconds> within) {
  auto& connection = *connection_;
  connection.reader = ResultReader(rows_max);
  const auto deadline = deadline_in(within);
  std::optional<Interest> next;
  // One row at a time: what nobody keeps shall not be collected either.
  if (sent && PQsetSingleRowMode(connection.handle.get()) == 1) {
    next = connection.go_on();
  } else {
    connection.reader.give_up(
        {.error = lost_connection(PQerrorMessage(connection.handle.get())).error});
  }
  while (next) {
    auto woke = co_await wait_ready(connection.socket, *next, deadline);
    if (woke == Woke::ready && !usable()) {
      woke = Woke::cancelled;
    }
    if (woke != Woke::ready) {
      close();
      co_return refused(advised(not_in_time(woke, deadline)).error, true);
    }
    next = connection.go_on();
  }
  co_return answer();
}

WriteSession::Answer WriteSession::answer() {
  const bool lost = connection_->reader.hopeless();
  auto answer = std::move(connection_->reader).answer();
  if (lost) {
    close();
  } else {
    transaction_ = transaction_of(connection_->handle.get());
  }
  if (answer) {
    return answer;
  }
  auto failure = std::move(answer.error());
  auto told = lost ? advised({failure.error, failure.sqlstate}).error : failure.error;
  failure.error = {told.code, where() + ": " + told.detail};
  failure.lost = lost;
  return std::unexpected(std::move(failure));
}

WriteSession::Answer WriteSession::refused(Error error, bool lost) const {
  error.detail = where() + ": " + error.detail;
  return std::unexpected(WriteFailure{.error = std::move(error), .lost = lost});
}

void WriteSession::close() {
  boost::system::error_code ignored;
  connection_->socket.close(ignored);
  connection_->handle.reset();
  transaction_ = Transaction::none;
}

bool WriteSession::usable() const {
  return connection_->handle != nullptr;
}

int WriteSession::server_version() const {
  return PQserverVersion(connection_->handle.get());
}

int WriteSession::backend_pid() const {
  return PQbackendPID(connection_->handle.get());
}

}  // namespace tidemark
