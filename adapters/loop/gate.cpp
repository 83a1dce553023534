#include "adapters/loop/gate.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

namespace tidemark {

std::optional<Gate::Turn> Gate::try_enter() {
  if (std::exchange(taken_, true)) {
    return std::nullopt;
  }
  return Turn(*this);
}

Awaitable<Gate::Turn> Gate::enter() {
  if (auto turn = try_enter()) {
    co_return std::move(*turn);
  }
  auto executor = co_await asio::this_coro::executor;
  Waiter waiter{asio::steady_timer(executor, asio::steady_timer::time_point::max())};
  const auto at = waiting_.insert(waiting_.end(), &waiter);
  [[maybe_unused]] const auto [error] =
      co_await waiter.timer.async_wait(asio::as_tuple(asio::use_awaitable));
  if (!waiter.called) {  // cancelled while in the queue
    waiting_.erase(at);
    throw boost::system::system_error(asio::error::operation_aborted);
  }
  called_ = false;
  co_return Turn(*this);
}

void Gate::leave() {
  if (waiting_.empty()) {
    taken_ = false;
    return;
  }
  Waiter* next = waiting_.front();
  waiting_.pop_front();
  next->called = true;
  next->timer.cancel();
  called_ = true;  // the turn passes on: taken_ stays true
}

}  // namespace tidemark
