#pragma once

#include <array>
#include <cstddef>
#include <expected>

#include <libpq-fe.h>
#include <boost/asio/posix/stream_descriptor.hpp>

#include "adapters/loop/asio.h"
#include "adapters/postgres/failure.h"
#include "adapters/postgres/wait.h"

namespace tidemark {

// Stands between libpq and a server on a connection without TLS until the server has let us in.
// libpq 15 sends the password in clear to whoever asks for it, within the same step that reads the
// question; so libpq gets one message at a time, out of a socket pair that takes the place of its
// socket, and never that one.
class PlainStartup {
 public:
  // After libpq has sent its startup packet, before it has read anything.
  static std::expected<PlainStartup, ReadFailure> before(const asio::any_io_executor& executor,
                                                         const PGconn* connection);

  // Passes on what libpq said, and waits for the next message and passes it on. Then it is libpq's
  // turn.
  Awaitable<std::expected<Woke, ReadFailure>> wait(Deadline deadline);

  // libpq has its socket back.
  bool over() const { return over_; }

 private:
  PlainStartup(asio::posix::stream_descriptor server,
               asio::posix::stream_descriptor libpq,
               int socket_of_libpq);
  bool pass_on_answer();
  Awaitable<std::expected<Woke, ReadFailure>> bytes(std::size_t count, Deadline deadline);
  std::expected<void, ReadFailure> give_back();
  std::expected<void, ReadFailure> pass_on(std::size_t size);

  asio::posix::stream_descriptor server_;
  asio::posix::stream_descriptor libpq_;
  int socket_of_libpq_;
  bool over_ = false;
  std::array<char, 2048> message_{};
};

}  // namespace tidemark
