#include <doctest/doctest.h>

#include <fstream>

#include "tests/daemon/support/flyway.h"
#include "tests/daemon/support/rig.h"
#include "tests/support/postgres_server.h"

using namespace tidemark::test;

namespace {

const std::string users = "CREATE TABLE users (id int);\n";

// A managed dev without a ledger: what is known of it rests on our word alone; and a prod that
// nobody connects to.
struct OurWord : Rig {
  OurWord() {
    file("V1__users.sql", users);
    file("V2__orders.sql", "CREATE TABLE orders (id int);\n");
    database = PostgresServer::shared().create_database("shop");
    configure("      - name: dev\n        poll: 1s\n        database: " +
              PostgresServer::shared().address(database) + "\n      - name: prod\n");
    start();
    look();
    REQUIRE(tidemark({"mark", "shop/dev", "V1__users", "--reason", "test"}).status == 0);
    REQUIRE(tidemark({"mark", "shop/prod", "V1__users", "--reason", "test"}).status == 0);
    REQUIRE(cell("dev", "V1__users") == "applied");
  }
  void look() {
    REQUIRE(eventually([this] {
      return cell("dev", "V2__orders") != "unknown" && cell("dev", "V2__orders") != "";
    }));
  }
  std::string history(const std::string& environment) {
    return std::string(status(environment).at("history").as_string());
  }
  Ran rebaseline(const std::string& environment, const std::string& as) {
    return tidemark({"rebaseline", "shop/" + environment, as, "--reason", "looked at it", "--yes"});
  }
  std::string database;
};

void copy_ledger(const std::filesystem::path& from, const std::filesystem::path& to) {
  for (const auto* suffix : {"", "-wal", "-shm"}) {
    std::filesystem::remove(to.string() + suffix);
    if (std::filesystem::exists(from.string() + suffix)) {
      std::filesystem::copy_file(from.string() + suffix, to.string() + suffix);
    }
  }
}

}  // namespace

TEST_CASE(
    "a database dropped and created again makes what rests on our word unknown, until a person "
    "says what holds") {
  if (!PostgresServer::available()) {
    return;
  }
  OurWord rig;
  auto& server = PostgresServer::shared();
  server.run("DROP DATABASE " + rig.database + " WITH (FORCE)");
  server.run("CREATE DATABASE " + rig.database);
  REQUIRE(rig.eventually([&] { return rig.history("dev") == "uncertain"; }));
  CHECK(rig.eventually([&] { return rig.cell("dev", "V1__users") == "unknown"; }));
  CHECK(rig.cell("prod", "V1__users") == "applied");
  CHECK(rig.tidemark({"status"}).out.find("rebaseline") != std::string::npos);
  CHECK(rig.tidemark({"audit"}).out.find("environment.changed") != std::string::npos);

  SUBCASE("it is empty") {
    CHECK(rig.rebaseline("dev", "empty").status == 0);
    CHECK(rig.history("dev") == "certain");
    CHECK(rig.cell("dev", "V1__users") == "pending");
  }
  SUBCASE("what we remember is still right") {
    CHECK(rig.rebaseline("dev", "keep").status == 0);
    CHECK(rig.cell("dev", "V1__users") == "applied");
  }
  SUBCASE("it has no ledger to adopt") {
    CHECK(rig.rebaseline("dev", "adopt").status != 0);
  }
  SUBCASE("the doubt survives a restart") {
    rig.stop();
    rig.start();
    CHECK(rig.history("dev") == "uncertain");
    CHECK(rig.rebaseline("dev", "keep").status == 0);
    rig.stop();
    rig.start();
    CHECK(rig.history("dev") == "certain");
  }
}

TEST_CASE("a ledger of ours restored from an older copy makes every history uncertain") {
  if (!PostgresServer::available()) {
    return;
  }
  OurWord rig;
  const auto copy = rig.folder() / "older.db";
  REQUIRE(rig.tidemark({"backup", copy.string()}).status == 0);
  REQUIRE(rig.tidemark({"mark", "shop/dev", "V2__orders", "--reason", "after the backup"}).status ==
          0);
  rig.stop();
  copy_ledger(copy, rig.ledger());
  rig.start();
  CHECK(rig.history("dev") == "uncertain");
  CHECK(rig.history("prod") == "uncertain");
  // Not even what was never recorded is known: the lost part may have had it.
  CHECK(rig.cell("prod", "V2__orders") == "unknown");
  CHECK(rig.cell("prod", "V1__users") == "unknown");
  CHECK(rig.json({"audit", "verify"}).at("ok").as_bool());
  CHECK(rig.rebaseline("prod", "keep").status == 0);
  CHECK(rig.cell("prod", "V1__users") == "applied");
  CHECK(rig.history("dev") == "uncertain");

  SUBCASE("and that is said once, not at every start") {
    rig.stop();
    rig.start();
    CHECK(rig.history("prod") == "certain");
    CHECK(rig.history("dev") == "uncertain");
  }
}

TEST_CASE("their ledger is simply read anew when the database is another one") {
  if (!PostgresServer::available()) {
    return;
  }
  auto& server = PostgresServer::shared();
  Rig rig;
  rig.file("V1__users.sql", users);
  const auto database = server.create_database("shop");
  const auto fill = [&] {
    server.run(create_flyway_ledger(), database);
    server.run(insert_flyway_row({.content = users}), database);
  };
  fill();
  rig.configure(
      "      - name: staging\n        mode: reconcile_only\n        poll: 1s\n        database: " +
      server.address(database) + "\n");
  rig.start();
  REQUIRE(rig.eventually([&] { return rig.cell("staging", "V1__users") == "applied"; }));
  server.run("DROP DATABASE " + database + " WITH (FORCE)");
  server.run("CREATE DATABASE " + database);
  CHECK(rig.eventually([&] { return rig.cell("staging", "V1__users") == "drifted vanished"; }, 30));
  fill();
  CHECK(rig.eventually([&] { return rig.cell("staging", "V1__users") == "applied"; }));
  CHECK(rig.status("staging").at("history").as_string() == "certain");
  CHECK(rig.tidemark({"audit"}).out.find("environment.changed") != std::string::npos);
}

TEST_CASE("two environments of one app cannot be one database") {
  if (!PostgresServer::available()) {
    return;
  }
  auto& server = PostgresServer::shared();
  Rig rig;
  rig.file("V1__users.sql", users);
  const auto database = server.create_database("shop");
  rig.configure(
      "      - name: test\n        poll: 1s\n        database: " + server.address(database) +
      "\n      - name: staging\n        mode: reconcile_only\n        poll: 1s\n        "
      "database: " +
      server.address(database) + "\n");
  rig.start();
  CHECK(rig.eventually([&] {
    return rig.tidemark({"status"}).out.find("is the same database as") != std::string::npos;
  }));
}

TEST_CASE("a second daemon on the same ledger ends before it touches anything") {
  Rig rig;
  rig.file("1_users.sql", users);
  rig.configure("      - name: prod\n");
  rig.start();
  const auto second = run({TIDEMARKD, "--config", rig.config().string()});
  CHECK(second.status == 1);
  CHECK(second.err.find("in use by another tidemarkd") != std::string::npos);
  CHECK(rig.tidemark({"status"}).status == 0);
}

TEST_CASE("a ledger whose audit log was tampered with is read, and takes no change") {
  Rig rig;
  rig.file("1_users.sql", users);
  rig.configure("      - name: prod\n");
  rig.start();
  REQUIRE(rig.tidemark({"mark", "shop/prod", "1", "--reason", "first"}).status == 0);
  CHECK(rig.get("/metrics").find("\ntidemark_audit_verified 1\n") != std::string::npos);
  rig.stop();
  const auto script = "import sqlite3; c = sqlite3.connect('" + rig.ledger().string() +
                      "'); c.executescript(\"DROP TRIGGER IF EXISTS audit_is_append_only_update; " +
                      "DROP TRIGGER IF EXISTS audit_append_only_update;\"); " +
                      "[c.execute('DROP TRIGGER ' + n) for (n,) in "
                      "c.execute(\"SELECT name FROM sqlite_master WHERE type = 'trigger' AND "
                      "tbl_name = 'audit'\").fetchall()]; " +
                      "c.execute(\"UPDATE audit SET actor = 'nobody' WHERE seq = 1\"); c.commit()";
  REQUIRE(run({"/usr/bin/python3", "-c", script}).status == 0);
  rig.start({}, false);
  REQUIRE(rig.eventually([&] { return rig.tidemark({"status"}).status == 0; }));
  CHECK_FALSE(rig.ready());
  CHECK(rig.get("/-/ready", 503).find("audit") != std::string::npos);
  CHECK(rig.cell("prod", "1_users") == "applied");
  CHECK(rig.tidemark({"unmark", "shop/prod", "1", "--reason", "x"}).status != 0);
  CHECK(rig.tidemark({"audit", "verify"}).status == 1);
  CHECK(rig.tidemark({"events"}).out.find("audit.broken") != std::string::npos);
  CHECK(rig.get("/metrics").find("\ntidemark_audit_verified 0\n") != std::string::npos);
}
