#include "daemon/supervisor.h"

#include <chrono>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <doctest/doctest.h>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/system_error.hpp>

#include "adapters/loop/timer.h"
#include "tests/daemon/unit/watched.h"

using namespace tidemark;
using unit_test::run;

namespace {

Awaitable<void> count_and_fail(int& starts, int failures, std::exception_ptr failure) {
  if (++starts <= failures) {
    std::rethrow_exception(failure);
  }
  co_return;
}

Awaitable<void> until_cancelled(bool& ended) {
  co_await wait_for(std::chrono::hours{1});
  ended = true;
}

Awaitable<void> stop_soon(Supervisor& supervisor) {
  co_await wait_for(std::chrono::milliseconds{5});
  co_await supervisor.stop_all();
}

}  // namespace

TEST_CASE("a task that fails is started again, one that returns is done") {
  asio::io_context loop;
  Supervisor supervisor(loop);
  int starts = 0;
  const auto failure = std::make_exception_ptr(std::runtime_error("broken"));
  supervisor.start("a", "task", [&] { return count_and_fail(starts, 1, failure); });
  loop.run();
  CHECK(starts == 2);
  CHECK(supervisor.restarts() == 1);
}

TEST_CASE("an operation that is aborted although nobody stops the task does not end it") {
  asio::io_context loop;
  Supervisor supervisor(loop);
  int starts = 0;
  const auto failure =
      std::make_exception_ptr(boost::system::system_error(boost::asio::error::operation_aborted));
  supervisor.start("a", "task", [&] { return count_and_fail(starts, 1, failure); });
  loop.run();
  CHECK(starts == 2);
}

TEST_CASE("stopping waits until every task has ended, also one that is about to be started again") {
  asio::io_context loop;
  Supervisor supervisor(loop);
  bool ended = false;
  int starts = 0;
  const auto failure = std::make_exception_ptr(std::runtime_error("broken"));
  supervisor.start("a", "waiting", [&] { return until_cancelled(ended); });
  supervisor.start("a", "failing", [&] { return count_and_fail(starts, 1000, failure); });
  run(loop, stop_soon(supervisor));
  CHECK(ended);
  CHECK(starts == 1);
}

TEST_CASE("stopping one group leaves the others running") {
  asio::io_context loop;
  Supervisor supervisor(loop);
  bool one = false;
  bool other = false;
  supervisor.start("one", "task", [&] { return until_cancelled(one); });
  supervisor.start("other", "task", [&] { return until_cancelled(other); });
  const auto stop_one = [](Supervisor& all, const bool& untouched) -> Awaitable<void> {
    co_await all.stop("one");
    CHECK_FALSE(untouched);
    co_await all.stop_all();
  };
  run(loop, stop_one(supervisor, other));
  CHECK(one);
  CHECK(other);
}

TEST_CASE("nothing is started after everything was stopped") {
  asio::io_context loop;
  Supervisor supervisor(loop);
  run(loop, supervisor.stop_all());
  int starts = 0;
  supervisor.start("a", "late", [&] { return count_and_fail(starts, 0, nullptr); });
  loop.restart();
  loop.run();
  CHECK(starts == 0);
}

TEST_CASE("a task that the daemon needs stops it when it keeps failing, any other is started again") {
  asio::io_context loop;
  Supervisor supervisor(loop);
  int hopeless = 0;
  std::vector<std::string> restarted;
  supervisor.on_hopeless = [&] { ++hopeless; };
  supervisor.on_restart = [&](std::string_view kind) { restarted.emplace_back(kind); };
  const auto failure = std::make_exception_ptr(std::runtime_error("broken"));
  int starts = 0;
  SUBCASE("at the fifth failure in a row") {
    supervisor.start(
        "a",
        "house keeping",
        [&] { return count_and_fail(starts, 1000, failure); },
        Supervisor::Restart::few_times);
    loop.run();
    CHECK(starts == 5);
    CHECK(hopeless == 1);
    CHECK(restarted == std::vector<std::string>(4, "house"));
  }
  SUBCASE("at the first, when it cannot begin again") {
    supervisor.start(
        "a",
        "start",
        [&] { return count_and_fail(starts, 1000, failure); },
        Supervisor::Restart::never);
    loop.run();
    CHECK(starts == 1);
    CHECK(hopeless == 1);
  }
  SUBCASE("never, when it may heal by itself") {
    supervisor.start("a", "environment x", [&] { return count_and_fail(starts, 6, failure); });
    loop.run();
    CHECK(starts == 7);
    CHECK(hopeless == 0);
  }
}

TEST_CASE("who stops tasks waits for them even when cancelled meanwhile") {
  asio::io_context loop;
  Pool pool(1);
  Supervisor supervisor(loop);
  bool ended = false;
  supervisor.start("a", "slow to end", [&]() -> Awaitable<void> {
    auto work = [&ended] {
      std::this_thread::sleep_for(std::chrono::milliseconds{200});
      ended = true;
      return 0;
    };
    co_await pool.run(std::move(work));
  });
  bool ended_before_us = false;
  asio::cancellation_signal cancel;
  const auto stop = [](Supervisor& all, const bool& task_ended, bool& answer) -> Awaitable<void> {
    co_await wait_for(std::chrono::milliseconds{20});
    co_await all.stop("a");
    answer = task_ended;
  };
  asio::co_spawn(loop,
                 stop(supervisor, ended, ended_before_us),
                 asio::bind_cancellation_slot(cancel.slot(), [](std::exception_ptr) {}));
  asio::steady_timer soon(loop, std::chrono::milliseconds{60});
  soon.async_wait(
      [&](boost::system::error_code) { cancel.emit(asio::cancellation_type::terminal); });
  loop.run();
  CHECK(ended_before_us);
}
