#include "adapters/postgres/wait.h"

#include <memory>
#include <string>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace tidemark {
namespace {

using Socket = asio::posix::stream_descriptor;

// Cancels what waits for a socket when its time is up. This is what every look waits with: a
// parallel group costs as much again as all the rest.
class Expiry {
 public:
  Expiry(Socket& socket, asio::steady_timer& timer) : waiting_(std::make_shared<Socket*>(&socket)) {
    // An expiry that is queued already runs also when the socket, or all of this, has gone.
    timer.async_wait([waiting = waiting_](boost::system::error_code error) {
      if (Socket* const late = std::exchange(*waiting, nullptr); late != nullptr && !error) {
        late->cancel(error);
      }
    });
  }
  // False when it was first.
  bool forget() { return std::exchange(*waiting_, nullptr) != nullptr; }

 private:
  std::shared_ptr<Socket*> waiting_;
};

Awaitable<bool> first_of_both(Socket& socket, asio::steady_timer& timer) {
  auto group =
      asio::experimental::make_parallel_group(socket.async_wait(Socket::wait_read, asio::deferred),
                                              socket.async_wait(Socket::wait_write, asio::deferred),
                                              timer.async_wait(asio::deferred));
  const auto [order, read_error, write_error, timer_error] =
      co_await group.async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
  co_return order[0] != 2;
}

Woke why(const asio::cancellation_state& state, bool ready) {
  if (state.cancelled() != asio::cancellation_type::none) {
    return Woke::cancelled;
  }
  return ready ? Woke::ready : Woke::late;
}

}  // namespace

ReadFailure not_in_time(Woke woke, Deadline deadline) {
  if (woke == Woke::cancelled) {
    return {{Errc::cancelled, "stopped while waiting for an answer"}, ""};
  }
  const auto within = std::to_string(deadline.within.count());
  return {{Errc::retry, "gave no answer within " + within + " ms"}, ""};
}

Awaitable<Woke> wait_ready(Socket& socket, Interest interest, Deadline deadline) {
  // A socket that is ready each time would win each race against the timer.
  if (std::chrono::steady_clock::now() >= deadline.at) {
    co_return Woke::late;
  }
  const auto executor = co_await asio::this_coro::executor;
  asio::steady_timer timer(executor, deadline.at);
  bool ready = false;
  if (interest == Interest::either) {
    ready = co_await first_of_both(socket, timer);
  } else {
    const auto type = interest == Interest::read ? Socket::wait_read : Socket::wait_write;
    Expiry expiry(socket, timer);
    [[maybe_unused]] const auto [error] =
        co_await socket.async_wait(type, asio::as_tuple(asio::use_awaitable));
    ready = expiry.forget();
  }
  const auto state = co_await asio::this_coro::cancellation_state;
  co_return why(state, ready);
}

Awaitable<Woke> PoolStep::wait() {
  if (!finished_) {
    co_await timer_.async_wait(asio::as_tuple(asio::use_awaitable));
  }
  const auto state = co_await asio::this_coro::cancellation_state;
  co_return why(state, finished_);
}

}  // namespace tidemark
