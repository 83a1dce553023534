#include "tests/daemon/apply/beside.h"

#include <thread>

#include <doctest/doctest.h>

using namespace tidemark::test;

TEST_CASE("what is pending is applied in order, each in a transaction, and recorded as ours") {
  if (!PostgresServer::available()) {
    return;
  }
  Applying rig;
  rig.file("001_users.sql", "CREATE TABLE users (id int);\n");
  rig.file("002_orders.sql", "BEGIN;\nCREATE TABLE orders (id int);\nCOMMIT;\n");
  rig.begin();
  CHECK(rig.cell_of("001_users") == "pending");
  const auto told = rig.apply();
  CHECK_MESSAGE(told.outcome() == "applied", told.message());
  CHECK(told.of("migration.started").size() == 2);
  CHECK(rig.exists("users"));
  CHECK(rig.exists("orders"));
  CHECK(rig.cell_of("001_users") == "applied");
  CHECK(rig.cell_of("002_orders") == "applied");
  const auto matrix = rig.json({"matrix", "shop"});
  const auto& cell = matrix.at("migrations").at(0).at("cells").at("dev").as_object();
  CHECK(cell.at("how").as_string() == "managed");
  CHECK(cell.at("evidence").as_string() == "executed");
  CHECK(cell.at("content").as_string() == "verified");
  CHECK(rig.metric("tidemark_applies_total", {"outcome=\"applied\""}) == 2);
  // All that is to run is in the audit log before anything is.
  const auto audit = rig.tidemark({"audit", "--format", "json"}).out;
  CHECK(audit.find("\"migrations\":\"2\"") != std::string::npos);
}

TEST_CASE("what was applied stays so over a restart, and is not applied again") {
  if (!PostgresServer::available()) {
    return;
  }
  Applying rig;
  rig.file("001_users.sql", "CREATE TABLE users (id int);\n");
  rig.begin();
  REQUIRE(rig.apply().outcome() == "applied");
  rig.stop();
  rig.begin();
  CHECK(rig.cell_of("001_users") == "applied");
  const auto again = rig.apply();
  CHECK(again.outcome() == "applied");
  CHECK(again.of("migration.started").empty());
}

TEST_CASE("a statement that fails leaves nothing behind, and the corrected file applies") {
  if (!PostgresServer::available()) {
    return;
  }
  for (int k = 1; k <= 4; ++k) {
    Applying rig;
    const auto script = [k](bool wrong) {
      std::string text;
      for (int i = 1; i <= 4; ++i) {
        text += wrong && i == k ? "INSERT INTO nowhere VALUES (1);\n"
                                : "CREATE TABLE t" + std::to_string(i) + " (id int);\n";
      }
      return text;
    };
    rig.file("001_tables.sql", script(true));
    rig.begin();
    const auto failed = rig.apply();
    CHECK(failed.outcome() == "failed");
    const auto finished = failed.of("migration.finished");
    REQUIRE(finished.size() == 1);
    const auto& error = finished.front().at("error").as_object();
    CHECK(error.at("statement").as_int64() == k);
    CHECK(error.at("line").as_int64() == k);
    CHECK(error.at("column").as_int64() == 13);
    CHECK(error.at("sqlstate").as_string() == "42P01");
    CHECK(rig.sql("SELECT count(*) FROM pg_class WHERE relname ~ '^t[1-4]$'") == "0");
    CHECK(rig.cell_of("001_tables") == "failed");
    rig.file("001_tables.sql", script(false));
    CHECK(rig.eventually([&] { return rig.apply().outcome() == "applied"; }));
    CHECK(rig.sql("SELECT count(*) FROM pg_class WHERE relname ~ '^t[1-4]$'") == "4");
    CHECK(rig.cell_of("001_tables") == "applied");
  }
}

TEST_CASE("a plan that was shown is applied, or refused when the world has moved") {
  if (!PostgresServer::available()) {
    return;
  }
  Applying rig;
  rig.file("001_users.sql", "CREATE TABLE users (id int);\n");
  rig.begin();
  const auto plan = rig.plan();
  const std::string id(plan.at("plan_id").as_string());
  REQUIRE(plan.at("migrations").as_array().size() == 1);
  const auto& statement = plan.at("migrations").at(0).at("statements").at(0).as_object();
  CHECK(statement.at("kind").as_string() == "CREATE TABLE");
  CHECK(statement.at("sql").as_string() == "CREATE TABLE users (id int)");
  rig.migration("002_orders", "CREATE TABLE orders (id int);\n");
  const auto refused = rig.apply("{\"plan_id\": \"" + id + "\"}");
  CHECK(refused.status == 409);
  CHECK_FALSE(rig.exists("users"));
  const std::string now(rig.plan().at("plan_id").as_string());
  CHECK(rig.apply("{\"plan_id\": \"" + now + "\"}").outcome() == "applied");
  CHECK(rig.exists("orders"));
}

TEST_CASE("a database that is filled while nothing is known of it is not applied to") {
  if (!PostgresServer::available()) {
    return;
  }
  Applying rig;
  rig.sql("CREATE TABLE somebodys (id int)");
  rig.file("001_users.sql", "CREATE TABLE users (id int);\n");
  rig.begin();
  const auto refused = rig.apply();
  CHECK(refused.message().find("not empty") != std::string::npos);
  CHECK_FALSE(rig.exists("users"));
  CHECK(rig.apply("{\"from_empty\": true}").outcome() == "applied");
  CHECK(rig.exists("users"));
}

TEST_CASE("statements that cannot run in a transaction run one by one") {
  if (!PostgresServer::available()) {
    return;
  }
  Applying rig;
  rig.file("001_users.sql", "CREATE TABLE users (id int);\nINSERT INTO users VALUES (1);\n");
  rig.file("002_index.sql", "CREATE INDEX CONCURRENTLY users_id ON users (id);\nVACUUM users;\n");
  rig.begin();
  const auto told = rig.apply();
  CHECK_MESSAGE(told.outcome() == "applied", told.message());
  CHECK(rig.sql("SELECT indisvalid FROM pg_index WHERE indexrelid = 'users_id'::regclass") == "t");
  CHECK(rig.cell_of("002_index") == "applied");
}

TEST_CASE("an index that could not be built is dropped again, and built when the file is right") {
  if (!PostgresServer::available()) {
    return;
  }
  Applying rig;
  rig.file("001_users.sql", "CREATE TABLE users (id int);\nINSERT INTO users VALUES (1), (1);\n");
  rig.file("002_index.sql", "CREATE UNIQUE INDEX CONCURRENTLY users_id ON users (id);\n");
  rig.begin();
  const auto failed = rig.apply();
  CHECK(failed.outcome() == "failed");
  CHECK(failed.message().find("was dropped") != std::string::npos);
  CHECK_FALSE(rig.exists("users_id"));
  rig.sql("DELETE FROM users");
  CHECK(rig.apply().outcome() == "applied");
  CHECK(rig.sql("SELECT indisvalid FROM pg_index WHERE indexrelid = 'users_id'::regclass") == "t");
}

TEST_CASE("an invalid index of somebody else is named, and not touched") {
  if (!PostgresServer::available()) {
    return;
  }
  Applying rig;
  rig.file("001_users.sql", "CREATE TABLE users (id int);\nINSERT INTO users VALUES (1), (1);\n");
  rig.begin();
  REQUIRE(rig.apply().outcome() == "applied");
  CHECK_THROWS(rig.sql("CREATE UNIQUE INDEX CONCURRENTLY users_id ON users (id)"));
  rig.migration("002_index",
                "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS users_id ON users (id);\n");
  const auto failed = rig.apply();
  CHECK(failed.outcome() == "failed");
  CHECK(failed.message().find("invalid index \"users_id\"") != std::string::npos);
  CHECK(rig.exists("users_id"));
  CHECK(rig.cell_of("002_index") == "failed");
}

TEST_CASE("what blocks a migration is named, and nothing is left of it") {
  if (!PostgresServer::available()) {
    return;
  }
  Applying rig("        lock_timeout: 500ms\n        lock_retries: 1\n");
  rig.file("001_users.sql", "CREATE TABLE users (id int);\n");
  rig.begin();
  REQUIRE(rig.apply().outcome() == "applied");
  PostgresSession other(rig.server(), rig.database());
  other.run("SET application_name = 'somebody'; BEGIN; SELECT * FROM users");
  // One before it: its session is used again.
  rig.file("002_first.sql", "CREATE TABLE first (id int);\n");
  rig.migration("003_name", "CREATE TABLE other (id int);\nALTER TABLE users ADD name text;\n");
  const auto failed = rig.apply();
  CHECK(failed.outcome() == "failed");
  CHECK(failed.of("retrying").size() == 1);
  CHECK(failed.message().find("somebody") != std::string::npos);
  CHECK(failed.message().find("given up after 2 tries") != std::string::npos);
  CHECK(rig.exists("first"));
  CHECK_FALSE(rig.exists("other"));
  other.run("COMMIT");
  CHECK(rig.apply().outcome() == "applied");
}

TEST_CASE("an apply is cancelled, and says what was done and what not") {
  if (!PostgresServer::available()) {
    return;
  }
  Applying rig;
  rig.file("001_users.sql", "CREATE TABLE users (id int);\n");
  rig.file("002_slow.sql", "CREATE TABLE slow (id int);\nSELECT pg_sleep(60);\n");
  rig.file("003_last.sql", "CREATE TABLE last (id int);\n");
  rig.begin();
  Applying::Told told;
  std::thread client([&] { told = rig.apply(); });
  CHECK(rig.eventually([&] { return rig.cell_of("002_slow") == "applying"; }));
  const auto cancelled = rig.post("cancel");
  client.join();
  CHECK(cancelled.outcome() == "cancelled");
  CHECK(told.outcome() == "cancelled");
  CHECK(told.lines.back().at("done").as_array().size() == 1);
  CHECK(told.lines.back().at("left").as_array().size() == 2);
  CHECK(rig.exists("users"));
  CHECK_FALSE(rig.exists("slow"));
  CHECK(rig.cell_of("002_slow") == "pending");
}

TEST_CASE("the daemon killed in the middle: nothing is lost, nothing is applied twice") {
  if (!PostgresServer::available()) {
    return;
  }
  Applying rig;
  rig.file("001_users.sql", "CREATE TABLE users (id int);\n");
  // Whose server does not notice that the daemon is gone.
  rig.file("002_slow.sql",
           "CREATE TABLE slow (id int);\nSET LOCAL client_connection_check_interval = 0;\n"
           "SELECT pg_sleep(3);\n");
  rig.begin();
  std::thread client([&] { rig.request("POST", "/v1/apps/shop/environments/dev/apply", "{}"); });
  CHECK(rig.eventually([&] { return rig.cell_of("002_slow") == "applying"; }));
  rig.stop(SIGKILL);
  client.join();
  rig.begin();
  CHECK(rig.eventually([&] { return rig.cell_of("002_slow") == "failed"; }));
  CHECK(rig.cell_of("001_users") == "applied");
  CHECK_FALSE(rig.exists("slow"));
  const auto told = rig.apply();
  INFO(told.message());
  CHECK(told.outcome() == "applied");
  CHECK(rig.exists("slow"));
}

TEST_CASE("a backend that is ended in the middle leaves nothing, and the outcome is found out") {
  if (!PostgresServer::available()) {
    return;
  }
  Applying rig;
  rig.file("000_first.sql", "CREATE TABLE first (id int);\n");
  rig.file("001_slow.sql", "CREATE TABLE slow (id int);\nSELECT pg_sleep(60);\n");
  rig.begin();
  Applying::Told told;
  std::thread client([&] { told = rig.apply(); });
  CHECK(rig.eventually([&] {
    return rig.sql(
               "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE query LIKE "
               "'SELECT pg_sleep(60)%' AND application_name = 'tidemark shop/dev migration'") !=
           "0";
  }));
  client.join();
  CHECK(told.outcome() == "failed");
  // Its number is written down by then, and nobody has to be asked about it all the same.
  INFO(told.message());
  CHECK(told.message().find("COMMIT was not sent") != std::string::npos);
  CHECK(rig.cell_of("000_first") == "applied");
  CHECK(rig.cell_of("001_slow") == "failed");
  CHECK_FALSE(rig.exists("slow"));
}

TEST_CASE("while it is frozen nothing is applied, and an admin may override that") {
  if (!PostgresServer::available()) {
    return;
  }
  Applying rig;
  rig.file("001_users.sql", "CREATE TABLE users (id int);\n");
  rig.begin();
  const std::string where = "/v1/apps/shop/environments/dev/";
  CHECK(rig.request("POST", where + "freeze", "{\"reason\": \"sale\"}").status == 200);
  CHECK(rig.apply().message().find("sale") != std::string::npos);
  rig.stop();
  rig.begin();
  CHECK(rig.status("dev").at("frozen").at("reason").as_string() == "sale");
  CHECK(rig.apply().status == 409);
  CHECK(rig.apply("{\"override_freeze\": \"outage\"}").outcome() == "applied");
  CHECK(rig.request("POST", where + "unfreeze", "{\"reason\": \"over\"}").status == 200);
  CHECK(rig.status("dev").at("frozen").is_null());
  CHECK(rig.apply().outcome() == "applied");
}

TEST_CASE("while an apply runs, modes and configs are not changed behind its back") {
  if (!PostgresServer::available()) {
    return;
  }
  Applying rig;
  rig.file("001_slow.sql", "SELECT pg_sleep(3);\n");
  rig.begin();
  Applying::Told told;
  std::thread client([&] { told = rig.apply(); });
  CHECK(rig.eventually([&] { return rig.cell_of("001_slow") == "applying"; }));
  const std::string where = "/v1/apps/shop/environments/dev/";
  const auto flip =
      rig.request("POST", where + "mode", R"({"mode":"reconcile_only","reason":"x"})");
  CHECK(flip.status == 409);
  const auto second = rig.apply();
  CHECK(second.status == 409);
  CHECK(second.problem.find("001_slow") != std::string::npos);
  client.join();
  CHECK(told.outcome() == "applied");
}

TEST_CASE("a rollback runs the rollback files in reverse, and is a new entry") {
  if (!PostgresServer::available()) {
    return;
  }
  Applying rig;
  rig.file("001_users.sql", "CREATE TABLE users (id int);\n");
  rig.file("001_users.down.sql", "DROP TABLE users;\n");
  rig.file("002_orders.sql", "CREATE TABLE orders (id int);\n");
  rig.file("002_orders.down.sql", "DROP TABLE orders;\n");
  rig.begin();
  REQUIRE(rig.apply().outcome() == "applied");
  const auto told = rig.post("rollback", R"({"to": "001_users"})");
  CHECK_MESSAGE(told.outcome() == "applied", told.message());
  CHECK(rig.exists("users"));
  CHECK_FALSE(rig.exists("orders"));
  CHECK(rig.cell_of("002_orders") == "pending");
  CHECK(rig.apply().outcome() == "applied");
  CHECK(rig.exists("orders"));
}

TEST_CASE("what cannot begin behind COMMIT does not undo what was committed") {
  if (!PostgresServer::available()) {
    return;
  }
  Applying rig;
  rig.file("001_first.sql",
           "CREATE TABLE first (id int);\n"
           "ALTER FUNCTION pg_catalog.pg_advisory_unlock_all() RENAME TO renamed;\n");
  rig.file("002_second.sql", "CREATE TABLE second (id int);\n");
  rig.begin();
  const auto told = rig.apply();
  CHECK(told.outcome() == "failed");
  CHECK(told.message().starts_with("002_second.sql: "));
  CHECK(told.message().find("pg_advisory_unlock_all() does not exist") != std::string::npos);
  CHECK(rig.cell_of("001_first") == "applied");
  CHECK(rig.exists("first"));
  CHECK(rig.cell_of("002_second") == "failed");
  rig.sql("ALTER FUNCTION pg_catalog.renamed() RENAME TO pg_advisory_unlock_all");
  CHECK(rig.apply().outcome() == "applied");
  CHECK(rig.exists("second"));
}

TEST_CASE("how long a migration took is told without COMMIT of the one before") {
  if (!PostgresServer::available()) {
    return;
  }
  Applying rig;
  rig.file("001_slow.sql",
           "CREATE TABLE slow (id int);\n"
           "CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS\n"
           "  'BEGIN PERFORM pg_sleep(2); RETURN NULL; END';\n"
           "CREATE CONSTRAINT TRIGGER slowly AFTER INSERT ON slow DEFERRABLE INITIALLY DEFERRED\n"
           "  FOR EACH ROW EXECUTE FUNCTION wait();\n"
           "INSERT INTO slow VALUES (1);\n");
  rig.file("002_quick.sql", "CREATE TABLE quick (id int);\n");
  rig.begin();
  REQUIRE(rig.apply().outcome() == "applied");
  const auto took = rig.metric("tidemark_apply_duration_seconds_sum");
  CHECK(took >= 2);
  CHECK(took < 4);
}

TEST_CASE("a setting that a migration leaves in its session does not reach the next one") {
  if (!PostgresServer::available()) {
    return;
  }
  Applying rig;
  rig.file("001_poison.sql",
           "CREATE SCHEMA aside;\nSET search_path = aside;\nSET ROLE pg_monitor;\nRESET ROLE;\n"
           "CREATE TEMP TABLE hidden (id int);\nPREPARE p AS SELECT 1;\n"
           "SELECT pg_advisory_lock(7);\nSET lock_timeout = '1ms';\n");
  rig.file("002_probe.sql",
           "CREATE TABLE probe AS SELECT current_setting('search_path') AS path, "
           "(SELECT count(*) FROM pg_prepared_statements) AS prepared, "
           "to_regclass('pg_temp.hidden') IS NOT NULL AS hidden, "
           "current_setting('lock_timeout') AS lock_timeout, (SELECT count(*) FROM pg_locks WHERE "
           "locktype = 'advisory' AND pid = pg_backend_pid() AND objid = 7) AS locks;\n");
  rig.begin();
  const auto told = rig.apply();
  REQUIRE_MESSAGE(told.outcome() == "applied", told.message());
  CHECK(rig.sql("SELECT path || ' ' || prepared || ' ' || hidden || ' ' || lock_timeout || ' ' || "
                "locks FROM public.probe") == "\"$user\", public 0 false 5s 0");
}

TEST_CASE("nor does the encoding that it leaves, in which the next one begins") {
  if (!PostgresServer::available()) {
    return;
  }
  Applying rig("        schema: größe\n");
  rig.sql("CREATE SCHEMA größe");
  rig.file("001_poison.sql", "SET client_encoding = 'LATIN1';\n");
  rig.file("002_table.sql", "CREATE TABLE straße (id int);\n");
  rig.begin();
  const auto told = rig.apply();
  REQUIRE_MESSAGE(told.outcome() == "applied", told.message());
  CHECK(rig.exists("größe.straße"));
}

TEST_CASE("nor does one that a migration outside a transaction leaves") {
  if (!PostgresServer::available()) {
    return;
  }
  Applying rig;
  rig.file("001_first.sql", "CREATE SCHEMA aside;\nCREATE TABLE first (id int);\n");
  for (const std::string number : {"002", "003"}) {
    rig.file(number + "_apart.sql",
             "CREATE INDEX CONCURRENTLY first_" + number +
                 " ON first (id);\nSET search_path = aside;\nSET ROLE pg_monitor;\n"
                 "CREATE TEMP TABLE hidden" +
                 number + " (id int);\n");
  }
  rig.file("004_probe.sql",
           "CREATE TABLE probe AS SELECT current_setting('search_path') AS path, current_user AS "
           "is, (SELECT count(*) FROM pg_class WHERE relname LIKE 'hidden%') AS hidden;\n");
  rig.begin();
  const auto told = rig.apply();
  REQUIRE_MESSAGE(told.outcome() == "applied", told.message());
  CHECK(rig.sql("SELECT path || ' ' || \"is\" || ' ' || hidden FROM public.probe") ==
        "\"$user\", public postgres 0");
}

TEST_CASE("SQL that nobody could tell anything about is sent only on request") {
  if (!PostgresServer::available()) {
    return;
  }
  Applying rig;
  rig.file("001_odd.sql", "CREATE TABLE odd (id int);\nSELEC 1;\n");
  rig.begin();
  const auto refused = rig.apply();
  CHECK(refused.status == 409);
  CHECK(refused.problem.find("001_odd.sql:2:1") != std::string::npos);
  const auto failed = rig.apply(R"({"unanalysed": true})");
  CHECK(failed.outcome() == "failed");
  CHECK_FALSE(rig.exists("odd"));
}

TEST_CASE("a directory of Diesel's is applied, and in a transaction unless it asks for none") {
  if (!PostgresServer::available()) {
    return;
  }
  Applying rig;
  rig.file("00000000000000_diesel_initial_setup/up.sql", "CREATE SCHEMA helpers;\n");
  rig.file("2026-01-01-000000_users/up.sql", "CREATE TABLE users (id int);\n");
  rig.file("2026-01-01-000000_users/down.sql", "DROP TABLE users;\n");
  rig.file("2026-01-02-000000_orders/metadata.toml", "run_in_transaction = false\n");
  rig.file("2026-01-02-000000_orders/up.sql",
           "CREATE TABLE orders (id int);\nCREATE TABLE no_schema.lines (id int);\n");
  rig.begin();
  CHECK(rig.json({"matrix", "shop"}).at("layout").as_string() == "diesel");
  CHECK(rig.apply().outcome() == "failed");
  CHECK(rig.cell_of("2026-01-01-000000_users") == "applied");
  CHECK(rig.exists("users"));
  CHECK(rig.exists("orders"));  // the statement before the one that failed
  rig.sql("CREATE SCHEMA no_schema");
  CHECK(rig.apply().outcome() == "applied");
  CHECK(rig.exists("no_schema.lines"));
  CHECK(rig.post("rollback", R"({"only": ["2026-01-01-000000_users"]})").outcome() == "applied");
  CHECK_FALSE(rig.exists("users"));
}

TEST_CASE("a directory of sqlx's is applied behind what sqlx itself has applied") {
  if (!PostgresServer::available()) {
    return;
  }
  Applying rig;
  rig.sql(
      "CREATE TABLE users (id int); CREATE TABLE _sqlx_migrations (version bigint PRIMARY KEY,"
      " description text NOT NULL, installed_on timestamptz NOT NULL DEFAULT now(),"
      " success boolean NOT NULL, checksum bytea NOT NULL, execution_time bigint NOT NULL);"
      "INSERT INTO _sqlx_migrations VALUES"
      " (1, 'users', now(), true, sha384('CREATE TABLE users (id int);'), 1)");
  rig.file("0001_users.up.sql", "CREATE TABLE users (id int);");
  rig.file("0001_users.down.sql", "DROP TABLE users;");
  rig.file("0002_orders.up.sql", "CREATE TABLE orders (id int);\n");
  rig.file("0002_orders.down.sql", "DROP TABLE orders;\n");
  rig.file("0003_index.sql",
           "-- no-transaction\nCREATE INDEX CONCURRENTLY by_id ON orders (id);\n");
  rig.begin();
  REQUIRE(rig.eventually([&] { return rig.cell_of("0002_orders") == "pending"; }));
  CHECK(rig.json({"matrix", "shop"}).at("layout").as_string() == "sqlx");
  const auto told = rig.apply();
  CHECK_MESSAGE(told.outcome() == "applied", told.message());
  CHECK(told.of("migration.started").size() == 2);
  CHECK(rig.exists("by_id"));
  CHECK(rig.post("rollback", R"({"only": ["0002_orders"]})").outcome() == "applied");
  CHECK_FALSE(rig.exists("orders"));
  CHECK(rig.sql("SELECT count(*) FROM _sqlx_migrations") == "1");  // theirs is never written
}

TEST_CASE("what another tool has applied since the last look is not applied again") {
  if (!PostgresServer::available()) {
    return;
  }
  Applying rig("        poll: 1h\n");
  rig.sql(
      "CREATE TABLE goose_db_version (id serial PRIMARY KEY, version_id bigint NOT NULL, "
      "is_applied boolean NOT NULL, tstamp timestamp DEFAULT now());"
      "INSERT INTO goose_db_version (version_id, is_applied) VALUES (0, true), (1, true)");
  rig.file("00001_users.sql", "-- +goose Up\nCREATE TABLE users (id int);\n");
  rig.file("00002_orders.sql", "-- +goose Up\nCREATE TABLE orders (id int);\n");
  rig.sql("CREATE TABLE users (id int)");
  rig.begin();
  REQUIRE(rig.eventually([&] { return rig.cell_of("00002_orders") == "pending"; }));
  const std::string planned(rig.plan().at("plan_id").as_string());
  rig.sql(
      "CREATE TABLE orders (id int);"
      "INSERT INTO goose_db_version (version_id, is_applied) VALUES (2, true)");
  const auto refused = rig.apply("{\"plan_id\": \"" + planned + "\"}");
  CHECK(refused.status == 409);
  CHECK(rig.apply().outcome() == "applied");  // nothing is left to do
  CHECK(rig.cell_of("00002_orders") == "applied");
}

TEST_CASE("what IF NOT EXISTS skipped is told") {
  if (!PostgresServer::available()) {
    return;
  }
  Applying rig;
  rig.file("001_users.sql", "CREATE TABLE users (id int);\n");
  rig.file("002_again.sql", "CREATE TABLE IF NOT EXISTS users (id int);\n");
  rig.begin();
  const auto told = rig.apply();
  CHECK(told.outcome() == "applied");
  REQUIRE(told.of("skipped").size() == 1);
  CHECK(told.of("skipped").front().at("statement").as_int64() == 1);
}
