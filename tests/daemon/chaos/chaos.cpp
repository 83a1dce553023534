#include "tests/daemon/chaos/chaos.h"

#include <chrono>
#include <thread>

#include <doctest/doctest.h>
#include <boost/json/serialize.hpp>

namespace tidemark::test {

namespace json = boost::json;

ChaosShop::ChaosShop(PostgresServer& server)
    : server_(server),
      database_(server.create_database("shop")),
      role_("reader_of_" + database_),
      address_(server.address(database_, role_)) {
  file("V1__users.sql", users);
  file("V2__orders.sql", orders);
  file("V3__phone.sql", "ALTER TABLE users ADD phone text;\n");
  sql(create_flyway_ledger());
  sql(insert_users_and_orders(users, orders));
  sql("CREATE ROLE " + role_ + " LOGIN; GRANT SELECT ON flyway_schema_history TO " + role_);
}

std::string ChaosShop::environment(const std::string& name,
                                   const std::string& address,
                                   const std::string& keys) const {
  return "      - name: " + name + "\n        mode: reconcile_only\n        database: " + address +
         "\n" + keys;
}

void ChaosShop::start_unread(const std::string& keys, const std::string& more) {
  if (!std::filesystem::exists(config())) {
    configure(environment("staging", address_, keys) + more,
              "defaults: {poll: 60ms}\nlimits: {connects_per_second: 500}\n");
  }
  start();
  started_ = pid();
}

void ChaosShop::start_and_look(const std::string& keys, const std::string& more) {
  start_unread(keys, more);
  REQUIRE(eventually([this] { return cell("staging", "V1__users") == "applied"; }));
  REQUIRE(looks("staging"));
  before_ = known();
}

bool ChaosShop::looks(const std::string& environment, int times) {
  const int before = polls(environment, "ok");
  return eventually([&] { return polls(environment, "ok") >= before + times; }, 60);
}

int ChaosShop::failures(const std::string& environment) {
  return polls(environment, "retry") + polls(environment, "denied") + polls(environment, "broken");
}

std::string ChaosShop::problem() {
  const auto last = status("staging").at("last_poll");
  return last.is_object() && last.at("error").is_string()
             ? std::string(last.at("error").as_string())
             : "";
}

std::string ChaosShop::known() {
  auto staging = status("staging");
  for (const auto* ages : {"as_of", "last_poll", "lag", "stale"}) {
    staging.erase(ages);
  }
  std::string text = json::serialize(staging);
  for (const auto& migration : json({"matrix", "shop"}).at("migrations").as_array()) {
    text += "\n" + json::serialize(migration.at("cells").at("staging"));
  }
  return text;
}

int ChaosShop::found(bool all) {
  std::vector<std::string> command{"findings"};
  if (all) {
    command.emplace_back("--all");
  }
  return static_cast<int>(json(command).at("findings").as_array().size());
}

void ChaosShop::check_never_failed() {
  REQUIRE_MESSAGE(running(), log());
  CHECK(pid() == started_);
  CHECK(metric("tidemark_task_restarts_total") == 0);
  CHECK(metric("tidemark_http_handler_failures_total") == 0);
}

void ChaosShop::check_as_before() {
  CHECK(looks("staging"));
  check_never_failed();
  CHECK(known() == before_);
  CHECK(found() == 0);
}

LookUnderWay::LookUnderWay(ChaosShop& shop, PostgresServer& looked_at)
    : holder_(shop.server(), shop.database()) {
  holder_.run("BEGIN; LOCK TABLE flyway_schema_history IN ACCESS EXCLUSIVE MODE");
  const auto waiting = [&] {
    return looked_at.run(
               "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND "
               "application_name LIKE 'tidemark %' AND datname = '" +
               shop.database() + "'") != "0";
  };
  REQUIRE(shop.eventually(waiting, 30));
}

void anywhere(ChaosShop& shop, int times, const std::function<void()>& event) {
  for (int i = 0; i < times; ++i) {
    INFO("round " << i);
    if (i % 2 == 0) {
      std::this_thread::sleep_for(std::chrono::milliseconds(7 * i));
      event();
    } else {
      LookUnderWay look(shop);
      event();
    }
  }
}

}  // namespace tidemark::test
