#include "adapters/loop/wakeup.h"

#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

namespace tidemark {

void Wakeup::call() {
  called_ = true;
  timer_.cancel();
}

Awaitable<bool> Wakeup::sleep(std::chrono::steady_clock::duration at_most) {
  if (!called_) {
    timer_.expires_after(at_most);
    const auto [error] = co_await timer_.async_wait(asio::as_tuple(asio::use_awaitable));
    const auto state = co_await asio::this_coro::cancellation_state;
    if (error && !called_ && state.cancelled() != asio::cancellation_type::none) {
      throw boost::system::system_error(error);
    }
  }
  co_return std::exchange(called_, false);
}

}  // namespace tidemark
