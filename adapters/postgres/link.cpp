#include "adapters/postgres/link.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "adapters/postgres/replies.h"

namespace tidemark {
namespace {

// Takes what has arrived. Rows come one by one, so that a large answer is noticed while it is
// small.
void collect(PGconn& connection, ReplyCollector& collector) {
  while (!collector.done() && !collector.hopeless() && PQisBusy(&connection) == 0) {
    const ResultHandle result(PQgetResult(&connection));
    collector.take(result.get());
    if (result == nullptr) {
      PQsetSingleRowMode(&connection);  // for the next command
    }
  }
}

}  // namespace

Link::Link(ConnectionHandle connection, asio::posix::stream_descriptor socket)
    : connection_(std::move(connection)),
      socket_(std::move(socket)),
      local_(is_unix_socket(socket_.native_handle())) {}

std::expected<std::unique_ptr<Link>, ReadFailure> Link::make(const asio::any_io_executor& executor,
                                                             ConnectionHandle connection) {
  auto socket = watched_socket(executor, connection.get());
  if (!socket) {
    return std::unexpected(socket.error());
  }
  if (PQenterPipelineMode(connection.get()) == 0) {
    return std::unexpected(lost_connection(PQerrorMessage(connection.get())));
  }
  return std::unique_ptr<Link>(new Link(std::move(connection), std::move(*socket)));
}

Awaitable<Link::Replies> Link::exchange(std::vector<Command> commands, Bounds bounds) {
  assert(open());
  ReplyCollector collector(commands.size(), bounds);
  auto woke = Woke::ready;
  if (send(commands)) {
    woke = co_await receive(collector, bounds.deadline);
  }
  if (woke != Woke::ready) {
    close();
    co_return std::unexpected(not_in_time(woke, bounds.deadline));
  }
  if (!collector.done()) {
    auto failure = collector.failure().value_or(lost_connection(PQerrorMessage(connection_.get())));
    close();
    co_return std::unexpected(std::move(failure));
  }
  if (collector.failure()) {
    co_return std::unexpected(*collector.failure());
  }
  co_return std::move(collector).replies();
}

bool Link::send(const std::vector<Command>& commands) {
  for (const auto& [sql, values] : commands) {
    std::vector<const char*> texts;
    texts.reserve(values.size());
    for (const auto& value : values) {
      texts.push_back(value ? value->c_str() : nullptr);
    }
    if (PQsendQueryParams(connection_.get(),
                          sql.c_str(),
                          static_cast<int>(texts.size()),
                          nullptr,
                          texts.data(),
                          nullptr,
                          nullptr,
                          0) == 0) {
      return false;
    }
  }
  taken_ = taken();
  return PQpipelineSync(connection_.get()) == 1 && PQsetSingleRowMode(connection_.get()) == 1;
}

// Reads while it sends: a server that waits for us to read would never read the rest.
Awaitable<Woke> Link::receive(ReplyCollector& collector, Deadline deadline) {
  while (!collector.done() && !collector.hopeless()) {
    const bool unsent = PQflush(connection_.get()) == 1;
    const auto interest = unsent ? Interest::either : Interest::read;
    const auto woke = co_await wait_ready(socket_, interest, deadline);
    if (woke != Woke::ready) {
      co_return woke;
    }
    if (!open()) {
      co_return Woke::cancelled;
    }
    consume(collector);
  }
  co_return Woke::ready;
}

void Link::consume(ReplyCollector& collector) {
  // When it fails, the results that follow say why, the server's own word first.
  PQconsumeInput(connection_.get());
  collect(*connection_, collector);
  // libpq shows nothing of a row before its end, and would hold a gigabyte; and it keeps every
  // parameter that a server reports.
  const auto now_taken = taken();
  collector.note_traffic(now_taken - std::min(now_taken, taken_));
}

bool Link::idle() const {
  return open() && PQtransactionStatus(connection_.get()) == PQTRANS_IDLE;
}

void Link::close() {
  boost::system::error_code ignored;
  socket_.close(ignored);
  connection_.reset();
}

int Link::server_version() const {
  return PQserverVersion(connection_.get());
}

}  // namespace tidemark
