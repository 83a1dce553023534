// path: tests/adapters/loop/pool_test.cpp
#include <doctest/doctest.h>
#include <boost/asio/detached.hpp>
#include <prometheus/registry.h>

#include "adapters/loop/pool.h"
#include "daemon/supervisor.h"
#include "tests/support/server.h"

TEST_CASE("a test may spawn detached and capture") {
  asio::co_spawn(loop, work(), asio::detached);
  run([&]() -> Awaitable<void> { co_await work(); });
}
