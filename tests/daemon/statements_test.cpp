#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <string>
#include <utility>

#include <doctest/doctest.h>
#include <boost/json/parse.hpp>

#include "tests/daemon/support/flyway.h"
#include "tests/daemon/support/rig.h"
#include "tests/support/postgres_server.h"

using namespace tidemark::test;

namespace {

using Statements = std::set<std::string>;

// In one line, whatever the white space.
std::string in_words(const std::string& text) {
  std::istringstream words(text);
  std::string line;
  for (std::string word; words >> word;) {
    line += (line.empty() ? "" : " ") + word;
  }
  return line;
}

Statements documented() {
  Statements all;
  std::ifstream file(STATEMENTS);
  std::string statement;
  bool inside = false;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("```")) {
      if (inside) {
        all.insert(in_words(std::exchange(statement, "")));
      }
      inside = !inside;
    } else if (inside) {
      statement += line + "\n";
    }
  }
  return all;
}

std::string with_placeholder(std::string statement, const std::string& table) {
  if (const auto at = statement.find(table); at != std::string::npos) {
    statement.replace(at, table.size(), "{ledger}");
  }
  return statement;
}

// What the server logged of us: {"application_name":"tidemark …","message":"execute <unnamed>: …"}.
Statements logged(const PostgresServer& server) {
  Statements all;
  for (const auto& entry : std::filesystem::directory_iterator(server.folder() / "data" / "log")) {
    if (entry.path().extension() != ".json") {
      continue;
    }
    std::ifstream file(entry.path());
    for (std::string line; std::getline(file, line);) {
      const auto message = boost::json::parse(line).as_object();
      const auto* who = message.if_contains("application_name");
      const std::string text(message.at("message").as_string());
      const auto begin = text.find(": ");
      if (who != nullptr && who->as_string().starts_with("tidemark ") &&
          (text.starts_with("statement: ") || text.starts_with("execute "))) {
        auto statement = with_placeholder(in_words(text.substr(begin + 2)),
                                          R"("public"."flyway_schema_history")");
        all.insert(with_placeholder(std::move(statement), R"("public"."FLYWAY_SCHEMA_HISTORY")"));
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

std::string rows_written(PostgresServer& server, const std::string& database) {
  return server.run("SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_all_tables",
                    database);
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
  // Who leaves tells the server what he wrote when he is gone.
  REQUIRE(rig.eventually([&] {
    return server.run(
               "SELECT count(*) FROM pg_stat_activity WHERE datname IS NOT NULL AND pid <> "
               "pg_backend_pid()") == "0";
  }));
  const auto before = rows_written(server, "small");
  rig.configure(environments, "defaults: {poll: 50ms}\n");
  rig.start();
  // An hour's worth of the default, and more.
  CHECK(rig.eventually([&] { return rig.polls("small") >= 100 && rig.polls("upper_large") >= 100; },
                       60));
  CHECK(rows_written(server, "small") == before);
  server.run("DROP TABLE flyway_schema_history", "small");
  CHECK(rig.eventually([&] { return without(documented(), logged(server)).empty(); }));
  rig.stop();

  for (const auto& statement : without(logged(server), documented())) {
    FAIL_CHECK("not documented: " << statement);
  }
  for (const auto& statement : without(documented(), logged(server))) {
    FAIL_CHECK("documented, and never sent: " << statement);
  }
}
