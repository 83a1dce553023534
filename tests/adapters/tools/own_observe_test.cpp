#include <doctest/doctest.h>

#include "core/catalog/content.h"
#include "tests/adapters/tools/bench.h"

using namespace tidemark;
using namespace tidemark::test;

namespace {

std::string ddl(const std::string& table) {
  return "CREATE TABLE IF NOT EXISTS " + table +
         " (seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, key text NOT NULL,"
         " name text NOT NULL, sha256 text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),"
         " action text NOT NULL CHECK (action IN ('apply', 'rollback')), attempt_id uuid,"
         " release text, applied_at timestamptz NOT NULL DEFAULT clock_timestamp(),"
         " applied_by text NOT NULL DEFAULT session_user);";
}

std::string entry(const std::string& table, const std::string& key, const std::string& action) {
  return "INSERT INTO " + table + " (key, name, sha256, action, applied_at) VALUES ('" + key +
         "', '" + key + "_a', '" + sha256(key).hex() + "', '" + action +
         "', '2026-04-18 14:22:00.123Z');";
}

}  // namespace

TEST_SUITE_BEGIN("on a server" * doctest::skip(!PostgresServer::available()));

TEST_CASE("tidemark's own ledger is found and read") {
  Bench bench;
  bench.sql(ddl("_migrations") + entry("_migrations", "144", "apply") +
            entry("_migrations", "145", "apply") + entry("_migrations", "145", "rollback"));
  const auto seen = bench.see();
  CHECK(seen.tool == "own");
  CHECK(seen.table == "public._migrations");
  REQUIRE(seen.rows.size() == 3);
  CHECK(seen.rows[0].id.value == "144_a");
  CHECK(seen.rows[0].checksum == sha256("144").hex());
  CHECK(seen.rows[0].at == parse_time("2026-04-18T14:22:00.123Z"));
  CHECK(seen.rows[0].by == PostgresServer::shared().user());
  CHECK(seen.rows[1].state == Row::State::undone);
  CHECK(seen.rows[2].state == Row::State::undone);
  CHECK(bench.glance());
  bench.sql(entry("_migrations", "145", "apply"));
  CHECK_FALSE(bench.glance());
}

TEST_CASE("tidemark's own ledger by another name and in another schema is found") {
  Bench bench;
  bench.sql("CREATE SCHEMA ops;" + ddl("ops.applied") + entry("ops.applied", "1", "apply") +
            "UPDATE ops.applied SET applied_at = 'infinity'");
  const auto seen = bench.see();
  CHECK(seen.table == "ops.applied");
  REQUIRE(seen.rows.size() == 1);
  CHECK_FALSE(seen.rows.front().at);
}

TEST_SUITE_END();
