#include <doctest/doctest.h>

#include "tests/adapters/tools/bench.h"

using namespace tidemark;
using namespace tidemark::test;

namespace {

const std::string first = R"(
  CREATE SCHEMA IF NOT EXISTS supabase_migrations;
  CREATE TABLE IF NOT EXISTS supabase_migrations.schema_migrations (version text NOT NULL PRIMARY KEY);
)";
const std::string today =
    first +
    "ALTER TABLE supabase_migrations.schema_migrations ADD COLUMN IF NOT EXISTS statements text[];"
    "ALTER TABLE supabase_migrations.schema_migrations ADD COLUMN IF NOT EXISTS name text;";

std::string checksum(std::string_view bytes) {
  return find_tool("supabase")->entries("1_a.sql", bytes).front().checksums.accepted.front();
}

}  // namespace

TEST_SUITE_BEGIN("on a server" * doctest::skip(!PostgresServer::available()));

TEST_CASE("Supabase's statements are hashed by the server as their file is here") {
  Bench bench;
  bench.sql(today);
  bench.sql(R"sql(
    INSERT INTO supabase_migrations.schema_migrations (version, name, statements) VALUES
      ('20260101000000', 'users',
       ARRAY[E'-- who\nCREATE TABLE users (name text DEFAULT \'; a\tb\')', E'SELECT $$ü;\n$$']),
      ('20260102000000', 'empty', '{}'),
      ('20260103000000', NULL, NULL)
  )sql");
  const auto seen = bench.see();
  CHECK(seen.tool == "supabase");
  CHECK(seen.table == "supabase_migrations.schema_migrations");
  REQUIRE(seen.rows.size() == 3);
  CHECK(seen.rows[0].id.value == "20260101000000_users");
  CHECK(seen.rows[0].checksum ==
        checksum("-- who\r\nCREATE TABLE users (name text DEFAULT '; a\tb');\r\n\r\n"
                 "SELECT $$\xC3\xBC;\r\n$$;\r\n"));
  CHECK_FALSE(seen.rows[1].checksum);
  CHECK_FALSE(seen.rows[2].checksum);
  CHECK(seen.rows[2].id.value == "20260103000000");
  CHECK_FALSE(seen.rows[2].token.empty());
  CHECK(bench.glance());
}

TEST_CASE("statements of Supabase's that are too much to hash at each poll stay unverified") {
  Bench bench;
  bench.sql(today + R"sql(
    INSERT INTO supabase_migrations.schema_migrations (version, statements)
    SELECT rows::text, ARRAY[(SELECT string_agg(md5(i::text), '') FROM generate_series(1, rows) i)]
      FROM (VALUES (1000), (140000)) AS v(rows)
  )sql");
  const auto seen = bench.see();
  REQUIRE(seen.rows.size() == 2);
  CHECK(seen.rows[0].checksum);
  CHECK_FALSE(seen.rows[1].checksum);
}

TEST_CASE("Supabase's first tables had a version alone, and go on when columns are added") {
  Bench bench;
  bench.sql(first + "INSERT INTO supabase_migrations.schema_migrations VALUES ('20220101000000')");
  const auto seen = bench.see();
  CHECK(seen.tool == "supabase");
  REQUIRE(seen.rows.size() == 1);
  CHECK(seen.rows.front().key.value == "20220101000000");
  CHECK_FALSE(seen.rows.front().checksum);
  CHECK_FALSE(seen.rows.front().token.empty());
  bench.sql(today + "UPDATE supabase_migrations.schema_migrations SET statements = '{select 1}'");
  CHECK(bench.see().rows.front().checksum == checksum("select 1;"));
}

TEST_CASE("a view of Supabase's ledger is read when it is named") {
  Bench bench;
  bench.sql(today +
            "INSERT INTO supabase_migrations.schema_migrations VALUES ('1', '{select 1}', 'a');"
            "CREATE VIEW shown AS SELECT version, statements FROM "
            "supabase_migrations.schema_migrations");
  bench.observe({find_tool("supabase"), TableName{"public", "shown"}});
  const auto seen = bench.see();
  REQUIRE(seen.rows.size() == 1);
  CHECK(seen.rows.front().id.value == "1");
  CHECK(seen.rows.front().checksum == checksum("select 1"));
  CHECK(seen.rows.front().token.empty());
}

TEST_SUITE_END();
