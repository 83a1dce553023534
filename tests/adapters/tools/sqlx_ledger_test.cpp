#include <doctest/doctest.h>

#include "adapters/tools/hash.h"
#include "tests/adapters/tools/bench.h"

using namespace tidemark;
using namespace tidemark::test;

namespace {

const std::string usual = "_sqlx_migrations";

std::string ddl(const std::string& table) {
  return "CREATE TABLE IF NOT EXISTS " + table +
         " (version BIGINT PRIMARY KEY, description TEXT NOT NULL,"
         " installed_on TIMESTAMPTZ NOT NULL DEFAULT now(), success BOOLEAN NOT NULL,"
         " checksum BYTEA NOT NULL, execution_time BIGINT NOT NULL);";
}

std::string row(const std::string& table, const std::string& version, const std::string& success) {
  return "INSERT INTO " + table +
         " (version, description, installed_on, success, checksum, execution_time) VALUES (" +
         version + ", 'add tax', '2026-04-18 14:22:00.123+02', " + success +
         ", sha384('SELECT 1;'), -1);";
}

}  // namespace

TEST_SUITE_BEGIN("on a server" * doctest::skip(!PostgresServer::available()));

TEST_CASE("sqlx's ledger is found and read, with its time and the checksum in digits") {
  Bench bench;
  bench.sql(ddl(usual) + row(usual, "20260418143000", "true") + row(usual, "7", "false"));
  const auto seen = bench.see();
  CHECK(seen.tool == "sqlx");
  CHECK(seen.table == "public._sqlx_migrations");
  REQUIRE(seen.rows.size() == 2);
  CHECK(seen.rows[0].key.value == "7");
  CHECK(seen.rows[0].state == Row::State::failed);
  CHECK(seen.rows[1].id.value == "20260418143000_add_tax");
  CHECK(seen.rows[1].state == Row::State::applied);
  CHECK(seen.rows[1].checksum == hex_hash("SHA384", "SELECT 1;"));
  CHECK(seen.rows[1].at == parse_time("2026-04-18T12:22:00.123Z"));
}

TEST_CASE("sqlx's ledger by another name, in another schema, with a time for ever, is read") {
  Bench bench;
  bench.sql("CREATE SCHEMA foo;" + ddl("foo.\"Applied\"") + row("foo.\"Applied\"", "1", "true") +
            "UPDATE foo.\"Applied\" SET installed_on = 'infinity'");
  const auto seen = bench.see();
  CHECK(seen.tool == "sqlx");
  CHECK(seen.table == "foo.Applied");
  REQUIRE(seen.rows.size() == 1);
  CHECK_FALSE(seen.rows.front().at);
}

TEST_CASE("a glance at a large ledger of sqlx's sees what was added at its end") {
  Bench bench;
  bench.sql(ddl(usual) + "INSERT INTO " + usual +
            " SELECT n, 'a', now(), true, sha384('x'), 1 FROM generate_series(1, 200) AS n");
  CHECK(bench.see().rows.size() == 200);
  CHECK(bench.see().rows.size() == 200);  // now it knows that it is large
  CHECK(bench.glance());
  bench.sql(row(usual, "201", "true"));
  CHECK_FALSE(bench.glance());
}

TEST_CASE("sqlx at work is seen by its advisory lock") {
  Bench bench;
  bench.sql(ddl(usual) + row(usual, "1", "true"));
  CHECK(bench.see().at_work.empty());
  PostgresSession sqlx(PostgresServer::shared(), bench.database());
  const auto keys = find_tool("sqlx")->advisory_locks({}, bench.database());
  sqlx.run("SELECT pg_advisory_lock(" + std::to_string(keys.front()) + ")");
  CHECK(bench.see().at_work.starts_with("pid "));
  sqlx.run("SELECT pg_advisory_unlock_all()");
  CHECK(bench.see().at_work.empty());
}

TEST_SUITE_END();
