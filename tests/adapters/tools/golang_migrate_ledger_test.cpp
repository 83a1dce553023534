#include <doctest/doctest.h>

#include "tests/adapters/tools/bench.h"

using namespace tidemark;
using namespace tidemark::test;

namespace {

std::string ddl(const std::string& table) {
  return "CREATE TABLE IF NOT EXISTS " + table +
         " (version bigint not null primary key, dirty boolean not null);";
}

std::string step(const std::string& table, const std::string& version, const std::string& dirty) {
  return "BEGIN; TRUNCATE " + table + "; INSERT INTO " + table + " (version, dirty) VALUES (" +
         version + ", " + dirty + "); COMMIT";
}

const std::string usual = R"("public"."schema_migrations")";

}  // namespace

TEST_SUITE_BEGIN("on a server" * doctest::skip(!PostgresServer::available()));

TEST_CASE("golang-migrate's ledger is found and read, and a step of it seen by a glance") {
  Bench bench;
  bench.sql(ddl(usual));
  CHECK(bench.see().rows.empty());
  bench.sql(step(usual, "3", "false"));
  const auto seen = bench.see();
  CHECK(seen.tool == "golang-migrate");
  CHECK(seen.table == "public.schema_migrations");
  REQUIRE(seen.rows.size() == 1);
  CHECK(seen.rows.front().key.value == "3");
  CHECK(bench.glance());
  bench.sql(step(usual, "4", "true"));
  CHECK_FALSE(bench.glance());
  CHECK(bench.see().rows.front().state == Row::State::failed);
}

TEST_CASE("golang-migrate's ledger by another name and in another schema is found") {
  Bench bench;
  bench.sql("CREATE SCHEMA ops; " + ddl("ops.\"shop migrations\""));
  bench.sql(step("ops.\"shop migrations\"", "20260418143000", "false"));
  const auto seen = bench.see();
  CHECK(seen.table == "ops.shop migrations");
  REQUIRE(seen.rows.size() == 1);
  CHECK(seen.rows.front().version_text == "20260418143000");
}

TEST_CASE("a table with golang-migrate's columns and several rows is not read as its ledger") {
  Bench bench;
  bench.sql(ddl(usual) + "INSERT INTO " + usual + " VALUES (1, false), (2, false), (3, false)");
  const auto seen = bench.see();
  CHECK(seen.ledger == Observation::Ledger::unreadable);
  CHECK(seen.trouble.find("never has more than one row") != std::string::npos);
}

TEST_CASE("golang-migrate at work is seen by its advisory lock") {
  Bench bench;
  bench.sql(ddl(usual) + step(usual, "3", "false"));
  CHECK(bench.see().at_work.empty());
  PostgresSession migrate(PostgresServer::shared(), bench.database());
  Relation relation;
  relation.name = {"public", "schema_migrations"};
  const auto keys = find_tool("golang-migrate")->advisory_locks(relation, bench.database());
  migrate.run("SELECT pg_advisory_lock(" + std::to_string(keys.front()) + ")");
  CHECK(bench.see().at_work.starts_with("pid "));
  migrate.run("SELECT pg_advisory_unlock_all()");
  CHECK(bench.see().at_work.empty());
}

TEST_SUITE_END();
