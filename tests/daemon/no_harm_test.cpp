#include <string>

#include <doctest/doctest.h>

#include "tests/daemon/support/flyway.h"
#include "tests/daemon/support/rig.h"
#include "tests/support/postgres_server.h"

using namespace tidemark::test;

namespace {

// Polled every 50 ms while others work on the database.
struct Busy : Rig {
  Busy() : database(PostgresServer::shared().create_database("busy")) {
    file("V1__users.sql", users);
    sql(create_flyway_ledger());
    sql(insert_flyway_row({.rank = 1, .content = users}));
    configure("      - name: staging\n        mode: reconcile_only\n        database: " +
                  server().address(database) + "\n",
              "defaults: {poll: 50ms}\n");
    start();
    REQUIRE(eventually([this] { return applied(); }));
  }

  PostgresServer& server() { return PostgresServer::shared(); }
  std::string sql(const std::string& statement) { return server().run(statement, database); }
  bool applied() { return cell("staging", "V1__users") == "applied"; }
  std::string last_seen() { return std::string(status("staging").at("as_of").as_string()); }
  // Nothing that anybody did here was ever taken for drift.
  bool nothing_found() { return json({"findings", "--all"}).at("findings").as_array().empty(); }
  bool looked_again() {
    const auto before = last_seen();
    return eventually([&] { return last_seen() != before; });
  }

  const std::string users = "CREATE TABLE users (id int);\n";
  std::string database;
};

// Who has to wait for us fails.
const std::string impatient = "SET lock_timeout = '2s'; ";

}  // namespace

TEST_CASE("a tool that empties its ledger and fills it again is never read as empty") {
  if (!PostgresServer::available()) {
    return;
  }
  Busy busy;
  for (int i = 0; i < 60; ++i) {
    busy.sql(impatient + "BEGIN; TRUNCATE flyway_schema_history; SELECT pg_sleep(0.03); " +
             insert_flyway_row({.rank = 1, .content = busy.users}) + "; COMMIT");
    CHECK(busy.applied());
  }
  CHECK(busy.looked_again());
  CHECK(busy.applied());
  CHECK(busy.nothing_found());
}

TEST_CASE("while their ledger is locked its cells stay, and it is read again afterwards") {
  if (!PostgresServer::available()) {
    return;
  }
  Busy busy;
  {
    PostgresSession other(busy.server(), busy.database);
    other.run("BEGIN; LOCK TABLE flyway_schema_history IN ACCESS EXCLUSIVE MODE");
    REQUIRE(busy.eventually([&] { return !busy.status("staging").at("reachable").as_bool(); }));
    CHECK(busy.applied());
    // We gave up: nobody stands in a queue behind us.
    other.run("COMMIT");
  }
  CHECK(busy.eventually([&] { return busy.status("staging").at("reachable").as_bool(); }));
  CHECK(busy.applied());
  CHECK(busy.nothing_found());
}

TEST_CASE("whoever alters the ledger does not wait for us") {
  if (!PostgresServer::available()) {
    return;
  }
  Busy busy;
  for (int i = 0; i < 60; ++i) {
    busy.sql(impatient + "ALTER TABLE flyway_schema_history ADD COLUMN more int");
    busy.sql(impatient + "ALTER TABLE flyway_schema_history DROP COLUMN more");
  }
  CHECK(busy.looked_again());
  CHECK(busy.applied());
  CHECK(busy.nothing_found());
}

TEST_CASE("indexes that are built concurrently are whole") {
  if (!PostgresServer::available()) {
    return;
  }
  Busy busy;
  busy.sql("CREATE TABLE wide AS SELECT i AS a FROM generate_series(1, 1000) i");
  for (int i = 0; i < INDEX_BUILDS; ++i) {
    const auto name = "wide_" + std::to_string(i);
    busy.sql("CREATE INDEX CONCURRENTLY " + name + " ON wide (a)");
    CHECK(busy.sql("SELECT indisvalid FROM pg_index WHERE indexrelid = '" + name + "'::regclass") ==
          "t");
    busy.sql("DROP INDEX CONCURRENTLY " + name);
  }
  CHECK(busy.looked_again());
  CHECK(busy.nothing_found());
}
