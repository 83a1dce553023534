// Ended at any moment, also without a word: what is known afterwards is what was known before.

#include <chrono>
#include <csignal>
#include <random>
#include <string>
#include <thread>

#include <doctest/doctest.h>
#include <boost/json/serialize.hpp>

#include "tests/daemon/support/flyway.h"
#include "tests/daemon/support/rig.h"
#include "tests/support/postgres_server.h"

using namespace tidemark::test;
using namespace std::chrono_literals;

namespace json = boost::json;

namespace {

constexpr int ends = 45;
constexpr int ends_between_looks = 3;

// Something of everything: read and marked, drift that is open, acknowledged and over, a mode that
// an admin set.
struct History : Rig {
  History() {
    for (int i = 1; i <= 40; ++i) {
      file(name(i) + ".sql", content(i));
    }
    auto& server = PostgresServer::shared();
    const auto database = server.create_database("shop");
    server.run(create_flyway_ledger(), database);
    for (int i = 1; i <= 20; ++i) {
      server.run(insert_flyway_row({.rank = i,
                                    .version = std::to_string(i),
                                    .description = "x",
                                    .script = name(i) + ".sql",
                                    .content = content(i)}),
                 database);
    }
    server.run(insert_flyway_row({.rank = 21,
                                  .version = "99",
                                  .description = "hotfix",
                                  .script = "V99__hotfix.sql",
                                  .content = "x"}),
               database);
    configure(
        "      - name: staging\n        mode: reconcile_only\n        poll: 1s\n        @password\n"
        "        database: " +
        server.address(database) +
        "\n      - name: prod\n      - name: dev\n        poll: 1s\n        database: " +
        server.address(server.create_database("dev")) + "\n");
    start();
    REQUIRE(eventually([&] { return cell("staging", "V99__hotfix") == "drifted foreign"; }));
    does({"mark", "shop/prod", "--baseline", name(7), "--reason", "x"});
    does({"mark", "shop/dev", name(1), "--reason", "x"});
    does({"unmark", "shop/dev", name(1), "--reason", "x"});
    does({"mode", "shop/dev", "export_only", "--reason", "x"});
    file(name(2) + ".sql", "edited for a while\n");
    REQUIRE(eventually([&] { return cell("staging", name(2)) == "drifted edited"; }));
    file(name(2) + ".sql", content(2));
    file(name(3) + ".sql", "edited\n");
    remove(name(4) + ".sql");
    REQUIRE(eventually([&] {
      return cell("staging", name(2)) == "applied" &&
             cell("staging", name(3)) == "drifted edited" &&
             cell("staging", name(4)) == "drifted removed";
    }));
    const auto open = json({"findings"});
    does({"ack", open.at("findings").at(0).at("id").as_string().c_str(), "--reason", "known"});
  }

  // All that people see, without what tells the time.
  std::string state() {
    auto status = json({"status"});
    std::string all;
    for (auto& environment : status.at("environments").as_array()) {
      auto& known = environment.as_object();
      known.erase("as_of");
      known.erase("last_poll");
      if (auto* lag = known.at("lag").if_object(); lag != nullptr) {
        lag->erase("seconds");
      }
      all += json::serialize(known) + "\n";
    }
    for (const auto* environment : {"staging", "prod", "dev"}) {
      all += json::serialize(cells(environment)) + "\n";
    }
    all += json::serialize(json({"findings", "--all"})) + "\n";
    all += json::serialize(json({"audit", "verify"})) + "\n";
    return all + tidemark({"audit", "--json"}).out;
  }

 private:
  static std::string name(int number) { return "V" + std::to_string(number) + "__x"; }
  static std::string content(int number) {
    return "CREATE TABLE t" + std::to_string(number) + " (id int);\n";
  }
  void does(const std::vector<std::string>& command) {
    const auto told = tidemark(command);
    REQUIRE_MESSAGE(told.status == 0, command.front() << ": " << told.out << told.err);
  }
  json::object cells(const std::string& environment) {
    json::object all;
    for (const auto& migration : json({"matrix", "shop"}).at("migrations").as_array()) {
      all[migration.at("id").as_string()] = migration.at("cells").at(environment);
    }
    return all;
  }
};

}  // namespace

TEST_CASE("ended at any moment, with or without a word, it knows afterwards what it knew before") {
  if (!PostgresServer::available()) {
    return;
  }
  History shop;
  std::string before;
  CHECK(shop.eventually([&] {
    const auto seen = shop.state();
    return std::exchange(before, seen) == seen;
  }));
  CHECK(before.find("\"ok\":true") != std::string::npos);
  std::minstd_rand random(20261125);
  std::uniform_int_distribution<int> moment(1, 1'200);
  for (int end = 0; end < ends; ++end) {
    INFO("end " << end);
    if (shop.running()) {
      CHECK(shop.stop(end % 2 == 0 ? SIGKILL : SIGTERM) == (end % 2 == 0 ? 128 + SIGKILL : 0));
    }
    shop.start({}, false);
    std::this_thread::sleep_for(std::chrono::milliseconds(moment(random)));
    if (end % ends_between_looks == ends_between_looks - 1) {
      REQUIRE_MESSAGE(shop.eventually([&] { return shop.ready(); }, 30), shop.log());
      std::string now;
      CHECK_MESSAGE(shop.eventually([&] { return (now = shop.state()) == before; }), now);
    } else {
      shop.stop(random() % 2 == 0 ? SIGKILL : SIGTERM);
    }
  }
  CHECK(shop.stop() == 0);
}
