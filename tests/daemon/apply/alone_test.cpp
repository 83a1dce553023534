// Of the two sessions of an apply one looks after the other. Without it nothing goes on that nobody
// could cancel or make sure of.

#include <chrono>
#include <future>
#include <string>

#include <doctest/doctest.h>

#include "tests/daemon/apply/beside.h"

using namespace tidemark::test;

namespace {

// Ends the session that looks on, of which there is one.
void end_watch(Applying& rig) {
  REQUIRE(rig.server().run("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE "
                           "application_name = 'tidemark shop/dev migration' AND datname = '" +
                           rig.database() + "' AND state = 'idle'") == "1");
}

}  // namespace

TEST_CASE("a transaction ends with the session that looks after it") {
  if (!PostgresServer::available()) {
    return;
  }
  Applying rig;
  rig.file("001_slow.sql", "CREATE TABLE slow (id int);\nSELECT pg_sleep(60);\n");
  rig.begin();
  const auto began = std::chrono::steady_clock::now();
  auto applied = apply_meanwhile(rig);
  REQUIRE(migration_runs(rig, "SELECT pg_sleep"));
  end_watch(rig);
  const auto told = applied.get();
  INFO(told.message());
  CHECK(told.outcome() == "failed");
  CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds{30});
  CHECK_FALSE(rig.exists("slow"));
  CHECK(rig.cell_of("001_slow") == "failed");
  CHECK(nothing_stays_behind(rig));
}

TEST_CASE("what runs by itself goes on without it, until somebody cancels") {
  if (!PostgresServer::available()) {
    return;
  }
  Applying rig;
  rig.sql(
      "CREATE FUNCTION slowly(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS "
      "$$BEGIN PERFORM pg_sleep(60); RETURN $1; END$$;"
      "CREATE TABLE t (id int); INSERT INTO t VALUES (1)");
  rig.file("001_index.sql", "CREATE INDEX CONCURRENTLY t_slowly ON t (slowly(id));\n");
  rig.begin();
  auto applied = apply_meanwhile(rig, R"({"from_empty": true})");
  REQUIRE(migration_runs(rig, "CREATE INDEX"));
  end_watch(rig);
  CHECK(applied.wait_for(std::chrono::seconds{2}) == std::future_status::timeout);
  const auto cancelled = rig.request("POST", "/v1/apps/shop/environments/dev/cancel", "{}");
  CHECK_MESSAGE(cancelled.status < 300, cancelled.body);
  REQUIRE(applied.wait_for(std::chrono::seconds{40}) == std::future_status::ready);
  CHECK(applied.get().outcome() != "applied");
  CHECK(rig.eventually([&] { return rig.cell_of("001_index") == "failed"; }, 40));
  CHECK(nothing_stays_behind(rig));
  // What the build has left is ours, and goes with the next apply.
  rig.sql(
      "CREATE OR REPLACE FUNCTION slowly(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1'");
  const auto again = rig.apply(R"({"from_empty": true})");
  CHECK_MESSAGE(again.outcome() == "applied", again.message());
  CHECK(rig.sql("SELECT indisvalid FROM pg_index WHERE indexrelid = 't_slowly'::regclass") == "t");
}
