#pragma once

#include <chrono>
#include <memory>

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>

#include "adapters/loop/asio.h"

namespace tidemark {

// One type for Unix and TCP, so that all that is built on it is compiled once.
using HttpSocket = asio::generic::stream_protocol::socket;

// A connected socket with a deadline. When the time is up the socket is shut down, not cancelled:
// what is being read ends, and so does the next piece of an operation that happened to be between
// two of its steps. Always shared: the timer's handler may be on its way when the connection ends.
class TimedSocket : public std::enable_shared_from_this<TimedSocket> {
 public:
  using Direction = asio::socket_base::shutdown_type;

  explicit TimedSocket(HttpSocket connected)
      : socket(std::move(connected)), timer_(socket.get_executor()) {}

  void expire_after(std::chrono::milliseconds duration, Direction direction);
  void never_expire() { timer_.expires_at(asio::steady_timer::time_point::max()); }
  bool expired() const { return expired_; }
  void shut_down(Direction direction);
  void close();

  HttpSocket socket;

 private:
  asio::steady_timer timer_;
  bool expired_ = false;
};

}  // namespace tidemark
