#include "adapters/postgres/link.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <utility>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "adapters/postgres/replies.h"

namespace tidemark {
namespace {

// How many bytes libpq has taken from the socket since it was opened: what arrived without what
// still waits. 0 for a Unix socket, where the kernel does not tell.
std::uint64_t bytes_taken(asio::posix::stream_descriptor& socket) {
  // struct tcp_info up to tcpi_bytes_received, which the C library's headers do not know.
  std::array<std::uint64_t, 17> info{};
  socklen_t size = sizeof(info);
  int waiting = 0;
  if (::getsockopt(socket.native_handle(), IPPROTO_TCP, TCP_INFO, info.data(), &size) != 0 ||
      size != sizeof(info) || ::ioctl(socket.native_handle(), FIONREAD, &waiting) != 0) {
    return 0;
  }
  return info.back() - std::min(info.back(), static_cast<std::uint64_t>(waiting));
}

// Takes what has arrived, and says whether that was anything. Rows come one by one, so that a large
// answer is noticed while it is small.
bool collect(PGconn& connection, ReplyCollector& collector) {
  bool any = false;
  while (!collector.done() && !collector.hopeless() && PQisBusy(&connection) == 0) {
    const ResultHandle result(PQgetResult(&connection));
    collector.take(result.get());
    if (result == nullptr) {
      PQsetSingleRowMode(&connection);  // for the next command
    }
    any = true;
  }
  return any;
}

}  // namespace

Link::Link(ConnectionHandle connection, asio::posix::stream_descriptor socket)
    : connection_(std::move(connection)), socket_(std::move(socket)) {}

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
  taken_ = bytes_taken(socket_);
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
    consume(collector);
  }
  co_return Woke::ready;
}

void Link::consume(ReplyCollector& collector) {
  // When it fails, the results that follow say why, the server's own word first.
  PQconsumeInput(connection_.get());
  const bool complete = collect(*connection_, collector);
  const auto taken = bytes_taken(socket_);
  if (complete) {
    taken_ = taken;
  }
  // libpq shows nothing of a row before its end, and it would hold a gigabyte.
  collector.take_part(taken - std::min(taken, taken_));
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
