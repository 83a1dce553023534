#include <chrono>
#include <future>
#include <string>
#include <thread>

#include <doctest/doctest.h>

#include "tests/daemon/apply/beside.h"

using namespace tidemark::test;

TEST_CASE(
    "our host gone in the middle of a transaction: its locks are let go, and nothing is left") {
  if (!PostgresServer::available()) {
    return;
  }
  using Clock = std::chrono::steady_clock;
  using namespace std::chrono_literals;
  Applying rig;
  rig.file("001_users.sql", "CREATE TABLE users (id int);\n");
  rig.begin();
  REQUIRE(rig.apply().outcome() == "applied");
  rig.migration("002_name",
                "ALTER TABLE users ADD name text;\nSELECT pg_sleep(1);\n"
                "CREATE TABLE other (id int);\n");
  auto applied = std::async(std::launch::async, [&] {
    return rig.request("POST", "/v1/apps/shop/environments/dev/apply", "{}");
  });
  REQUIRE(migration_runs(rig, "SELECT pg_sleep"));
  rig.send(SIGSTOP);
  REQUIRE(rig.eventually(
      [&] { return state_of_migration(rig, "SELECT pg_sleep") == "idle in transaction"; }));
  const auto idle = Clock::now();
  rig.sql("SELECT count(*) FROM users");  // waits for the lock
  const auto waited = Clock::now() - idle;
  MESSAGE("the lock was let go after "
          << std::chrono::duration_cast<std::chrono::milliseconds>(waited).count() << " ms");
  CHECK(waited > 1s);
  CHECK(waited < 16s);
  rig.send(SIGCONT);
  applied.get();
  CHECK(rig.eventually([&] { return rig.cell_of("002_name") == "failed"; }));
  CHECK_FALSE(rig.exists("other"));
  CHECK(nothing_stays_behind(rig));
  CHECK(rig.eventually([&] { return rig.apply().outcome() == "applied"; }));
  CHECK(rig.exists("other"));
  CHECK(rig.cell_of("002_name") == "applied");
}
