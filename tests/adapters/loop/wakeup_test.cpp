#include "adapters/loop/wakeup.h"

#include <chrono>
#include <exception>
#include <optional>

#include <doctest/doctest.h>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>

using namespace tidemark;

TEST_CASE("a sleeper wakes when it is called, or when its time is up") {
  asio::io_context loop;
  Wakeup wakeup(loop);
  auto called = asio::co_spawn(loop, wakeup.sleep(std::chrono::hours{1}), asio::use_future);
  loop.poll();
  wakeup.call();
  loop.run();
  CHECK(called.get());
  auto over = asio::co_spawn(loop, wakeup.sleep(std::chrono::milliseconds{1}), asio::use_future);
  loop.restart();
  loop.run();
  CHECK_FALSE(over.get());
}

TEST_CASE("a call that comes while nobody sleeps is not lost, and counts once") {
  asio::io_context loop;
  Wakeup wakeup(loop);
  wakeup.call();
  wakeup.call();
  auto first = asio::co_spawn(loop, wakeup.sleep(std::chrono::hours{1}), asio::use_future);
  loop.run();
  CHECK(first.get());
  auto second = asio::co_spawn(loop, wakeup.sleep(std::chrono::milliseconds{1}), asio::use_future);
  loop.restart();
  loop.run();
  CHECK_FALSE(second.get());
}

TEST_CASE("a sleeper that is cancelled does not go on as if it had been called") {
  asio::io_context loop;
  Wakeup wakeup(loop);
  asio::cancellation_signal cancel;
  std::optional<bool> failed;
  asio::co_spawn(loop,
                 wakeup.sleep(std::chrono::hours{1}),
                 asio::bind_cancellation_slot(cancel.slot(), [&](std::exception_ptr failure, bool) {
                   failed = failure != nullptr;
                 }));
  loop.poll();
  cancel.emit(asio::cancellation_type::terminal);
  loop.run();
  CHECK(failed == true);
}
