#include <doctest/doctest.h>

#include "tests/adapters/tools/bench.h"

using namespace tidemark;
using namespace tidemark::test;

namespace {

std::string prisma_ddl(const std::string& table) {
  return "CREATE TABLE " + table +
         " (id VARCHAR(36) PRIMARY KEY NOT NULL,"
         " checksum VARCHAR(64) NOT NULL,"
         " finished_at TIMESTAMPTZ,"
         " migration_name VARCHAR(255) NOT NULL,"
         " logs TEXT,"
         " rolled_back_at TIMESTAMPTZ,"
         " started_at TIMESTAMPTZ NOT NULL DEFAULT now(),"
         " applied_steps_count INTEGER NOT NULL DEFAULT 0);";
}

// `values`: finished_at, logs, rolled_back_at.
std::string attempt(const std::string& table,
                    const std::string& id,
                    const std::string& name,
                    const std::string& started_at,
                    const std::string& values) {
  return "INSERT INTO " + table +
         " (id, checksum, migration_name, started_at, finished_at, logs, rolled_back_at)"
         " VALUES ('" +
         id + "', '" + std::string(64, 'a') + "', '" + name + "', '" + started_at + "', " + values +
         ");";
}

const std::string usual = "public._prisma_migrations";

}  // namespace

TEST_SUITE_BEGIN("on a server" * doctest::skip(!PostgresServer::available()));

TEST_CASE(
    "Prisma's ledger is found, and its attempts are read in the order in which they started") {
  Bench bench;
  bench.sql(
      prisma_ddl(usual) +
      attempt(usual, "b", "2_b", "2026-04-18 14:00:00.5+02", "NULL, 'boom', NULL") +
      attempt(usual, "a", "1_a", "2026-04-18 12:00:00Z", "'2026-04-18 12:00:01.25Z', '', NULL") +
      attempt(usual, "c", "2_b", "2026-04-18 13:00:00Z", "'infinity', NULL, NULL") +
      attempt(usual, "d", "3_c", "2026-04-18 14:00:00Z", "NULL, NULL, now()"));
  const auto looked = bench.look();
  REQUIRE(looked.observation);
  CHECK(looked.observation->tool == "prisma");
  CHECK(looked.shape.evidence == "the columns of a Prisma ledger");
  const auto& rows = looked.observation->rows;
  REQUIRE(rows.size() == 4);
  CHECK(rows[0].token == "a");
  CHECK(rows[0].at == *parse_time("2026-04-18T12:00:01.250Z"));
  CHECK(rows[0].checksum == std::string(64, 'a'));
  CHECK(rows[1].token == "b");
  CHECK(rows[1].state == Row::State::undone);
  CHECK(rows[2].state == Row::State::applied);
  CHECK_FALSE(rows[2].at);
  CHECK(rows[3].state == Row::State::undone);
}

TEST_CASE("Prisma's ledger is found in another schema and under another name") {
  Bench bench;
  bench.sql("CREATE SCHEMA shop;" + prisma_ddl("shop.history"));
  const auto seen = bench.see();
  CHECK(seen.tool == "prisma");
  CHECK(seen.table == "shop.history");
}

TEST_CASE("who holds Prisma's advisory lock is at work") {
  Bench bench;
  bench.sql(prisma_ddl(usual));
  PostgresSession runner(PostgresServer::shared(), bench.database());
  runner.run("SELECT pg_advisory_lock(72707369)");
  CHECK_FALSE(bench.see().at_work.empty());
  runner.run("SELECT pg_advisory_unlock(72707369)");
  CHECK(bench.see().at_work.empty());
}

TEST_SUITE_END();
