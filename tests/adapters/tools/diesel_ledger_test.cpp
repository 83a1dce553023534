#include <doctest/doctest.h>

#include "tests/adapters/tools/bench.h"

using namespace tidemark;
using namespace tidemark::test;

namespace {

const std::string usual = "__diesel_schema_migrations";

std::string ddl(const std::string& table) {
  return "CREATE TABLE IF NOT EXISTS " + table +
         " (version VARCHAR(50) PRIMARY KEY NOT NULL,"
         " run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP);";
}

std::string row(const std::string& table, const std::string& version) {
  return "INSERT INTO " + table + " VALUES ('" + version + "', '2026-04-18 12:22:00.123');";
}

}  // namespace

TEST_SUITE_BEGIN("on a server" * doctest::skip(!PostgresServer::available()));

TEST_CASE("Diesel's ledger is found and read, its times in UTC whatever the database's zone") {
  Bench bench;
  bench.sql("ALTER DATABASE " + bench.database() + " SET timezone = 'Europe/Vienna'");
  bench.sql(ddl(usual) + row(usual, "20260418143000") + row(usual, "00000000000000"));
  const auto seen = bench.see();
  CHECK(seen.tool == "diesel");
  CHECK(seen.table == "public.__diesel_schema_migrations");
  REQUIRE(seen.rows.size() == 2);
  CHECK(seen.rows[0].key.value == "00000000000000");
  CHECK(seen.rows[1].key.value == "20260418143000");
  CHECK(seen.rows[1].at == parse_time("2026-04-18T12:22:00.123Z"));
}

TEST_CASE("Diesel's ledger by another name, in another schema, with a time for ever, is read") {
  Bench bench;
  bench.sql("CREATE SCHEMA ops;" + ddl("ops.\"Applied\"") + row("ops.\"Applied\"", "1") +
            "UPDATE ops.\"Applied\" SET run_on = 'infinity'");
  const auto seen = bench.see();
  CHECK(seen.tool == "diesel");
  CHECK(seen.table == "ops.Applied");
  REQUIRE(seen.rows.size() == 1);
  CHECK_FALSE(seen.rows.front().at);
}

TEST_CASE("a glance at a large ledger of Diesel's sees what was added at its end, or run again") {
  Bench bench;
  bench.sql(ddl(usual) + "INSERT INTO " + usual +
            " SELECT 20260101000000 + n, now() FROM generate_series(1, 200) AS n");
  CHECK(bench.see().rows.size() == 200);
  CHECK(bench.see().rows.size() == 200);  // now it knows that it is large
  CHECK(bench.glance());
  SUBCASE("what was added") {
    bench.sql(row(usual, "20260101000999"));
  }
  SUBCASE("what was run again") {
    bench.sql("UPDATE " + usual + " SET run_on = '2027-01-01' WHERE version = '20260101000200'");
  }
  CHECK_FALSE(bench.glance());
}

TEST_SUITE_END();
