#include <doctest/doctest.h>

#include "tests/adapters/tools/bench.h"

using namespace tidemark;
using namespace tidemark::test;

namespace {

std::string ddl(const std::string& table, bool early = false) {
  return "CREATE TABLE " + table +
         " (version character varying NOT NULL, description character varying NOT NULL,"
         " type bigint NOT NULL DEFAULT 2, applied bigint NOT NULL DEFAULT 0,"
         " total bigint NOT NULL DEFAULT 0, executed_at timestamptz NOT NULL,"
         " execution_time bigint NOT NULL, error text NULL," +
         (early ? "" : " error_stmt text NULL,") +
         " hash character varying NOT NULL, partial_hashes jsonb NULL,"
         " operator_version character varying NOT NULL, PRIMARY KEY (version));";
}

std::string revision(const std::string& table,
                     const std::string& version,
                     const std::string& type,
                     const std::string& applied,
                     const std::string& at) {
  return "INSERT INTO " + table +
         " (version, description, type, applied, total, executed_at, execution_time, error, hash,"
         " operator_version) VALUES ('" +
         version + "', 'users', " + type + ", " + applied + ", 2, '" + at +
         "', 5, '', 'oHx7vmeRbxB72kdSGUkFhE08red3y82zeqcbzCxkGjo=', 'Atlas CLI v1.2.3');";
}

const std::string usual = "atlas_schema_revisions.atlas_schema_revisions";

}  // namespace

TEST_SUITE_BEGIN("on a server" * doctest::skip(!PostgresServer::available()));

TEST_CASE("Atlas' ledger is found in its own schema and read in the order of application") {
  Bench bench;
  bench.sql("CREATE SCHEMA atlas_schema_revisions;" + ddl(usual) +
            revision(usual, "2", "2", "2", "2026-04-18 14:22:00.123+02") +
            revision(usual, "1", "2", "2", "2026-04-18 14:23:00+02") +
            revision(usual, ".atlas_cloud_identifier", "0", "0", "2026-04-18 14:23:00+02") +
            revision(usual, "3", "2", "1", "infinity"));
  const auto seen = bench.see();
  CHECK(seen.tool == "atlas");
  CHECK(seen.table == usual);
  REQUIRE(seen.rows.size() == 3);
  CHECK(seen.rows[0].id.value == "2_users");
  CHECK(seen.rows[0].at == parse_time("2026-04-18T12:22:00.123Z"));
  CHECK(seen.rows[0].checksum == "oHx7vmeRbxB72kdSGUkFhE08red3y82zeqcbzCxkGjo=");
  CHECK(seen.rows[1].id.value == "1_users");
  CHECK(seen.rows[2].state == Row::State::failed);
  CHECK_FALSE(seen.rows[2].at);
  CHECK(seen.rows[2].token == "3");
}

TEST_CASE("an early table of Atlas' by another name is found") {
  Bench bench;
  bench.sql(ddl("revisions", true) + revision("revisions", "1", "6", "1", "2026-04-18 12:00:00Z"));
  const auto seen = bench.see();
  CHECK(seen.table == "public.revisions");
  REQUIRE(seen.rows.size() == 1);
  CHECK(seen.rows.front().state == Row::State::applied);
}

TEST_CASE("Atlas at work is seen by its advisory lock") {
  Bench bench;
  bench.sql(ddl("revisions"));
  PostgresSession session(PostgresServer::shared(), bench.database());
  const auto keys = find_tool("atlas")->advisory_locks({}, "");
  session.run("SELECT pg_advisory_lock(" + std::to_string(keys.front()) + ")");
  CHECK(bench.see().at_work.starts_with("pid "));
  session.run("SELECT pg_advisory_unlock_all()");
  CHECK(bench.see().at_work.empty());
}

TEST_SUITE_END();
