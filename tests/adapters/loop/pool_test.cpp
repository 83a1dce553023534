#include "adapters/loop/pool.h"

#include <chrono>
#include <exception>
#include <thread>

#include <doctest/doctest.h>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>

#include "adapters/loop/timer.h"

using namespace tidemark;

namespace {

// Works until it is told to stop, for a minute at most.
Awaitable<void> work_until_told(Pool& pool, bool& was_told) {
  auto work = [](const std::stop_token& stop) {
    for (int i = 0; i < 6'000 && !stop.stop_requested(); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds{10});
    }
    return stop.stop_requested();
  };
  was_told = co_await pool.run(std::move(work));
}

Awaitable<void> cancel_soon(asio::cancellation_signal& cancel) {
  co_await wait_for(std::chrono::milliseconds{20});
  cancel.emit(asio::cancellation_type::terminal);
}

const auto ignore = [](std::exception_ptr) {};

}  // namespace

TEST_CASE("work on the pool ends early when its caller is cancelled, and the caller waits for it") {
  asio::io_context loop;
  Pool pool(1);
  asio::cancellation_signal cancel;
  bool was_told = false;
  asio::co_spawn(loop,
                 work_until_told(pool, was_told),
                 asio::bind_cancellation_slot(cancel.slot(), ignore));
  asio::co_spawn(loop, cancel_soon(cancel), ignore);
  loop.run();
  CHECK(was_told);
  CHECK(pool.busy() == 0);
}

TEST_CASE("a pool counts what was given to it and is not done") {
  asio::io_context loop;
  Pool pool(1);
  std::stop_source finish;
  const auto work = [stop = finish.get_token()] {
    while (!stop.stop_requested()) {
      std::this_thread::sleep_for(std::chrono::milliseconds{1});
    }
  };
  pool.start(work);
  pool.start(work);
  CHECK(pool.busy() == 2);
  finish.request_stop();
  for (int i = 0; i < 10'000 && pool.busy() > 0; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }
  CHECK(pool.busy() == 0);
}
