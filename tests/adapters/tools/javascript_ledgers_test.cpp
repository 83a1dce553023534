// The ledgers of tools written in JavaScript, as those make them, on a server.

#include <doctest/doctest.h>

#include <chrono>

#include "adapters/tools/at_work.h"
#include "tests/adapters/tools/bench.h"

using namespace tidemark;
using namespace tidemark::test;

namespace {

using Keys = std::vector<std::string>;

Keys keys(const Observation& seen) {
  Keys all;
  for (const auto& row : seen.rows) {
    all.push_back(row.key.value);
  }
  return all;
}

const std::string drizzle_ddl =
    "CREATE SCHEMA drizzle;"
    "CREATE TABLE drizzle.__drizzle_migrations"
    " (id SERIAL PRIMARY KEY, hash text NOT NULL, created_at bigint);";

std::string knex_ddl(const std::string& table) {
  return "CREATE TABLE " + table +
         " (id serial PRIMARY KEY, name varchar(255), batch integer, migration_time timestamptz);"
         "CREATE TABLE " +
         table + "_lock (index serial PRIMARY KEY, is_locked integer);";
}

}  // namespace

TEST_SUITE_BEGIN("on a server" * doctest::skip(!PostgresServer::available()));

TEST_CASE("Drizzle's ledger is read before and after its upgrade, and has the same keys") {
  Bench bench;
  bench.sql(drizzle_ddl +
            "INSERT INTO drizzle.__drizzle_migrations (hash, created_at)"
            " VALUES ('aa', 1776522600123), ('bb', 1776522660000)");
  auto looked = bench.look();
  REQUIRE(looked.observation);
  CHECK(looked.observation->tool == "drizzle");
  CHECK(looked.shape.evidence == "the columns of Drizzle before 1.0");
  CHECK(keys(*looked.observation) == Keys{"20260418143000", "20260418143100"});
  CHECK_FALSE(looked.observation->rows[0].at);
  bench.sql(
      "ALTER TABLE drizzle.__drizzle_migrations ADD COLUMN name text,"
      " ADD COLUMN applied_at timestamptz DEFAULT now();"
      "UPDATE drizzle.__drizzle_migrations SET applied_at = NULL, name = '20260418143000_a'"
      " WHERE id = 1;"
      "UPDATE drizzle.__drizzle_migrations SET applied_at = '2026-05-01 12:00:00Z' WHERE id = 2");
  looked = bench.look(TimePoint(std::chrono::hours(1)));
  REQUIRE(looked.observation);
  CHECK(looked.shape.evidence == "the columns of Drizzle 1.0 and newer");
  CHECK(keys(*looked.observation) == Keys{"20260418143000", "20260418143100"});
  CHECK(looked.observation->rows[0].id.value == "20260418143000_a");
  CHECK(looked.observation->rows[1].at == *parse_time("2026-05-01T12:00:00Z"));
}

TEST_CASE("a large ledger of Drizzle is watched by its end") {
  Bench bench;
  bench.sql(drizzle_ddl +
            "INSERT INTO drizzle.__drizzle_migrations (hash, created_at)"
            " SELECT 'h' || n, 1776522600000 + n * 1000 FROM generate_series(1, 150) n");
  CHECK(bench.see().rows.size() == 150);
  bench.see();
  CHECK(bench.glance());
  bench.sql(
      "INSERT INTO drizzle.__drizzle_migrations (hash, created_at) VALUES ('x', 1776600000000)");
  CHECK_FALSE(bench.glance());
  CHECK(bench.see().rows.size() == 151);
}

TEST_CASE("Knex's ledger is read under any name, with its times") {
  Bench bench;
  bench.sql("CREATE SCHEMA app;" + knex_ddl("app.history") +
            "INSERT INTO app.history (name, batch, migration_time) VALUES"
            " ('20260418143000_a.js', 1, '2026-04-18 14:30:00.5Z'),"
            " ('20260418143100_b.ts', 1, 'infinity'), (NULL, 2, NULL)");
  const auto looked = bench.look();
  REQUIRE(looked.observation);
  const auto& seen = *looked.observation;
  CHECK(seen.tool == "knex");
  CHECK(seen.table == "app.history");
  CHECK(looked.shape.evidence == "the columns of a Knex ledger");
  CHECK(keys(seen) == Keys{"20260418143000_a", "20260418143100_b"});
  CHECK(seen.rows[0].at == *parse_time("2026-04-18T14:30:00.500Z"));
  CHECK_FALSE(seen.rows[1].at);
  CHECK(seen.at_work.empty());
}

TEST_CASE("a Knex run is seen by the row in the table beside its ledger") {
  Bench bench;
  bench.sql(knex_ddl("public.knex_migrations") +
            "INSERT INTO knex_migrations_lock (is_locked) VALUES (0)");
  CHECK(bench.see().at_work.empty());
  CHECK(bench.glance());
  bench.sql("UPDATE knex_migrations_lock SET is_locked = 1");
  CHECK_FALSE(bench.glance());
  CHECK(bench.see().at_work.starts_with("a run of Knex"));
  bench.sql("UPDATE knex_migrations_lock SET is_locked = 0");
  CHECK(bench.see().at_work.empty());
}

TEST_CASE("a lock that is held for an hour, and says nothing of when it was taken, is abandoned") {
  using std::chrono::minutes;
  Bench bench;
  bench.sql(knex_ddl("public.knex_migrations") +
            "INSERT INTO knex_migrations (name, batch) VALUES ('1_a.js', 1);"
            "INSERT INTO knex_migrations_lock (is_locked) VALUES (1)");
  CHECK_FALSE(bench.see(TimePoint(minutes(0))).at_work.empty());
  CHECK_FALSE(bench.see(TimePoint(minutes(59))).at_work.empty());
  const auto looked = bench.look(TimePoint(minutes(60)));
  REQUIRE(looked.observation);
  CHECK(looked.observation->at_work.empty());
  CHECK(looked.observation->rows.size() == 1);
  CHECK(looked.shape.note ==
        "public.knex_migrations_lock is locked by a run of Knex: a run that died leaves it so, and "
        "keeps the next one from starting");
  bench.sql("UPDATE knex_migrations_lock SET is_locked = 0");
  CHECK(bench.look(TimePoint(minutes(61))).shape.note.empty());
  bench.sql("UPDATE knex_migrations_lock SET is_locked = 1");
  CHECK_FALSE(bench.see(TimePoint(minutes(62))).at_work.empty());
}

TEST_CASE("who forgot an advisory lock is told from who is at work") {
  ResultSet answer;
  answer.rows = {{"7", "deploy", "psql", "3600"}, {"8", "deploy", "", "3599"}, {"9", {}, {}, {}}};
  CHECK(holders(answer) == "pid 8, role deploy; pid 9");
  CHECK(holders(answer, Holder::forgot_it) == "pid 7, role deploy, psql");
}

TEST_CASE("a large ledger of Knex is watched by its end") {
  Bench bench;
  bench.sql(knex_ddl("public.knex_migrations") +
            "INSERT INTO knex_migrations (name, batch) SELECT n || '.js', 1"
            " FROM generate_series(1001, 1150) n");
  CHECK(bench.see().rows.size() == 150);
  bench.see();
  CHECK(bench.glance());
}

TEST_CASE("SequelizeMeta is read, and each row is another one after it was deleted and came back") {
  Bench bench;
  bench.sql(
      R"(CREATE TABLE "SequelizeMeta" (name VARCHAR(255) NOT NULL UNIQUE PRIMARY KEY);)"
      R"(INSERT INTO "SequelizeMeta" VALUES ('20260418143100-b.js'), ('20260418143000-a.js'))");
  const auto seen = bench.see();
  CHECK(seen.tool == "sequelize");
  CHECK(seen.table == "public.SequelizeMeta");
  CHECK(keys(seen) == Keys{"20260418143000-a", "20260418143100-b"});
  CHECK(bench.see().rows == seen.rows);
  bench.sql(R"(DELETE FROM "SequelizeMeta" WHERE name LIKE '%a.js';)"
            R"(INSERT INTO "SequelizeMeta" VALUES ('20260418143000-a.js'))");
  const auto again = bench.see();
  CHECK(again.rows[0].token != seen.rows[0].token);
  CHECK(again.rows[1].token == seen.rows[1].token);
}

TEST_CASE("SequelizeMeta with times is read in their order") {
  for (const auto* times : {R"("createdAt" timestamptz NOT NULL, "updatedAt" timestamptz NOT NULL)",
                            "created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL"}) {
    CAPTURE(times);
    Bench bench;
    bench.sql(
        R"(CREATE TABLE "SequelizeMeta" (name VARCHAR(255) NOT NULL UNIQUE PRIMARY KEY, )" +
        std::string(times) +
        R"(); INSERT INTO "SequelizeMeta" VALUES)"
        R"( ('1-a.js', '2026-04-18 14:30:00Z', now()), ('2-b.js', '2026-04-18 14:00:00Z', now()),)"
        R"( ('3-c.js', 'infinity', now()))");
    const auto seen = bench.see();
    CHECK(seen.tool == "sequelize");
    CHECK(keys(seen) == Keys{"2-b", "1-a", "3-c"});
    CHECK(seen.rows[1].at == *parse_time("2026-04-18T14:30:00Z"));
    CHECK_FALSE(seen.rows[2].at);
    CHECK(bench.see().rows == seen.rows);
  }
}

TEST_CASE("a view of SequelizeMeta is read when the config names it") {
  Bench bench;
  bench.sql(R"(CREATE TABLE "SequelizeMeta" (name VARCHAR(255) NOT NULL UNIQUE PRIMARY KEY);)"
            R"(INSERT INTO "SequelizeMeta" VALUES ('20260418143000-a.js');)"
            R"(CREATE VIEW migrations AS SELECT name FROM "SequelizeMeta")");
  bench.observe({find_tool("sequelize"), TableName{"public", "migrations"}});
  const auto seen = bench.see();
  CHECK(seen.table == "public.migrations");
  REQUIRE(seen.rows.size() == 1);
  CHECK(seen.rows[0].token.empty());
}

TEST_CASE("TypeORM's ledger is read") {
  Bench bench;
  bench.sql(R"(CREATE TABLE "migrations" ("id" SERIAL NOT NULL, "timestamp" bigint NOT NULL,)"
            R"( "name" character varying NOT NULL,)"
            R"( CONSTRAINT "PK_8c82d7f526340ab734260ea46be" PRIMARY KEY ("id"));)"
            R"(INSERT INTO migrations ("timestamp", name) VALUES)"
            R"( (1528653893000, 'CreateUsers1528653893000'))");
  const auto looked = bench.look();
  REQUIRE(looked.observation);
  CHECK(looked.observation->tool == "typeorm");
  CHECK(looked.shape.evidence == "the columns of a TypeORM ledger");
  CHECK(keys(*looked.observation) == Keys{"CreateUsers1528653893000"});
  CHECK(looked.observation->rows[0].version_text == "1528653893000");
}

TEST_SUITE_END();
