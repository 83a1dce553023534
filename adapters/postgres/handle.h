#pragma once

#include <cstdint>
#include <expected>
#include <memory>

#include <libpq-fe.h>
#include <boost/asio/posix/stream_descriptor.hpp>

#include "adapters/loop/asio.h"
#include "adapters/postgres/failure.h"

namespace tidemark {

struct FinishConnection {
  void operator()(PGconn* connection) const { PQfinish(connection); }
};
using ConnectionHandle = std::unique_ptr<PGconn, FinishConnection>;

// A duplicate of libpq's socket for Asio to watch. Never the descriptor itself: libpq closes and
// reopens it as it likes, and Asio would go on watching, or close, whatever has its number by then.
class WatchedSocket {
 public:
  explicit WatchedSocket(const asio::any_io_executor& executor) : socket_(executor) {}
  // Of the socket that libpq has now.
  std::expected<void, ReadFailure> watch(const PGconn* connection);
  asio::posix::stream_descriptor& socket() { return socket_; }

 private:
  asio::posix::stream_descriptor socket_;
  std::uint64_t inode_ = 0;  // of which socket it is
};

bool is_writable(int socket);

// How many bytes have been taken from a socket since it was opened: what arrived without what still
// waits. 0 for a Unix socket, where the kernel does not tell.
std::uint64_t bytes_taken(int socket);

}  // namespace tidemark
