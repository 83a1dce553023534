#include <doctest/doctest.h>

#include "tests/daemon/chaos/chaos.h"

using namespace tidemark::test;

TEST_CASE("a standby is labelled until it is promoted, and keeps its history") {
  if (!PostgresServer::available()) {
    return;
  }
  PostgresServer primary;
  ChaosShop shop(primary);
  PostgresServer standby({.standby_of = &primary});
  shop.watch_at(standby.address(shop.database(), shop.role()));
  shop.start_and_look();
  const auto labelled = [&] { return shop.status("staging").at("standby").as_bool(); };
  CHECK(labelled());
  CHECK(shop.tidemark({"status"}).out.find("standby") != std::string::npos);
  CHECK(shop.cell("staging", "V2__orders") == "applied");
  CHECK(shop.cell("staging", "V3__phone") == "not_due");
  const auto seen_applied = shop.json({"show", "shop", "V1__users"});

  const std::string promote = "SELECT pg_promote()";
  SUBCASE("between looks") {
    standby.run(promote);
  }
  SUBCASE("in the middle of one") {
    LookUnderWay look(shop, standby);
    standby.run(promote);
  }
  SUBCASE("while nobody could look, and its primary is gone") {
    standby.stop();
    primary.stop(PostgresServer::Stop::immediate);
    CHECK(shop.eventually([&] { return !shop.reachable(); }));
    CHECK(shop.cell("staging", "V2__orders") == "applied");
    standby.start();
    standby.run(promote);
  }
  REQUIRE(shop.eventually([&] { return !labelled(); }));
  CHECK(shop.looks("staging"));
  shop.check_never_failed();
  CHECK(shop.tidemark({"status"}).out.find("standby") == std::string::npos);
  CHECK(shop.found() == 0);
  CHECK(shop.status("staging").at("history").as_string() == "certain");
  CHECK(shop.json({"show", "shop", "V1__users"}) == seen_applied);
  CHECK(shop.cell("staging", "V2__orders") == "applied");
  CHECK(shop.cell("staging", "V3__phone") == "pending");

  standby.run("UPDATE flyway_schema_history SET success = false WHERE version = '2'",
              shop.database());
  CHECK(shop.eventually([&] { return shop.cell("staging", "V2__orders") == "drifted dirty"; }));
}
