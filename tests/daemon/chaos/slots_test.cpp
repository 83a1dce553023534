#include <memory>
#include <vector>

#include <doctest/doctest.h>

#include "tests/daemon/chaos/chaos.h"

using namespace tidemark::test;

TEST_CASE(
    "a server without a free slot is told so, holds nobody else up, and is read again when there "
    "is one") {
  if (!PostgresServer::available()) {
    return;
  }
  PostgresServer server({.settings = {"max_connections = 12", "autovacuum = off"}});
  ChaosShop shop(server);
  auto& other = PostgresServer::shared();
  const auto good = other.create_database("good");
  other.run(create_flyway_ledger() + ";" + insert_flyway_row({.content = shop.users}), good);
  shop.start_and_look("        connection: per_poll\n",
                      shop.environment("good", other.address(good)));
  for (int round = 0; round < 4; ++round) {
    INFO("round " << round);
    {
      std::vector<std::unique_ptr<PostgresSession>> all;
      std::unique_ptr<LookUnderWay> look;
      if (round % 2 == 1) {
        look = std::make_unique<LookUnderWay>(shop);
      }
      // The daemon's own slot is free now and then.
      const bool told = shop.eventually([&] {
        try {
          all.push_back(std::make_unique<PostgresSession>(server, "postgres"));
        } catch (const std::runtime_error&) {
        }
        return shop.problem().find("slots") != std::string::npos ||
               shop.problem().find("too many clients") != std::string::npos;
      });
      REQUIRE_MESSAGE(told, shop.problem());
      CHECK_MESSAGE(shop.problem().find("raise max_connections") != std::string::npos,
                    shop.problem());
      CHECK(shop.eventually([&] { return !shop.reachable(); }));
      CHECK(shop.tidemark({"status"}).out.find("max_connections") != std::string::npos);
      CHECK(shop.cell("staging", "V1__users") == "applied");
      CHECK(shop.cell("staging", "V3__phone") == "pending");
      const int failed = shop.polls("staging", "retry");
      const int seen = shop.polls("good", "ok");
      const auto both_went_on = [&] {
        return shop.polls("staging", "retry") >= failed + 3 && shop.polls("good", "ok") >= seen + 3;
      };
      CHECK(shop.eventually(both_went_on, 60));
      CHECK(shop.tidemark({"poll", "shop/good"}).status == 0);
      CHECK(shop.failures("good") == 0);
    }
    REQUIRE(shop.eventually([&] { return shop.reachable(); }));
    shop.check_as_before();
  }
  CHECK(shop.log().find("poll failed environment=shop/staging") != std::string::npos);
}
