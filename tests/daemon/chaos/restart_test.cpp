#include <doctest/doctest.h>

#include "tests/daemon/chaos/chaos.h"

using namespace tidemark::test;

TEST_CASE("a server that restarts, in order or by a crash, is unreachable meanwhile and no more") {
  if (!PostgresServer::available()) {
    return;
  }
  PostgresServer server;
  ChaosShop shop(server);
  shop.start_and_look();
  auto how = PostgresServer::Stop::fast;
  SUBCASE("fast") {}
  SUBCASE("immediate") {
    how = PostgresServer::Stop::immediate;
  }

  anywhere(shop, 6, [&] {
    server.stop(how);
    REQUIRE(shop.eventually([&] { return !shop.reachable(); }));
    CHECK(shop.cell("staging", "V1__users") == "applied");
    CHECK(shop.cell("staging", "V3__phone") == "pending");
    const auto as_of = shop.status("staging").at("as_of");
    CHECK(shop.eventually([&] { return shop.status("staging").at("stale").as_bool(); }));
    CHECK(shop.status("staging").at("as_of") == as_of);
    CHECK(shop.problem() != "");
    server.start();
    shop.check_as_before();
  });
  // Too short to be missed, or not.
  anywhere(shop, 6, [&] { server.restart(how); });
  shop.check_as_before();
}
