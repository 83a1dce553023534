#include "adapters/tools/observe.h"

#include <doctest/doctest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <future>
#include <iterator>
#include <string>
#include <thread>

#include "tests/adapters/tools/bench.h"
#include "tests/adapters/tools/flyway_fixture.h"

using namespace tidemark;
using namespace tidemark::test;

namespace {

using Ledger = Observation::Ledger;

const std::string usual = R"("public"."flyway_schema_history")";

LedgerSetting flyway_in(std::string schema, std::string name) {
  return {find_tool("flyway"), TableName{std::move(schema), std::move(name)}};
}

std::string server_log() {
  std::ifstream file(PostgresServer::shared().folder() / "server.log");
  return {std::istreambuf_iterator<char>(file), {}};
}

// Waits for as long as a slow machine takes.
ReadLimits patient() {
  ReadLimits limits;
  limits.statement_timeout = limits.lock_timeout = limits.deadline = std::chrono::seconds(20);
  return limits;
}

// Until so many wait for a table in this database; false when that takes too long.
bool until_waiting(const std::string& database, const std::string& how_many) {
  PostgresSession session(PostgresServer::shared(), database);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (std::chrono::steady_clock::now() < deadline) {
    if (session.run(
            "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'relation' AND "
            "database = (SELECT oid FROM pg_database WHERE datname = current_database())") ==
        how_many) {
      return true;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return false;
}

}  // namespace

TEST_SUITE_BEGIN("on a server" * doctest::skip(!PostgresServer::available()));

TEST_CASE("Flyway's ledger in public is found and read") {
  Bench bench;
  bench.sql(flyway_ddl(usual) + applied(usual, 1) + applied(usual, 2));
  const auto looked = bench.look(TimePoint(std::chrono::hours(1)));
  REQUIRE(looked.observation);
  const auto& seen = *looked.observation;
  CHECK(seen.ledger == Ledger::read);
  CHECK(seen.tool == "flyway");
  CHECK(seen.table == "public.flyway_schema_history");
  CHECK(seen.trouble.empty());
  CHECK(seen.as_of == TimePoint(std::chrono::hours(1)));
  REQUIRE(seen.rows.size() == 2);
  CHECK(seen.rows[1].key.value == "2");
  CHECK(seen.rows[1].id.value == "V2__step_2");
  CHECK(seen.rows[1].checksum == "78787420");
  CHECK(seen.rows[1].by == "flyway");
  CHECK(seen.rows[1].token == "2");
  CHECK(looked.shape.tool == "flyway");
  CHECK(looked.shape.table == "public.flyway_schema_history");
  CHECK(looked.shape.evidence == "the columns of Flyway 4 and newer");
  CHECK(looked.shape.rejected.empty());
}

TEST_CASE("a glance says whether a look would see anything new") {
  Bench bench;
  bench.sql(flyway_ddl(usual) + applied(usual, 1));
  bench.see();
  CHECK(bench.glance());
  CHECK(bench.glance());
  bench.sql(applied(usual, 2));
  CHECK_FALSE(bench.glance());
  CHECK(bench.see().rows.size() == 2);
  CHECK(bench.glance());
  bench.sql("UPDATE " + usual + " SET checksum = 7 WHERE installed_rank = 1");
  CHECK_FALSE(bench.glance());
  bench.see();
  bench.sql("DELETE FROM " + usual + " WHERE installed_rank = 1");
  CHECK_FALSE(bench.glance());
  bench.see();
  CHECK(bench.glance());
  bench.sql("DROP TABLE " + usual);
  CHECK_FALSE(bench.glance());
}

TEST_CASE("a glance never answers for a look that is due, or that never was") {
  Bench bench;
  bench.sql(flyway_ddl(usual) + applied(usual, 1));
  bench.observe();
  bench.see();
  CHECK(bench.glance());
  CHECK_FALSE(bench.glance(TimePoint(std::chrono::hours(1))));
  bench.sql("ALTER TABLE " + usual + " RENAME TO elsewhere; " + flyway_ddl(usual, "again_pk"));
  CHECK_FALSE(bench.glance());
}

TEST_CASE("a glance at a large ledger sees what is added, changed or removed") {
  Bench bench;
  bench.sql(
      flyway_ddl(usual) + "INSERT INTO " + usual +
      " SELECT i, i::text, 'step', 'SQL', 'V' || i || '__step.sql', i, 'flyway', now(), 1, true "
      "FROM generate_series(1, 500) i");
  // Counters come late: what was inserted above must not show in between.
  bench.sql("SELECT pg_sleep(1)");
  CHECK(bench.see().rows.size() == 500);
  CHECK_FALSE(bench.glance());  // how to glance is known from the second look on
  CHECK(bench.see().rows.size() == 500);
  CHECK(bench.glance());
  bench.sql(applied(usual, 501));
  CHECK_FALSE(bench.glance());
  CHECK(bench.see().rows.size() == 501);
  bench.sql("UPDATE " + usual + " SET success = false WHERE installed_rank = 495");
  CHECK_FALSE(bench.glance());
  CHECK(bench.see().rows.size() == 501);
  bench.sql("UPDATE " + usual + " SET checksum = 0 WHERE installed_rank = 3");
  bench.sql("SELECT pg_sleep(1)");
  CHECK_FALSE(bench.glance());  // by the counters alone
  bench.see();
  CHECK(bench.glance());
  bench.sql("TRUNCATE " + usual);
  CHECK_FALSE(bench.glance());
  CHECK(bench.see().rows.empty());
}

TEST_CASE("the time of a row is read in the database's own zone, and a time without end is none") {
  Bench bench;
  bench.sql("ALTER DATABASE " + bench.database() + " SET timezone = 'Europe/Vienna'");
  bench.sql(flyway_ddl(usual) + applied(usual, 1) + applied(usual, 2) + "UPDATE " + usual +
            " SET installed_on = 'infinity' WHERE installed_rank = 2");
  const auto seen = bench.see();
  REQUIRE(seen.rows.size() == 2);
  CHECK(seen.rows[0].at == parse_time("2026-04-18T12:22:00.123Z"));
  CHECK_FALSE(seen.rows[1].at);
}

TEST_CASE("an observation says which database it really is") {
  Bench bench;
  const auto first = bench.see();
  CHECK(first.ledger == Ledger::none);
  CHECK(first.identity.system_identifier.size() > 10);
  CHECK(first.identity.timeline == 1);
  CHECK(first.identity.database_oid > 16000);
  CHECK(first.identity.schema_oid == 0);
  CHECK_FALSE(first.standby);

  bench.observe({}, "public");
  CHECK(bench.see().identity.schema_oid > 0);
  bench.observe({}, "nowhere");
  CHECK(bench.see().identity.schema_oid == 0);
}

TEST_CASE("a database without a ledger says so, and the first migration shows at the next look") {
  Bench bench;
  bench.sql("CREATE TABLE orders (id int, name text)");
  CHECK(bench.see().ledger == Ledger::none);
  bench.sql(flyway_ddl(usual) + applied(usual, 1));
  CHECK(bench.see().rows.size() == 1);
}

TEST_CASE("a ledger in another schema under a name in mixed case is found and read") {
  Bench bench;
  const std::string table = R"("Ops"."Flyway History")";
  bench.sql("CREATE SCHEMA \"Ops\";" + flyway_ddl(table) + applied(table, 1));
  const auto seen = bench.see();
  CHECK(seen.table == "Ops.Flyway History");
  CHECK(seen.rows.size() == 1);
  bench.observe(flyway_in("Ops", "Flyway History"));
  CHECK(bench.see().rows.size() == 1);
}

TEST_CASE("a ledger of Flyway 3 is found and read") {
  Bench bench;
  const std::string table = "schema_version";
  bench.sql(flyway_3_ddl(table) +
            "INSERT INTO schema_version VALUES (1, 1, '1', '<< Flyway Init >>', 'INIT', '<< Flyway "
            "Init >>', NULL, 'ana', now(), 0, true),"
            "(2, 2, '2', 'orders', 'SQL', 'V2__orders.sql', 1343138175, 'ana', now(), 3, true)");
  const auto looked = bench.look();
  REQUIRE(looked.observation);
  CHECK(looked.shape.evidence == "the columns of Flyway 3");
  REQUIRE(looked.observation->rows.size() == 2);
  CHECK(looked.observation->rows[0].state == Row::State::baseline);
  CHECK(looked.observation->rows[1].id.value == "V2__orders");
}

TEST_CASE("a ledger with columns in upper case is read") {
  Bench bench;
  bench.sql(flyway_ddl(usual) + applied(usual, 1));
  for (const auto* column : {"installed_rank",
                             "version",
                             "description",
                             "type",
                             "script",
                             "checksum",
                             "installed_by",
                             "installed_on",
                             "execution_time",
                             "success"}) {
    std::string upper(column);
    for (auto& c : upper) {
      c = c == '_' ? c : static_cast<char>(c - 'a' + 'A');
    }
    bench.sql("ALTER TABLE " + usual + " RENAME COLUMN " + column + " TO \"" + upper + "\"");
  }
  CHECK(bench.see().rows.size() == 1);
}

TEST_CASE("a view of a ledger is none unless it is named, and that is said") {
  Bench bench;
  bench.sql("CREATE SCHEMA hidden;" + flyway_ddl("hidden.h") + applied("hidden.h", 1) +
            "ALTER TABLE hidden.h DROP COLUMN success CASCADE;"
            "ALTER TABLE hidden.h ADD COLUMN ok boolean;"
            "CREATE VIEW history_v AS SELECT installed_rank, version, description, type, script, "
            "checksum, "
            "installed_by, installed_on, execution_time, true AS success FROM hidden.h");
  bench.observe({}, "public");
  const auto looked = bench.look();
  REQUIRE(looked.observation);
  CHECK(looked.observation->ledger == Ledger::none);
  CHECK(looked.observation->trouble.empty());  // there is none to be read
  CHECK(looked.shape.note == "public.history_v has the columns of a Flyway ledger, but is a view");
  REQUIRE(looked.shape.rejected.size() == 1);
  CHECK(looked.shape.rejected[0].table.text() == "public.history_v");

  bench.observe(flyway_in("public", "history_v"));
  CHECK(bench.see().rows.size() == 1);
}

TEST_CASE("a ledger that is not read is told as such, also beside one that is") {
  Bench bench;
  bench.sql(
      "CREATE TABLE kysely_migration (name varchar(255) NOT NULL PRIMARY KEY,"
      " timestamp varchar(255) NOT NULL)");
  const auto alone = bench.look();
  REQUIRE(alone.observation);
  CHECK(alone.observation->ledger == Ledger::unreadable);
  CHECK(alone.observation->trouble.starts_with(
      "public.kysely_migration is a ledger of Kysely: not read yet"));
  bench.sql(flyway_ddl(usual) + applied(usual, 1));
  bench.reconnect();
  bench.observe();
  const auto beside = bench.look();
  REQUIRE(beside.observation);
  CHECK(beside.observation->tool == "flyway");
  for (const auto& shape : {alone.shape, beside.shape}) {
    REQUIRE(shape.rejected.size() == 1);
    CHECK(shape.rejected.front().table.text() == "public.kysely_migration");
    CHECK(shape.rejected.front().why == "is a ledger of Kysely: not read yet");
  }
}

TEST_CASE("a partitioned ledger is one ledger, its partitions are none") {
  Bench bench;
  const std::string table = "history";
  bench.sql(flyway_ddl("plain") +
            "CREATE TABLE history (LIKE plain INCLUDING ALL) PARTITION BY RANGE (installed_rank);"
            "CREATE TABLE history_1 PARTITION OF history FOR VALUES FROM (0) TO (2);"
            "CREATE TABLE history_2 PARTITION OF history FOR VALUES FROM (2) TO (1000);"
            "DROP TABLE plain;" +
            applied(table, 1) + applied(table, 2) + applied(table, 3));
  const auto looked = bench.look();
  REQUIRE(looked.observation);
  CHECK(looked.observation->table == "public.history");
  CHECK(looked.observation->rows.size() == 3);
  CHECK(looked.shape.rejected.size() == 2);
}

TEST_CASE("what belongs to an extension is no ledger of the application") {
  Bench bench;
  bench.sql(flyway_ddl(usual) + "ALTER EXTENSION plpgsql ADD TABLE flyway_schema_history");
  CHECK(bench.see().ledger == Ledger::none);
}

TEST_CASE("a ledger without a grant is unreadable, and the SQL that is told makes it readable") {
  Bench bench("tools \"grant\"");
  const std::string table = "ops.history";
  bench.sql("CREATE SCHEMA ops;" + flyway_ddl(table) + applied(table, 1));
  const auto seen = bench.see();
  CHECK(seen.ledger == Ledger::unreadable);
  CHECK(seen.tool == "flyway");
  CHECK(seen.table == "ops.history");
  CHECK(seen.rows.empty());
  CHECK(seen.identity.database_oid > 0);
  const std::string grants = R"(GRANT USAGE ON SCHEMA "ops" TO "tools ""grant""";)"
                             R"( GRANT SELECT ON "ops"."history" TO "tools ""grant""")";
  CHECK(seen.trouble == "ops.history (flyway) cannot be read by tools \"grant\": " + grants);
  bench.sql(grants);
  CHECK(bench.see().rows.size() == 1);
}

TEST_CASE("a grant that is taken away between two looks makes the ledger unreadable, not empty") {
  Bench bench("tools_revoke");
  bench.sql(flyway_ddl(usual) + applied(usual, 1) + "GRANT SELECT ON " + usual +
            " TO tools_revoke");
  CHECK(bench.see().ledger == Ledger::read);
  bench.sql("REVOKE SELECT ON " + usual + " FROM tools_revoke");
  const auto seen = bench.see();
  CHECK(seen.ledger == Ledger::unreadable);
  CHECK(seen.trouble ==
        "public.flyway_schema_history (flyway) cannot be read by tools_revoke: GRANT SELECT ON "
        "\"public\".\"flyway_schema_history\" TO \"tools_revoke\"");
  bench.sql("GRANT SELECT ON " + usual + " TO tools_revoke");
  CHECK(bench.see().ledger == Ledger::read);
}

TEST_CASE(
    "a grant on some columns is enough if they are those that are read, else the server's word is "
    "told") {
  Bench bench("tools_columns");
  bench.sql(flyway_ddl(usual) + applied(usual, 1) + "GRANT SELECT (version, script) ON " + usual +
            " TO tools_columns");
  const auto seen = bench.see();
  CHECK(seen.ledger == Ledger::unreadable);
  CHECK(seen.trouble.find("cannot be read by tools_columns: ") != std::string::npos);
  CHECK(seen.trouble.find("permission denied") != std::string::npos);
  CHECK(seen.trouble.ends_with(
      R"(: GRANT SELECT ON "public"."flyway_schema_history" TO "tools_columns")"));
  bench.sql(
      "GRANT SELECT (installed_rank, description, type, checksum, installed_by, installed_on, "
      "success) ON " +
      usual + " TO tools_columns");
  CHECK(bench.see().ledger == Ledger::read);
}

TEST_CASE("whoever the server lets the login become counts, not whom it logged in as") {
  Bench bench("tools_login");
  bench.sql(
      flyway_ddl(usual) + applied(usual, 1) + "CREATE ROLE tools_reader; GRANT SELECT ON " + usual +
      " TO tools_reader; ALTER ROLE tools_login NOINHERIT; GRANT tools_reader TO tools_login");
  const auto seen = bench.see();
  CHECK(seen.ledger == Ledger::unreadable);
  CHECK(seen.trouble.ends_with("TO \"tools_login\""));
  bench.sql("ALTER ROLE tools_login SET role = tools_reader");
  bench.reconnect();
  CHECK(bench.see().rows.size() == 1);
  bench.sql("REVOKE SELECT ON " + usual + " FROM tools_reader");
  CHECK(bench.see().trouble.ends_with("TO \"tools_reader\""));
}

TEST_CASE("a ledger that is made anew without its old grant is unreadable, not empty") {
  Bench bench("tools_anew");
  const std::string grant = "GRANT SELECT ON " + usual + " TO tools_anew";
  bench.sql(flyway_ddl(usual) + applied(usual, 1) + grant);
  CHECK(bench.see().rows.size() == 1);
  bench.sql("DROP TABLE " + usual + ";" + flyway_ddl(usual) + applied(usual, 1));
  CHECK(bench.see().ledger == Ledger::unreadable);
  bench.sql(grant);
  CHECK(bench.see().rows.size() == 1);
}

TEST_CASE("row level security makes a ledger unreadable, not empty, and what helps is told") {
  Bench bench("tools_rls");
  bench.sql(flyway_ddl(usual) + applied(usual, 1) + "ALTER TABLE " + usual +
            " ENABLE ROW LEVEL SECURITY; CREATE POLICY everything ON " + usual +
            " USING (true); GRANT SELECT ON " + usual + " TO tools_rls");
  const auto seen = bench.see();
  CHECK(seen.ledger == Ledger::unreadable);
  CHECK(seen.trouble ==
        "public.flyway_schema_history (flyway) cannot be read by tools_rls: row level security of "
        "\"public\".\"flyway_schema_history\" would hide rows: ALTER ROLE \"tools_rls\" BYPASSRLS, "
        "or let its "
        "owner make a view of it and name that in their_ledger");
  bench.sql("CREATE VIEW history_v AS SELECT * FROM " + usual +
            "; GRANT SELECT ON history_v TO tools_rls");
  bench.observe(flyway_in("public", "history_v"));
  CHECK(bench.see().rows.size() == 1);
  bench.sql("ALTER ROLE tools_rls BYPASSRLS");
  bench.observe();
  CHECK(bench.see().rows.size() == 1);
}

TEST_CASE("what is known to be refused is not tried: the server's log stays silent") {
  Bench bench("tools_silent");
  bench.sql(flyway_ddl(usual) + applied(usual, 1) +
            "REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC");
  const auto before = server_log();
  CHECK(bench.see().ledger == Ledger::unreadable);
  bench.sql("ALTER TABLE " + usual + " ENABLE ROW LEVEL SECURITY; GRANT SELECT ON " + usual +
            " TO tools_silent");
  CHECK(bench.see().ledger == Ledger::unreadable);
  CHECK(server_log() == before);
}

TEST_CASE("two ledgers that fit equally are unreadable until the config says which") {
  Bench bench;
  bench.sql("CREATE SCHEMA a; CREATE SCHEMA b;" + flyway_ddl("a.flyway_schema_history") +
            flyway_ddl("b.flyway_schema_history") + applied("b.flyway_schema_history", 1));
  const auto seen = bench.see();
  CHECK(seen.ledger == Ledger::unreadable);
  CHECK(seen.trouble.starts_with(
      "ambiguous: a.flyway_schema_history (flyway), b.flyway_schema_history"));
  bench.observe(flyway_in("b", "flyway_schema_history"));
  CHECK(bench.see().rows.size() == 1);
  bench.observe({}, "b");
  CHECK(bench.see().table == "b.flyway_schema_history");
}

TEST_CASE("a table that the config names and that is nothing like a ledger is told so") {
  Bench bench;
  bench.sql("CREATE TABLE orders (id int)");
  bench.observe(flyway_in("public", "orders"));
  const auto seen = bench.see();
  CHECK(seen.ledger == Ledger::unreadable);
  CHECK(seen.trouble == "their_ledger names public.orders, which is no ledger of flyway");
}

TEST_CASE("a ledger that is dropped between two looks is none") {
  Bench bench;
  bench.sql(flyway_ddl(usual) + applied(usual, 1));
  CHECK(bench.see().rows.size() == 1);
  bench.sql("DROP TABLE " + usual);
  const auto looked = bench.look();
  REQUIRE(looked.observation);
  CHECK(looked.observation->ledger == Ledger::none);
  CHECK(looked.observation->rows.empty());
  CHECK(looked.observation->trouble.empty());
  CHECK(looked.shape.note.empty());
  REQUIRE(looked.shape.rejected.size() == 1);
  CHECK(looked.shape.rejected[0].table.text() == "public.flyway_schema_history");
  CHECK(looked.shape.rejected[0].why == "was its ledger, of flyway, and is gone");
  bench.sql(flyway_ddl(usual) + applied(usual, 1));
  CHECK(bench.look().shape.rejected.empty());
}

TEST_CASE("a schema that is dropped with its ledger between two looks is no failure") {
  Bench bench;
  bench.sql("CREATE SCHEMA ops;" + flyway_ddl("ops.history") + applied("ops.history", 1));
  CHECK(bench.see().rows.size() == 1);
  bench.sql("DROP SCHEMA ops CASCADE");
  CHECK(bench.see().ledger == Ledger::none);
}

TEST_CASE("a ledger that is replaced by another table of its name is recognised anew") {
  Bench bench;
  bench.sql(flyway_ddl(usual) + applied(usual, 1));
  CHECK(bench.see().rows.size() == 1);
  bench.sql("ALTER TABLE " + usual +
            " RENAME TO old_history; ALTER TABLE old_history DROP CONSTRAINT history_pk;" +
            "DROP INDEX history_s_idx;" + flyway_ddl(usual) + applied(usual, 1) +
            applied(usual, 2));
  const auto looked = bench.look();
  REQUIRE(looked.observation);
  CHECK(looked.observation->rows.size() == 2);
  CHECK(looked.shape.evidence.ends_with("chosen for its default name among 1 more like it"));
}

TEST_CASE("a table of the ledger's name that is none is not read as one") {
  Bench bench;
  bench.sql(flyway_ddl(usual) + applied(usual, 1));
  CHECK(bench.see().rows.size() == 1);
  bench.sql("ALTER TABLE " + usual + " ALTER COLUMN checksum TYPE text");
  bench.sql("ALTER TABLE " + usual + " RENAME TO x; CREATE TABLE " + usual +
            " AS SELECT * FROM x; DROP TABLE x");
  const auto seen = bench.see();
  CHECK(seen.ledger == Ledger::unreadable);
  CHECK(seen.trouble ==
        "public.flyway_schema_history looks like a Flyway ledger, but checksum is text instead of "
        "integer");
}

TEST_CASE("a ledger that gets another name, or another schema, is followed") {
  Bench bench;
  bench.sql(flyway_ddl(usual) + applied(usual, 1));
  CHECK(bench.see().rows.size() == 1);
  bench.sql("ALTER TABLE " + usual + " RENAME TO \"Historie, ältere\"");
  auto seen = bench.see();
  CHECK(seen.table == "public.Historie, ältere");
  CHECK(seen.rows.size() == 1);
  bench.sql("CREATE SCHEMA \"a.b\"; ALTER TABLE \"Historie, ältere\" SET SCHEMA \"a.b\"");
  seen = bench.see();
  CHECK(seen.table == "a.b.Historie, ältere");
  CHECK(seen.rows.size() == 1);
  bench.observe(flyway_in("a.b", "Historie, ältere"));
  CHECK(bench.see().rows.size() == 1);
}

TEST_CASE("a ledger that is replaced by a view of it is not taken for gone") {
  Bench bench;
  bench.sql(flyway_ddl(usual) + applied(usual, 1));
  CHECK(bench.see().rows.size() == 1);
  bench.sql("ALTER TABLE " + usual + " RENAME TO moved; CREATE VIEW " + usual +
            " AS SELECT * FROM moved");
  CHECK(bench.see().table == "public.moved");
  bench.sql("ALTER TABLE moved DROP COLUMN success CASCADE; CREATE VIEW " + usual +
            " AS SELECT *, true AS success FROM moved");
  const auto seen = bench.see();
  CHECK(seen.ledger == Ledger::unreadable);
  CHECK(seen.rows.empty());
  CHECK(
      seen.trouble.find("public.flyway_schema_history has the columns of a Flyway ledger, but is a "
                        "view: if it is the one that counts, say so with their_ledger: {tool: "
                        "flyway, table: public.flyway_schema_history}") != std::string::npos);
  bench.observe(flyway_in("public", "flyway_schema_history"));
  CHECK(bench.see().rows.size() == 1);
}

TEST_CASE("a ledger that people added a column to stays what it is, at the first look too") {
  Bench bench;
  bench.sql(
      "CREATE TABLE django_migrations (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,"
      " app varchar(255) NOT NULL, name varchar(255) NOT NULL, applied timestamptz NOT NULL);"
      "INSERT INTO django_migrations (app, name, applied) VALUES ('users', '0001_initial', now())");
  CHECK(bench.see().rows.size() == 1);
  bench.sql("ALTER TABLE django_migrations ADD COLUMN host text");
  CHECK(bench.see().rows.size() == 1);
  bench.observe();
  CHECK(bench.see().rows.size() == 1);
  CHECK(bench.look().shape.evidence == "the columns of a Django ledger; a further column host");
}

TEST_CASE("a table that is called as a ledger is and is nobody's makes nothing pending") {
  Bench bench("tools_homemade");
  bench.sql(
      "CREATE TABLE schema_migrations (version text PRIMARY KEY, applied_at timestamptz NOT NULL)");
  const auto looked = bench.look();
  REQUIRE(looked.observation);
  CHECK(looked.observation->ledger == Ledger::unreadable);
  CHECK(looked.observation->trouble.starts_with(
      "public.schema_migrations has the name of a ledger, and the columns of none"));
  REQUIRE(looked.shape.rejected.size() == 1);
  CHECK(looked.shape.rejected[0].table.text() == "public.schema_migrations");
}

TEST_CASE("what only shows a ledger that is elsewhere is none, and that is said") {
  Bench bench;
  bench.sql(
      "CREATE FOREIGN DATA WRAPPER far; CREATE SERVER away FOREIGN DATA WRAPPER far;"
      "CREATE FOREIGN TABLE flyway_schema_history (installed_rank int, version varchar(50), "
      "description varchar(200), type varchar(20), script varchar(1000), checksum int, "
      "installed_by varchar(100), installed_on timestamp, execution_time int, success bool) "
      "SERVER away; CREATE SCHEMA reports;"
      "CREATE MATERIALIZED VIEW reports.kept AS SELECT 1 AS installed_rank, '1'::varchar(50) AS "
      "version, 'a'::varchar(200) AS description, 'SQL'::varchar(20) AS type, "
      "'V1__a.sql'::varchar(1000) AS script, 1 AS checksum, 'ana'::varchar(100) AS installed_by, "
      "now()::timestamp AS installed_on, 1 AS execution_time, true AS success");
  const auto looked = bench.look();
  REQUIRE(looked.observation);
  CHECK(looked.observation->ledger == Ledger::none);
  CHECK(looked.shape.note ==
        "public.flyway_schema_history has the columns of a Flyway ledger, but is a foreign table; "
        "reports.kept has the columns of a Flyway ledger, but is a materialized view");
}

TEST_CASE("row security counts for whom it would hide rows from, and for nobody else") {
  Bench owner("tools_owner");
  owner.sql("GRANT CREATE ON SCHEMA public TO tools_owner; SET ROLE tools_owner;" +
            flyway_ddl(usual) + applied(usual, 1) + "ALTER TABLE " + usual +
            " ENABLE ROW LEVEL SECURITY");
  CHECK(owner.see().rows.size() == 1);
  owner.sql("ALTER TABLE " + usual + " FORCE ROW LEVEL SECURITY");
  owner.observe();
  const auto seen = owner.see();
  CHECK(seen.ledger == Ledger::unreadable);
  CHECK(seen.trouble.find("BYPASSRLS") != std::string::npos);
  owner.sql("ALTER ROLE tools_owner BYPASSRLS");
  CHECK(owner.see().rows.size() == 1);
}

TEST_CASE("row security that comes while a ledger is watched makes it unreadable, not empty") {
  Bench bench("tools_rls_late");
  bench.sql(flyway_ddl(usual) + applied(usual, 1) + "GRANT SELECT ON " + usual +
            " TO tools_rls_late");
  CHECK(bench.see().rows.size() == 1);
  bench.sql("ALTER TABLE " + usual + " ENABLE ROW LEVEL SECURITY");
  CHECK(bench.see().ledger == Ledger::unreadable);
  bench.sql("ALTER TABLE " + usual + " DISABLE ROW LEVEL SECURITY");
  CHECK(bench.see().rows.size() == 1);
}

TEST_CASE("rows that are deleted between two looks are gone") {
  Bench bench;
  bench.sql(flyway_ddl(usual) + applied(usual, 1) + applied(usual, 2));
  CHECK(bench.see().rows.size() == 2);
  bench.sql("DELETE FROM " + usual + " WHERE installed_rank = 2");
  CHECK(bench.see().rows.size() == 1);
  bench.sql("TRUNCATE " + usual);
  const auto seen = bench.see();
  CHECK(seen.ledger == Ledger::read);
  CHECK(seen.rows.empty());
}

TEST_CASE("a column that is added between two looks does not matter, one that is lost does") {
  Bench bench;
  bench.sql(flyway_ddl(usual) + applied(usual, 1));
  CHECK(bench.see().rows.size() == 1);
  bench.sql("ALTER TABLE " + usual + " ADD COLUMN comment text");
  CHECK(bench.see().rows.size() == 1);
  bench.observe();
  CHECK(bench.look().shape.evidence ==
        "the columns of Flyway 4 and newer; a further column comment");
  bench.sql("ALTER TABLE " + usual + " DROP COLUMN comment");
  bench.observe();
  CHECK(bench.look().shape.evidence == "the columns of Flyway 4 and newer");
  bench.sql("ALTER TABLE " + usual + " DROP COLUMN checksum");
  const auto seen = bench.see();
  CHECK(seen.ledger == Ledger::unreadable);
  CHECK(seen.trouble ==
        "public.flyway_schema_history looks like a Flyway ledger, but column checksum is missing");
}

TEST_CASE("an environment that is one schema is shown nothing of the others") {
  Bench bench;
  bench.sql("CREATE SCHEMA app; CREATE SCHEMA other;" + flyway_ddl("app.flyway_schema_history") +
            applied("app.flyway_schema_history", 1) + flyway_ddl("other.flyway_schema_history") +
            "ALTER TABLE other.flyway_schema_history DROP COLUMN checksum");
  const auto whole = bench.look();
  REQUIRE(whole.shape.rejected.size() == 1);
  CHECK(whole.shape.rejected[0].table.text() == "other.flyway_schema_history");
  CHECK(whole.shape.rejected[0].why ==
        "looks like a Flyway ledger, but column checksum is missing");
  bench.observe({}, "app");
  const auto looked = bench.look();
  CHECK(looked.shape.table == "app.flyway_schema_history");
  CHECK(looked.shape.rejected.empty());
  bench.observe(flyway_in("app", "flyway_schema_history"), "other");
  CHECK(bench.see().table == "app.flyway_schema_history");
}

TEST_CASE("an environment that is one schema is told of a ledger in the schema of its tool") {
  Bench bench;
  bench.sql(
      "CREATE SCHEMA app; CREATE SCHEMA drizzle; CREATE TABLE drizzle.__drizzle_migrations "
      "(id SERIAL PRIMARY KEY, hash text NOT NULL, created_at bigint)");
  bench.observe({}, "app");
  CHECK(bench.see().ledger == Ledger::none);
  bench.expect("drizzle");
  const auto seen = bench.see();
  CHECK(seen.ledger == Ledger::unreadable);
  CHECK(seen.trouble.starts_with(
      "drizzle.__drizzle_migrations is a ledger of drizzle, outside of schema app: "));
}

TEST_CASE("a ledger that is emptied and filled again in one transaction was never empty") {
  Bench bench;
  bench.sql(flyway_ddl(usual) + applied(usual, 1));
  CHECK(bench.see().rows.size() == 1);
  bench.sql("BEGIN; TRUNCATE " + usual + ";" + applied(usual, 1) + applied(usual, 2) + "COMMIT");
  CHECK(bench.see().rows.size() == 2);
}

TEST_CASE("a ledger that is emptied and filled again while a look waits for it was never empty") {
  Bench bench;
  bench.sql(flyway_ddl(usual) + applied(usual, 1));
  bench.observe({}, "", patient());
  SUBCASE("at a look that knows of rows") {
    bench.see();
  }
  SUBCASE("at the first look, which would believe it") {}
  PostgresSession tool(PostgresServer::shared(), bench.database());
  tool.run("BEGIN; TRUNCATE " + usual + ";" + applied(usual, 1) + applied(usual, 2));
  auto met = std::async(std::launch::async, [&] {
    const bool waited = until_waiting(bench.database(), "1");
    tool.run("COMMIT");
    return waited;
  });
  const auto seen = bench.see();
  CHECK(met.get());
  CHECK(seen.rows.size() == 2);
}

TEST_CASE("a ledger that is emptied in one transaction and filled in the next was never empty") {
  Bench bench;
  bench.sql(flyway_ddl(usual) + applied(usual, 1));
  bench.observe({}, "", patient());
  bench.see();
  PostgresSession empties(PostgresServer::shared(), bench.database());
  PostgresSession fills(PostgresServer::shared(), bench.database());
  empties.run("BEGIN; TRUNCATE " + usual);
  auto filled = std::async(std::launch::async, [&] {
    const bool waited = until_waiting(bench.database(), "1");
    auto next = std::async(std::launch::async, [&] {
      fills.run("BEGIN; LOCK TABLE " + usual + ";" + applied(usual, 1));
      // The first transaction of the look has seen no row, and the second waits.
      const bool waits_again = until_waiting(bench.database(), "1");
      fills.run("COMMIT");
      return waits_again;
    });
    const bool in_between = until_waiting(bench.database(), "2");
    empties.run("COMMIT");
    return next.get() && waited && in_between;
  });
  const auto seen = bench.see();
  CHECK(filled.get());
  CHECK(seen.rows.size() == 1);
}

TEST_CASE("that all rows are gone is believed only when a second transaction says so too") {
  Bench bench;
  // Shows its row at every reading but the second.
  bench.sql(
      "CREATE SCHEMA hidden;" + flyway_ddl("hidden.h") + applied("hidden.h", 1) +
      "CREATE FUNCTION shown() RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$ DECLARE n int; BEGIN"
      "  n := coalesce(nullif(current_setting('test.n', true), ''), '0')::int + 1;"
      "  PERFORM set_config('test.n', n::text, false);"
      "  RETURN n <> 2; END $$;"
      "CREATE VIEW history_v AS SELECT * FROM hidden.h WHERE public.shown()");
  bench.observe(flyway_in("public", "history_v"));
  CHECK(bench.see().rows.size() == 1);
  CHECK(bench.see().rows.size() == 1);
}

TEST_CASE("a ledger that is locked is being worked on, and it is said by whom") {
  Bench bench;
  bench.sql(flyway_ddl(usual) + applied(usual, 1));
  CHECK(bench.see().rows.size() == 1);
  {
    PostgresSession other(PostgresServer::shared(), bench.database());
    other.run("SET application_name = 'a tool'; BEGIN; LOCK TABLE " + usual +
              " IN ACCESS EXCLUSIVE MODE");
    const auto seen = bench.see();
    CHECK(seen.at_work.starts_with("pid "));
    CHECK(seen.at_work.substr(seen.at_work.find(',')) ==
          ", role " + PostgresServer::shared().user() +
              ", a tool, which locked public.flyway_schema_history");
    CHECK(seen.rows.empty());
    CHECK(seen.identity == Identity{});
  }
  CHECK(bench.see().rows.size() == 1);
}

TEST_CASE("watching and applying agree which database it is") {
  Bench bench;
  CHECK(bench.identity_for_applying("") == bench.see().identity);
  bench.observe({}, "public");
  const auto seen = bench.see().identity;
  CHECK(bench.identity_for_applying("public") == seen);
  CHECK(seen.schema_oid != 0);
}

TEST_CASE("a part of the identity that a server does not tell leaves the rest") {
  Bench bench("tools_untold");
  bench.sql(flyway_ddl(usual) + applied(usual, 1) + "GRANT SELECT ON " + usual +
            " TO tools_untold;" + "REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC");
  const auto seen = bench.see();
  CHECK(seen.rows.size() == 1);
  CHECK(seen.identity.system_identifier.empty());
  CHECK(seen.identity.timeline == 1);
  CHECK(seen.identity.database_oid > 0);
}

TEST_CASE(
    "a server that has a function and refuses it when it is called is asked again after an hour") {
  using std::chrono::minutes;
  Bench bench;
  bench.sql(flyway_ddl(usual) + applied(usual, 1) +
            "ALTER FUNCTION pg_catalog.pg_current_wal_lsn() RENAME TO hidden;"
            "CREATE FUNCTION pg_catalog.pg_current_wal_lsn() RETURNS pg_lsn LANGUAGE plpgsql AS $$ "
            "BEGIN RAISE EXCEPTION 'not supported here' USING ERRCODE = '0A000'; END $$");
  const TimePoint start(std::chrono::hours(100));
  const auto seen = bench.see(start);
  CHECK(seen.rows.size() == 1);
  CHECK(seen.identity.timeline == 0);
  CHECK_FALSE(seen.identity.system_identifier.empty());
  const auto log = server_log();
  CHECK(bench.see(start + minutes(30)).rows.size() == 1);
  CHECK(server_log() == log);
  bench.sql(
      "DROP FUNCTION pg_catalog.pg_current_wal_lsn();"
      "ALTER FUNCTION pg_catalog.hidden() RENAME TO pg_current_wal_lsn");
  CHECK(bench.see(start + minutes(70)).identity.timeline == 1);
}

TEST_CASE("a right that is lost between two looks costs a part of the identity, not the look") {
  Bench bench("tools_lost");
  bench.sql(flyway_ddl(usual) + applied(usual, 1) + "GRANT SELECT ON " + usual + " TO tools_lost");
  CHECK_FALSE(bench.see().identity.system_identifier.empty());
  bench.sql("REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC");
  const auto seen = bench.see();
  CHECK(seen.rows.size() == 1);
  CHECK(seen.identity.system_identifier.empty());
}

TEST_CASE("a better ledger is noticed within ten minutes, also when the clock goes back") {
  using std::chrono::minutes;
  Bench bench;
  const TimePoint start(std::chrono::hours(100));
  bench.sql("CREATE SCHEMA ops;" + flyway_ddl("ops.history") + applied("ops.history", 1));
  CHECK(bench.see(start).table == "ops.history");
  bench.sql(flyway_ddl(usual) + applied(usual, 1));
  CHECK(bench.see(start + minutes(9)).table == "ops.history");
  CHECK(bench.see(start + minutes(10)).table == "public.flyway_schema_history");
  bench.sql("DROP TABLE " + usual + ";" + "CREATE SCHEMA b;");
  CHECK(bench.see(start + minutes(11)).table == "ops.history");
  bench.sql(flyway_ddl(usual));
  CHECK(bench.see(start + minutes(5)).table == "public.flyway_schema_history");
}

TEST_CASE("a look that fails on a lost connection is followed by one that reads") {
  Bench bench;
  bench.sql(flyway_ddl(usual) + applied(usual, 1));
  CHECK(bench.see().rows.size() == 1);
  bench.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '" +
            bench.database() + "' AND application_name = 'tidemark'");
  const auto looked = bench.look();
  REQUIRE_FALSE(looked.observation);
  CHECK(looked.observation.error().error.code == Errc::retry);
  CHECK(looked.shape.table == "public.flyway_schema_history");
  CHECK(bench.see().rows.size() == 1);
}

TEST_CASE("a standby is read as one, and its promotion is another timeline of the same server") {
  PostgresServer server;
  Bench bench("", server);
  bench.sql(flyway_ddl(usual) + applied(usual, 1));
  const auto primary = bench.see();
  CHECK(primary.identity.timeline == 1);

  server.stop();
  const auto signal = server.folder() / "data" / "standby.signal";
  std::ofstream(signal).flush();
  std::filesystem::permissions(signal, std::filesystem::perms::all);
  server.start();
  static_cast<void>(bench.look());  // the old connection is gone
  const auto standby = bench.see();
  CHECK(standby.standby);
  CHECK(standby.rows.size() == 1);
  CHECK(standby.identity.timeline == 0);
  CHECK(standby.identity.system_identifier == primary.identity.system_identifier);

  bench.sql("SELECT pg_promote()");
  const auto promoted = bench.see();
  CHECK_FALSE(promoted.standby);
  CHECK(promoted.identity.timeline == 2);
  CHECK_FALSE(difference(primary.identity, promoted.identity).empty());
}

TEST_CASE("names in the application's schemas do not change what is asked") {
  Bench bench;
  bench.sql(
      flyway_ddl(usual) + applied(usual, 1) + "ALTER DATABASE " + bench.database() +
      " SET search_path = evil, pg_catalog; CREATE SCHEMA evil;"
      "CREATE VIEW evil.pg_class AS SELECT 1 AS oid;"
      "CREATE FUNCTION evil.floor(numeric) RETURNS numeric LANGUAGE sql AS 'SELECT 0::numeric'");
  const auto seen = bench.see();
  REQUIRE(seen.rows.size() == 1);
  CHECK(seen.rows.front().at > TimePoint(std::chrono::hours(1)));
}

TEST_SUITE_END();
