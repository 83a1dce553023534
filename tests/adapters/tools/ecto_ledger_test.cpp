#include <string>

#include "adapters/tools/tool.h"
#include "tests/adapters/tools/bench.h"

using namespace tidemark;
using namespace tidemark::test;

namespace {

const std::string ecto_3 =
    "CREATE TABLE \"schema_migrations\" (\"version\" bigint, \"inserted_at\" timestamp(0),"
    " PRIMARY KEY (\"version\"));";

std::string version(const std::string& number, const std::string& at) {
  return "INSERT INTO schema_migrations VALUES (" + number + ", " + at + ");";
}

}  // namespace

TEST_SUITE_BEGIN("Ecto on a server" * doctest::skip(!PostgresServer::available()));

TEST_CASE("Ecto: the ledger is recognised and read in the order of its times, which are UTC") {
  Bench bench;
  bench.sql("SET timezone = 'Asia/Tokyo';" + ecto_3 +
            version("20260101000000", "'2026-04-18 14:00:00'") +
            version("20250101000000", "'2026-04-18 15:00:00'") + version("1", "NULL") +
            version("2", "'infinity'"));
  const auto seen = bench.see();
  CHECK(seen.ledger == Observation::Ledger::read);
  CHECK(seen.tool == "ecto");
  CHECK(seen.table == "public.schema_migrations");
  REQUIRE(seen.rows.size() == 4);
  CHECK(seen.rows[0].key.value == "1");
  CHECK_FALSE(seen.rows[0].at);
  CHECK(seen.rows[1].key.value == "20260101000000");
  CHECK(seen.rows[1].at == parse_time("2026-04-18T14:00:00Z"));
  CHECK(seen.rows[2].key.value == "20250101000000");
  CHECK_FALSE(seen.rows[3].at);
  CHECK(bench.see().rows == seen.rows);
}

TEST_CASE("Ecto 2 and before, with another name in another schema") {
  Bench bench;
  bench.sql(
      "CREATE SCHEMA tenant; CREATE TABLE tenant.versions (version bigint PRIMARY KEY,"
      " inserted_at timestamp);"
      "INSERT INTO tenant.versions VALUES (7, '2016-04-18 14:00:00.123456')");
  const auto seen = bench.see();
  CHECK(seen.tool == "ecto");
  CHECK(seen.table == "tenant.versions");
  REQUIRE(seen.rows.size() == 1);
  CHECK(seen.rows[0].at == parse_time("2016-04-18T14:00:00.123Z"));
}

TEST_CASE("Ecto: of a large ledger the end shows what is new") {
  Bench bench;
  bench.sql(ecto_3 +
            "INSERT INTO schema_migrations SELECT n, '2026-04-18 14:00:00'"
            " FROM generate_series(1, 200) AS n");
  bench.see();
  CHECK(bench.see().rows.size() == 200);
  CHECK(bench.glance());
  bench.sql(version("201", "'2026-04-18 15:00:00'"));
  CHECK_FALSE(bench.glance());
  CHECK(bench.see().rows.size() == 201);
}

TEST_CASE("Ecto: whoever keeps others from migrating is at work, and the ledger can be read") {
  Bench bench;
  bench.sql(ecto_3 + version("1", "'2026-04-18 14:00:00'"));
  CHECK(bench.see().at_work.empty());
  PostgresSession session(PostgresServer::shared(), bench.database());
  session.run(
      "SET application_name = 'shop'; BEGIN;"
      "LOCK TABLE schema_migrations IN SHARE UPDATE EXCLUSIVE MODE");
  const auto seen = bench.see();
  CHECK(seen.at_work.starts_with("pid "));
  CHECK(seen.at_work.find("role postgres, shop since 2") != std::string::npos);
  session.run("COMMIT");
  CHECK(bench.see().at_work.empty());
}

TEST_CASE("Ecto: whoever holds its advisory lock is at work, and no other such lock tells that") {
  Bench bench;
  bench.sql(ecto_3 + version("1", "'2026-04-18 14:00:00'"));
  PostgresSession session(PostgresServer::shared(), bench.database());
  session.run("SET application_name = 'shop'");
  session.run("SELECT pg_try_advisory_lock(20905)");
  CHECK(bench.see().at_work.find("role postgres, shop since 2") != std::string::npos);
  // As the migrator goes on, on the connection that has the lock.
  session.run(R"(SELECT s0."version"::bigint FROM "schema_migrations" AS s0)");
  CHECK(bench.see().at_work.starts_with("pid "));
  session.run("SELECT 1");
  CHECK(bench.see().at_work.empty());
  session.run("SELECT pg_advisory_unlock(20905)");
  session.run("SELECT pg_try_advisory_lock(134217728)");  // no hash of so many bits
  CHECK(bench.see().at_work.empty());
  session.run("SELECT pg_advisory_unlock(134217728)");
  session.run(R"(SELECT s0."version"::bigint FROM "schema_migrations" AS s0)");
  CHECK(bench.see().at_work.empty());
}

TEST_CASE("Ecto: who holds its advisory lock is shown to pg_read_all_stats") {
  Bench bench("ecto_stats");
  bench.sql(ecto_3 + "GRANT SELECT ON schema_migrations TO ecto_stats");
  PostgresSession session(PostgresServer::shared(), bench.database());
  session.run("SELECT pg_try_advisory_lock(20906)");
  CHECK(bench.see().at_work.empty());
  bench.sql("GRANT pg_read_all_stats TO ecto_stats");
  CHECK(bench.see().at_work.find("role postgres") != std::string::npos);
}

TEST_CASE("Ecto: a role that may only read the ledger sees who is at work") {
  Bench bench("ecto_reader");
  bench.sql(ecto_3 + "GRANT SELECT ON schema_migrations TO ecto_reader");
  PostgresSession session(PostgresServer::shared(), bench.database());
  session.run("BEGIN; LOCK TABLE schema_migrations IN SHARE UPDATE EXCLUSIVE MODE");
  CHECK(bench.see().at_work.find("role postgres") != std::string::npos);
}

TEST_SUITE_END();
