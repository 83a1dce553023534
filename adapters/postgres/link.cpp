#include "adapters/postgres/link.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "adapters/postgres/replies.h"

namespace tidemark {
namespace {

// What is taken from a socket from now on.
class Traffic {
 public:
  Traffic(int socket, bool local)
      : socket_(socket), local_(local), before_(local ? 0 : bytes_taken(socket)) {}

  // Before each read: a Unix socket does not count what came.
  void will_read() { waited_ += local_ ? bytes_waiting(socket_) : 0; }

  std::uint64_t bytes() const {
    if (local_) {
      return waited_;
    }
    const auto now = bytes_taken(socket_);
    return now - std::min(now, before_);
  }

 private:
  int socket_;
  bool local_;
  std::uint64_t before_;
  std::uint64_t waited_ = 0;
};

// Takes what has arrived.
void collect(PGconn& connection, ReplyReader& reader, bool row_by_row) {
  while (!reader.done() && !reader.hopeless() && PQisBusy(&connection) == 0) {
    const ResultHandle result(PQgetResult(&connection));
    reader.take(result.get());
    if (result == nullptr && row_by_row) {
      PQsetSingleRowMode(&connection);  // for the next command
    }
  }
}

}  // namespace

struct Link::Exchange {
  Bounds bounds;
  ReplyReader reader;
  Traffic traffic;
};

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

Awaitable<Link::Ending> Link::exchange(std::span<const Command> commands,
                                       Bounds bounds,
                                       RowSink& sink) {
  assert(open());
  Exchange exchange{
      bounds, ReplyReader(commands.size(), bounds, sink), Traffic(socket_.native_handle(), local_)};
  const ReplyReader& reader = exchange.reader;
  auto woke = Woke::ready;
  if (send(commands, bounds.row_by_row)) {
    woke = co_await receive(exchange);
  }
  if (woke != Woke::ready) {
    close();
    co_return std::unexpected(not_in_time(woke, bounds.deadline));
  }
  if (!reader.done()) {
    auto failure = reader.failure().value_or(lost_connection(PQerrorMessage(connection_.get())));
    close();
    co_return std::unexpected(std::move(failure));
  }
  if (reader.failure()) {
    co_return std::unexpected(*reader.failure());
  }
  co_return reader.last_tag();
}

bool Link::send(std::span<const Command> commands, bool row_by_row) {
  std::vector<const char*> texts;
  for (const auto& command : commands) {
    texts.clear();
    for (const auto& value : command.values) {
      texts.push_back(value ? value->c_str() : nullptr);
    }
    if (PQsendQueryParams(connection_.get(),
                          command.sql(),
                          static_cast<int>(texts.size()),
                          nullptr,
                          texts.data(),
                          nullptr,
                          nullptr,
                          0) == 0) {
      return false;
    }
  }
  return PQpipelineSync(connection_.get()) == 1 &&
         (!row_by_row || PQsetSingleRowMode(connection_.get()) == 1);
}

// Reads while it sends: a server that waits for us to read would never read the rest.
Awaitable<Woke> Link::receive(Exchange& exchange) {
  while (!exchange.reader.done() && !exchange.reader.hopeless()) {
    const bool unsent = PQflush(connection_.get()) == 1;
    const auto interest = unsent ? Interest::either : Interest::read;
    const auto woke = co_await wait_ready(socket_, interest, exchange.bounds.deadline);
    if (woke != Woke::ready) {
      co_return woke;
    }
    if (!open()) {
      co_return Woke::cancelled;
    }
    consume(exchange);
  }
  co_return Woke::ready;
}

void Link::consume(Exchange& exchange) {
  exchange.traffic.will_read();
  // When it fails, the results that follow say why, the server's own word first.
  PQconsumeInput(connection_.get());
  collect(*connection_, exchange.reader, exchange.bounds.row_by_row);
  // libpq shows nothing of a row before its end, and would hold a gigabyte; and it keeps every
  // parameter that a server reports.
  exchange.reader.note_traffic(exchange.traffic.bytes());
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
