#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>

#include <doctest/doctest.h>
#include <boost/json/parse.hpp>

#include "tests/daemon/support/flyway.h"
#include "tests/daemon/support/rig.h"
#include "tests/support/documented.h"
#include "tests/support/postgres_server.h"

using namespace tidemark::test;

namespace {

// In words, and with {ledger} for the name of one.
std::string as_documented(const std::string& text) {
  auto statement = in_words(text);
  for (const std::string table : {R"("public"."flyway_schema_history")",
                                  R"("public"."FLYWAY_SCHEMA_HISTORY")",
                                  R"("public"."renamed_history")"}) {
    if (const auto at = statement.find(table); at != std::string::npos) {
      statement.replace(at, table.size(), "{ledger}");
    }
  }
  return statement;
}

// How a session ended, or why it did not begin, and no more.
bool is_goodbye(const boost::json::object& message) {
  const std::string_view text = message.at("message").as_string();
  return message.at("error_severity").as_string() == "FATAL" ||
         text.starts_with("unexpected EOF on client connection") ||
         text.starts_with("could not receive data from client") ||
         text.starts_with("could not send data to client");
}

// What the server logged of everybody but ourselves, whatever he calls himself:
// {"user":"watcher","message":"execute <unnamed>: …"}. A function call without SQL is logged too,
// by its own words.
Statements logged(const PostgresServer& server) {
  Statements all;
  for (const auto& entry : std::filesystem::directory_iterator(server.folder() / "data" / "log")) {
    if (entry.path().extension() != ".json") {
      continue;
    }
    std::ifstream file(entry.path());
    for (std::string line; std::getline(file, line);) {
      const auto message = boost::json::parse(line).as_object();
      const auto* who = message.if_contains("user");
      const std::string text(message.at("message").as_string());
      if (who == nullptr || who->as_string() == server.user() || is_goodbye(message)) {
        continue;
      }
      if (text.starts_with("statement: ") || text.starts_with("execute ")) {
        all.insert(as_documented(text.substr(text.find(": ") + 2)));
      } else if (const auto* statement = message.if_contains("statement"); statement != nullptr) {
        all.insert(as_documented(std::string(statement->as_string())));  // it failed
      } else {
        all.insert(text);
      }
    }
  }
  return all;
}

Statements without(const Statements& some, const Statements& others) {
  Statements rest;
  std::set_difference(
      some.begin(), some.end(), others.begin(), others.end(), std::inserter(rest, rest.end()));
  return rest;
}

std::string upper_case_ledger() {
  return R"(CREATE TABLE "FLYWAY_SCHEMA_HISTORY" ("INSTALLED_RANK" integer PRIMARY KEY,
    "VERSION" varchar(50), "DESCRIPTION" varchar(200) NOT NULL, "TYPE" varchar(20) NOT NULL,
    "SCRIPT" varchar(1000) NOT NULL, "CHECKSUM" integer, "INSTALLED_BY" varchar(100) NOT NULL,
    "INSTALLED_ON" timestamp NOT NULL DEFAULT now(), "EXECUTION_TIME" integer NOT NULL,
    "SUCCESS" boolean NOT NULL))";
}

std::string many_rows(const std::string& table) {
  return "INSERT INTO " + table +
         " SELECT i, i::text, 'x', 'SQL', 'V' || i || '__x.sql', i, 'flyway', now(), 1, true FROM "
         "generate_series(1, 150) i";
}

// In all databases, and since the server was made.
long rows_written(PostgresServer& server) {
  return std::stol(server.run(
      "SELECT sum(tup_inserted + tup_updated + tup_deleted)::bigint FROM pg_stat_database"));
}

// The same, of one statement that we run.
long rows_written_by(const std::string& sql, PostgresServer& server, const std::string& database) {
  PostgresSession session(server, database);
  session.run("BEGIN; " + sql);
  const auto rows = session.run(
      "SELECT sum(n_tup_ins + n_tup_upd + n_tup_del)::bigint FROM pg_stat_xact_all_tables");
  session.run("COMMIT");
  return std::stol(rows);
}

// Who leaves tells the server what he wrote when he is gone.
bool nobody_is_there(PostgresServer& server) {
  return server.run(
             "SELECT count(*) FROM pg_stat_activity WHERE datname IS NOT NULL AND pid <> "
             "pg_backend_pid()") == "0";
}

}  // namespace

TEST_CASE("a watched server logs what is documented and nothing else, and counts no row of ours") {
  if (!PostgresServer::available()) {
    return;
  }
  PostgresServer server({.settings = {"logging_collector = on",
                                      "log_destination = 'jsonlog'",
                                      "log_statement = 'all'",
                                      "autovacuum = off"}});
  Rig rig;
  rig.file("V1__users.sql", "CREATE TABLE users (id int);\n");
  std::string environments;
  const auto add = [&](const std::string& name, const std::string& sql) {
    server.run("CREATE DATABASE " + name);
    server.run(sql, name);
    // As a role that is no superuser: he is asked for more.
    server.run("ALTER DATABASE " + name + " OWNER TO owner", name);
    environments += "      - name: " + name + "\n        mode: reconcile_only\n        database: " +
                    server.address(name, "watcher") + "\n";
  };
  server.run("CREATE ROLE watcher LOGIN; CREATE ROLE owner; GRANT pg_read_all_data TO watcher");
  add("small",
      create_flyway_ledger() + ";" +
          insert_flyway_row({.rank = 1, .content = "CREATE TABLE users (id int);\n"}));
  add("large", create_flyway_ledger() + ";" + many_rows("flyway_schema_history"));
  add("upper", upper_case_ledger());
  add("upper_large", upper_case_ledger() + ";" + many_rows("\"FLYWAY_SCHEMA_HISTORY\""));
  server.run("CREATE TABLE twice (id int); INSERT INTO twice VALUES (7), (7)", "small");
  CHECK_THROWS_AS(server.run("CREATE UNIQUE INDEX CONCURRENTLY ON twice (id)", "small"),
                  std::runtime_error);
  REQUIRE(rig.eventually([&] { return nobody_is_there(server); }));
  const auto before = rows_written(server);
  rig.configure(environments, "defaults: {poll: 50ms}\n");
  rig.start();
  // An hour's worth of the default, and more.
  for (const auto* name : {"small", "large", "upper", "upper_large"}) {
    CHECK(rig.eventually([&] { return rig.polls(name) >= 100; }, 60));
  }
  CHECK(rows_written(server) == before);
  const auto renamed = rows_written_by(
      "ALTER TABLE flyway_schema_history RENAME TO renamed_history", server, "small");
  CHECK(renamed > 0);
  {
    PostgresSession other(server, "large");
    other.run("BEGIN; LOCK TABLE flyway_schema_history IN ACCESS EXCLUSIVE MODE");
    CHECK(rig.eventually([&] {
      return rig.tidemark({"status"}).out.find("something is being applied") != std::string::npos;
    }));
  }
  const auto all = documented(STATEMENTS);
  CHECK(rig.eventually([&] { return without(all.general, logged(server)).empty(); }));
  rig.stop();
  REQUIRE(rig.eventually([&] { return nobody_is_there(server); }));
  CHECK(rows_written(server) == before + renamed);

  for (const auto& statement : without(without(logged(server), all.general), all.of_tools)) {
    FAIL_CHECK("not documented: " << statement);
  }
  for (const auto& statement : without(all.general, logged(server))) {
    FAIL_CHECK("documented, and never sent: " << statement);
  }
}
