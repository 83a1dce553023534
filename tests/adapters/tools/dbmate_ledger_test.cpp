#include <doctest/doctest.h>

#include "tests/adapters/tools/bench.h"

using namespace tidemark;
using namespace tidemark::test;

namespace {

std::string ddl(const std::string& table, const std::string& type) {
  return "CREATE TABLE IF NOT EXISTS " + table + " (version " + type + " PRIMARY KEY);";
}

LedgerSetting dbmate_in(std::string schema, std::string name) {
  return {find_tool("dbmate"), TableName{std::move(schema), std::move(name)}};
}

}  // namespace

TEST_SUITE_BEGIN("on a server" * doctest::skip(!PostgresServer::available()));

TEST_CASE("dbmate's ledgers of before 2.0, and of 2.0 to 2.26 are found and read") {
  for (const std::string type : {"varchar(255)", "varchar(128)"}) {
    Bench bench;
    bench.sql(ddl("schema_migrations", type) +
              "INSERT INTO schema_migrations VALUES ('20260102000000'), ('20260101000000')");
    const auto seen = bench.see();
    CHECK(seen.tool == "dbmate");
    REQUIRE(seen.rows.size() == 2);
    CHECK(seen.rows.front().key.value == "20260101000000");
    CHECK_FALSE(seen.rows.front().token.empty());
    CHECK(seen.rows == bench.see().rows);
  }
}

TEST_CASE("dbmate's ledger since 2.27 is read when it is named, or its files say so") {
  Bench bench;
  bench.sql("CREATE SCHEMA ops;" + ddl("ops.applied", "varchar") +
            "INSERT INTO ops.applied VALUES ('20260101000000')");
  bench.observe(dbmate_in("ops", "applied"));
  const auto seen = bench.see();
  CHECK(seen.table == "ops.applied");
  CHECK(seen.rows.size() == 1);
}

TEST_CASE("a ledger beside ar_internal_metadata is not read as dbmate's") {
  Bench bench;
  bench.sql(ddl("schema_migrations", "varchar(255)") +
            "CREATE TABLE ar_internal_metadata (key varchar PRIMARY KEY, value varchar, "
            "created_at timestamp(6) NOT NULL, updated_at timestamp(6) NOT NULL)");
  CHECK(bench.see().tool != "dbmate");
}

TEST_CASE("a view of dbmate's ledger is read when it is named") {
  Bench bench;
  bench.sql(ddl("schema_migrations", "varchar") +
            "INSERT INTO schema_migrations VALUES ('1');"
            "CREATE VIEW migrations_v AS SELECT * FROM schema_migrations");
  bench.observe(dbmate_in("public", "migrations_v"));
  const auto seen = bench.see();
  REQUIRE(seen.rows.size() == 1);
  CHECK(seen.rows.front().token.empty());
}

TEST_CASE("a version of dbmate's that was rolled back and applied again is another row") {
  Bench bench;
  bench.sql(ddl("schema_migrations", "varchar(128)"));
  bench.sql("INSERT INTO schema_migrations VALUES ('1')");
  const auto before = bench.see().rows;
  bench.sql("DELETE FROM schema_migrations");
  bench.sql("INSERT INTO schema_migrations VALUES ('1')");
  const auto after = bench.see().rows;
  REQUIRE(before.size() == 1);
  REQUIRE(after.size() == 1);
  CHECK(before.front().token != after.front().token);
}

TEST_CASE("a large ledger of dbmate's is glanced at by its end") {
  Bench bench;
  bench.sql(
      ddl("schema_migrations", "varchar(128)") +
      "INSERT INTO schema_migrations SELECT 20260000000000 + i FROM generate_series(1, 300) i");
  CHECK(bench.see().rows.size() == 300);
  CHECK(bench.see().rows.size() == 300);
  bench.sql("INSERT INTO schema_migrations VALUES ('20270000000000')");
  CHECK_FALSE(bench.glance());
  CHECK(bench.see().rows.size() == 301);
}

TEST_SUITE_END();
