#include "adapters/loop/gate.h"

#include <chrono>
#include <exception>
#include <string>

#include <doctest/doctest.h>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>

#include "adapters/loop/timer.h"

using namespace tidemark;

namespace {

Awaitable<void> pass(Gate& gate, std::string& order, char name) {
  auto turn = co_await gate.enter();
  order += name;
  co_await wait_for(std::chrono::milliseconds{5});
  order += name;
}

const auto ignore = [](std::exception_ptr) {};

}  // namespace

TEST_CASE("one is in the gate at a time, in the order in which they came") {
  asio::io_context loop;
  Gate gate;
  std::string order;
  for (const char name : {'a', 'b', 'c'}) {
    asio::co_spawn(loop, pass(gate, order, name), ignore);
  }
  loop.run();
  CHECK(order == "aabbcc");
}

TEST_CASE("who is cancelled while waiting at the gate never gets in, and the next one does") {
  asio::io_context loop;
  Gate gate;
  std::string order;
  asio::cancellation_signal cancel;
  bool aborted = false;
  asio::co_spawn(loop, pass(gate, order, 'a'), ignore);
  asio::co_spawn(loop,
                 pass(gate, order, 'b'),
                 asio::bind_cancellation_slot(
                     cancel.slot(), [&](std::exception_ptr ended) { aborted = ended != nullptr; }));
  asio::co_spawn(loop, pass(gate, order, 'c'), ignore);
  loop.poll();
  cancel.emit(asio::cancellation_type::terminal);
  loop.run();
  CHECK(aborted);
  CHECK(order == "aacc");
}

TEST_CASE("who is cancelled at the moment when the turn has come passes it on") {
  asio::io_context loop;
  Gate gate;
  std::string order;
  asio::cancellation_signal cancel;
  const auto leave_and_cancel = [](Gate& through,
                                   asio::cancellation_signal& signal) -> Awaitable<void> {
    {
      auto turn = co_await through.enter();
      co_await wait_for(std::chrono::milliseconds{5});
    }
    signal.emit(asio::cancellation_type::terminal);
  };
  asio::co_spawn(loop, leave_and_cancel(gate, cancel), ignore);
  asio::co_spawn(loop, pass(gate, order, 'b'), asio::bind_cancellation_slot(cancel.slot(), ignore));
  asio::co_spawn(loop, pass(gate, order, 'c'), ignore);
  loop.run();
  CHECK(order.ends_with("cc"));
}

TEST_CASE(
    "the gate is vacant when nobody is in, also while somebody who was called is on the way") {
  asio::io_context loop;
  Gate gate;
  std::string order;
  CHECK(gate.vacant());
  auto turn = gate.try_enter();
  CHECK_FALSE(gate.vacant());
  asio::co_spawn(loop, pass(gate, order, 'a'), ignore);
  loop.poll();
  turn.reset();
  CHECK(gate.vacant());
  CHECK_FALSE(gate.try_enter());
  loop.poll();
  CHECK(order == "a");
  CHECK_FALSE(gate.vacant());
  loop.run();
  CHECK(gate.vacant());
}
