#include <memory>

#include <doctest/doctest.h>

#include "tests/adapters/postgres/pgbouncer.h"
#include "tests/daemon/chaos/chaos.h"

using namespace tidemark::test;

TEST_CASE("through PgBouncer in transaction mode nothing fails, and its restart is survived") {
  if (!PgBouncer::available()) {
    return;
  }
  PostgresServer server;
  ChaosShop shop(server);
  auto pooler = std::make_unique<PgBouncer>(server);
  shop.watch_at(pooler->address(shop.database()));
  shop.start_and_look();
  CHECK(shop.looks("staging", 120));
  CHECK(shop.failures("staging") == 0);

  anywhere(shop, 6, [&] {
    pooler.reset();
    REQUIRE(shop.eventually([&] { return !shop.reachable(); }));
    CHECK(shop.cell("staging", "V1__users") == "applied");
    CHECK(shop.cell("staging", "V3__phone") == "pending");
    pooler = std::make_unique<PgBouncer>(server);
  });
  shop.check_as_before();
  anywhere(shop, 4, [&] { server.restart(); });
  shop.check_as_before();

  shop.sql(insert_hotfix());
  CHECK(shop.eventually(
      [&] { return shop.cell("staging", "V147__hotfix_idx") == "drifted foreign"; }));
  shop.check_never_failed();
}
