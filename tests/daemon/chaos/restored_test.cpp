#include <filesystem>
#include <memory>
#include <string>

#include <doctest/doctest.h>

#include "tests/daemon/chaos/chaos.h"

using namespace tidemark::test;

namespace {

// A server of which there is a copy from before V3 was applied.
struct Restored {
  Restored() : shop(server) {
    server.stop();
    run_program({"/bin/cp", "-a", data(), copy()}, log());
    server.start();
    apply_phone();
    shop.start_and_look();
    REQUIRE(shop.cell("staging", "V3__phone") == "applied");
  }

  std::string data() const { return (server.folder() / "data").string(); }
  std::string copy() const { return (server.folder() / "copy").string(); }
  std::string log() const { return (server.folder() / "copy.log").string(); }
  void apply_phone() {
    shop.sql(insert_flyway_row({.rank = 3,
                                .version = "3",
                                .description = "phone",
                                .script = "V3__phone.sql",
                                .content = "ALTER TABLE users ADD phone text;\n"}));
  }
  void put_back() {
    server.stop(PostgresServer::Stop::immediate);
    std::filesystem::remove_all(data());
    run_program({"/bin/cp", "-a", copy(), data()}, log());
  }
  // What the copy does not have is missed; what it has, is there.
  void check_missed() {
    REQUIRE(shop.eventually([&] { return shop.cell("staging", "V3__phone") != "applied"; }));
    CHECK(shop.cell("staging", "V3__phone") == "drifted vanished");
    CHECK(shop.cell("staging", "V1__users") == "applied");
    CHECK(shop.cell("staging", "V2__orders") == "applied");
    CHECK(shop.found(false) == 1);
    shop.check_never_failed();
  }

  PostgresServer server;
  ChaosShop shop;
};

}  // namespace

TEST_CASE(
    "a database restored from a backup lacks what came later, and says so until it is there") {
  if (!PostgresServer::available()) {
    return;
  }
  Restored it;
  for (int round = 0; round < 4; ++round) {
    INFO("round " << round);
    {
      std::unique_ptr<LookUnderWay> look;
      if (round % 2 == 1) {
        look = std::make_unique<LookUnderWay>(it.shop);
      }
      it.put_back();
    }
    it.server.start();
    it.check_missed();
    it.apply_phone();
    REQUIRE(it.shop.eventually([&] { return it.shop.found(false) == 0; }));
    CHECK(it.shop.cell("staging", "V3__phone") == "applied");
    CHECK(it.shop.found() == round + 1);  // nothing but that
    CHECK(it.shop.status("staging").at("history").as_string() == "certain");
  }
}

TEST_CASE("a backup restored onto another timeline is told as a change of the database") {
  if (!PostgresServer::available()) {
    return;
  }
  Restored it;
  it.put_back();
  write_file(it.data() + "/standby.signal", "", 0600);
  it.server.start();
  it.server.run("SELECT pg_promote()");
  it.check_missed();
  const auto audit = it.shop.tidemark({"audit"}).out;
  CHECK(audit.find("environment.changed") != std::string::npos);
  CHECK(audit.find("environment.changed") == audit.rfind("environment.changed"));
  CHECK(it.shop.log().find("database is another one") != std::string::npos);
}
