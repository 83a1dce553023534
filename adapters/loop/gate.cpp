#include "adapters/loop/gate.h"

#include <algorithm>

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
  asio::steady_timer called(executor, asio::steady_timer::time_point::max());
  waiting_.push_back(&called);
  [[maybe_unused]] const auto [error] = co_await called.async_wait(asio::as_tuple(asio::use_awaitable));
  const auto at = std::ranges::find(waiting_, &called);
  if (at != waiting_.end()) {  // not called: cancelled while in the queue
    waiting_.erase(at);
    throw boost::system::system_error(asio::error::operation_aborted);
  }
  co_return Turn(*this);
}

void Gate::leave() {
  if (waiting_.empty()) {
    taken_ = false;
    return;
  }
  asio::steady_timer* next = waiting_.front();
  waiting_.pop_front();
  next->cancel();  // the turn passes on: taken_ stays true
}

}  // namespace tidemark
