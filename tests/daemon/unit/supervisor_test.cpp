#include "daemon/supervisor.h"

#include <chrono>
#include <stdexcept>

#include <doctest/doctest.h>
#include <boost/asio/error.hpp>
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
