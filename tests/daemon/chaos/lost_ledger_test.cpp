#include <doctest/doctest.h>

#include "tests/daemon/chaos/chaos.h"

using namespace tidemark::test;

TEST_CASE("a ledger that is dropped is told as vanished, never as empty, until it is restored") {
  if (!PostgresServer::available()) {
    return;
  }
  ChaosShop shop(PostgresServer::shared());
  shop.start_and_look();
  for (int round = 0; round < 4; ++round) {
    INFO("round " << round);
    // Under no shape that looks like a ledger.
    shop.sql("CREATE TABLE saved AS SELECT to_json(f) AS line FROM flyway_schema_history f");
    const std::string drop = "DROP TABLE flyway_schema_history";
    if (round % 2 == 0) {
      shop.sql(drop);
    } else {
      LookUnderWay look(shop);
      look.run(drop);
      look.let_go();
    }
    REQUIRE(shop.eventually([&] { return shop.found(false) > 0; }));
    CHECK(shop.looks("staging"));
    CHECK(shop.cell("staging", "V1__users") == "drifted vanished");
    CHECK(shop.cell("staging", "V2__orders") == "drifted vanished");
    CHECK(shop.cell("staging", "V3__phone") == "pending");
    CHECK(shop.found(false) == 2);
    shop.check_never_failed();

    // As a backup is put back: the table, then its rows, then its rights, each for itself.
    shop.sql(create_flyway_ledger());
    if (round % 2 == 0) {
      CHECK(shop.looks("staging"));
      CHECK(shop.cell("staging", "V1__users") == "drifted vanished");
    }
    shop.sql(
        "INSERT INTO flyway_schema_history SELECT "
        "(json_populate_record(NULL::flyway_schema_history, line)).* FROM saved; DROP TABLE saved");
    shop.sql("GRANT SELECT ON flyway_schema_history TO " + shop.role());
    REQUIRE(shop.eventually([&] { return shop.found(false) == 0; }));
    CHECK(shop.cell("staging", "V1__users") == "applied");
    CHECK(shop.cell("staging", "V2__orders") == "applied");
    CHECK(shop.cell("staging", "V3__phone") == "pending");
    shop.check_never_failed();
  }
}

TEST_CASE("a ledger that is dropped and restored in one transaction was never gone") {
  if (!PostgresServer::available()) {
    return;
  }
  ChaosShop shop(PostgresServer::shared());
  shop.start_and_look();
  for (int round = 0; round < 20; ++round) {
    shop.sql(
        "BEGIN; CREATE TEMP TABLE saved ON COMMIT DROP AS TABLE flyway_schema_history; "
        "DROP TABLE flyway_schema_history; " +
        create_flyway_ledger() +
        "; INSERT INTO flyway_schema_history TABLE saved; "
        "GRANT SELECT ON flyway_schema_history TO " +
        shop.role() + "; COMMIT");
    CHECK(shop.looks("staging", 1));
  }
  shop.check_as_before();
}
