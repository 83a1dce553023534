#include <algorithm>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "tests/daemon/support/flyway.h"
#include "tests/daemon/support/rig.h"
#include "tests/support/postgres_server.h"

using namespace tidemark::test;

namespace {

// Many environments on one server, each a database with a Flyway ledger.
struct Crowd : Rig {
  explicit Crowd(int count) {
    file("V1__users.sql", users);
    server.run("CREATE DATABASE crowd_template");
    server.run(create_flyway_ledger() + ";" + insert_flyway_row({.rank = 1, .content = users}),
               "crowd_template");
    for (int i = 0; i < count; ++i) {
      names.push_back("e" + std::to_string(i));
      server.run("CREATE DATABASE " + names.back() + " TEMPLATE crowd_template");
      environments +=
          "      - name: " + names.back() +
          "\n        mode: reconcile_only\n        database: " + server.address(names.back()) +
          "\n";
    }
  }

  int connections() {
    return std::stoi(server.run(
        "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'tidemark %'"));
  }
  std::string backends() {
    return server.run(
        "SELECT string_agg(pid::text, ' ') FROM pg_stat_activity "
        "WHERE application_name LIKE 'tidemark %'");
  }
  bool all_seen() {
    return std::ranges::all_of(
        names, [this](const auto& name) { return cell(name, "V1__users") == "applied"; });
  }

  const std::string users = "CREATE TABLE users (id int);\n";
  PostgresServer server;
  std::vector<std::string> names;
  std::string environments;
};

}  // namespace

TEST_CASE("a server sees no more connections than its limit, and all environments are looked at") {
  if (!PostgresServer::available()) {
    return;
  }
  Crowd crowd(12);
  crowd.configure(crowd.environments,
                  "limits: {connections_per_server: 3, connects_per_second: 500}\n"
                  "defaults: {poll: 300ms}\n");
  crowd.start();
  int most = 0;
  CHECK(crowd.eventually([&] {
    most = std::max(most, crowd.connections());
    return crowd.all_seen();
  }));
  // Each of them again and again, although there are four for each place.
  crowd.server.run(insert_flyway_row({.rank = 2,
                                      .version = "2",
                                      .description = "more",
                                      .script = "V2__more.sql",
                                      .content = "x"}),
                   "e7");
  CHECK(crowd.eventually([&] {
    most = std::max(most, crowd.connections());
    return crowd.cell("e7", "V2__more") == "drifted foreign";
  }));
  CHECK(most <= 3);
  CHECK(most > 0);

  // More are let in as soon as the config says so.
  crowd.configure(crowd.environments,
                  "limits: {connections_per_server: 100, connects_per_second: 500}\n"
                  "defaults: {poll: 300ms}\n");
  crowd.send(SIGHUP);
  CHECK(crowd.eventually([&] { return crowd.connections() == 12; }));
}

TEST_CASE("a person does not stand in the line of the schedule") {
  if (!PostgresServer::available()) {
    return;
  }
  Crowd crowd(40);
  // One new connection a second: the schedule alone takes forty seconds for a round.
  crowd.configure(crowd.environments,
                  "limits: {connections_per_server: 1, connects_per_second: 1}\n"
                  "defaults: {poll: 1s}\n");
  crowd.start();
  const auto asked = crowd.tidemark({"poll", "shop/e39"});
  INFO(asked.out << asked.err);
  CHECK(asked.status == 0);
  CHECK(crowd.cell("e39", "V1__users") == "applied");
  CHECK_FALSE(crowd.all_seen());
}

TEST_CASE("connection: per_poll leaves the database alone between two looks") {
  if (!PostgresServer::available()) {
    return;
  }
  Crowd crowd(1);
  const auto config = [](const std::string& connection) {
    return "defaults: {poll: 400ms, connection: " + connection + "}\n";
  };
  crowd.configure(crowd.environments, config("per_poll"));
  crowd.start();
  REQUIRE(crowd.eventually([&] { return crowd.all_seen(); }));
  CHECK(crowd.eventually([&] { return crowd.connections() == 0; }));
  const auto seen = [&] { return crowd.status("e0").at("as_of").as_string(); };
  const auto before = seen();
  CHECK(crowd.eventually([&] { return seen() != before; }));
  CHECK(crowd.eventually([&] { return crowd.connections() == 0; }));

  crowd.configure(crowd.environments, config("keep"));
  crowd.send(SIGHUP);
  REQUIRE(crowd.eventually([&] { return crowd.connections() == 1; }));
  const auto backend = crowd.backends();
  for (int looks = 0; looks < 4; ++looks) {
    const auto last = seen();
    CHECK(crowd.eventually([&] { return seen() != last; }));
    CHECK(crowd.backends() == backend);
  }
}

TEST_CASE("looks come a little earlier or later each time, so that many do not fall together") {
  if (!PostgresServer::available()) {
    return;
  }
  Crowd crowd(1);
  crowd.configure(crowd.environments, "defaults: {poll: 500ms}\n");
  crowd.start();
  REQUIRE(crowd.eventually([&] { return crowd.all_seen(); }));
  std::vector<double> looks;  // milliseconds
  PostgresSession watcher(crowd.server, "postgres");
  REQUIRE(crowd.eventually([&] {
    const auto last = watcher.run(
        "SELECT extract(epoch FROM max(query_start)) * 1000 FROM pg_stat_activity "
        "WHERE application_name LIKE 'tidemark %'");
    const double at = last.empty() ? 0 : std::stod(last);
    if (at > 0 && (looks.empty() || at - looks.back() > 100)) {
      looks.push_back(at);
    }
    return looks.size() > 16;
  }));
  std::vector<double> pauses;
  for (std::size_t i = 3; i < looks.size(); ++i) {
    pauses.push_back(looks[i] - looks[i - 1]);
  }
  std::ranges::sort(pauses);
  // A tenth of 500 ms either way; the outermost may be the machine's.
  CHECK(pauses[pauses.size() - 2] - pauses[1] > 20);
}
