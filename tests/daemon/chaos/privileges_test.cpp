#include <doctest/doctest.h>

#include "tests/daemon/chaos/chaos.h"

using namespace tidemark::test;

namespace {

struct Denied : ChaosShop {
  Denied() : ChaosShop(PostgresServer::shared()) {}

  void revoke(const std::string& what, bool in_the_middle) {
    const auto statement = "REVOKE " + what + " FROM PUBLIC, " + role();
    if (!in_the_middle) {
      sql(statement);
      return;
    }
    LookUnderWay look(*this);
    look.run(statement);
    look.let_go();
  }
  // One finding that is a warning, and the words in it.
  void check_told(const std::string& grant) {
    const auto findings = json({"findings"}).at("findings");
    REQUIRE(findings.as_array().size() == 1);
    const std::string said(findings.at(0).at("summary").as_string());
    CHECK(findings.at(0).at("kind").as_string() == "unreadable");
    CHECK(findings.at(0).at("severity").as_string() == "warning");
    CHECK_MESSAGE(said.find(grant) != std::string::npos, said);
    CHECK(tidemark({"status"}).out.find(grant) != std::string::npos);
  }
};

}  // namespace

TEST_CASE(
    "a grant that is revoked leaves what was known, with the GRANT that helps, until it is back") {
  if (!PostgresServer::available()) {
    return;
  }
  Denied shop;
  shop.start_and_look();
  for (int round = 0; round < 8; ++round) {
    INFO("round " << round);
    const bool of_schema = round % 4 >= 2;
    const bool in_the_middle = round % 2 == 1;
    const std::string what =
        of_schema ? R"(USAGE ON SCHEMA "public")" : R"(SELECT ON "public"."flyway_schema_history")";
    shop.revoke(what, in_the_middle);
    REQUIRE(shop.eventually([&] { return shop.found(false) == 1; }));
    shop.check_told("GRANT " + what);
    CHECK(shop.cell("staging", "V1__users") == "applied");
    CHECK(shop.cell("staging", "V2__orders") == "applied");
    CHECK(shop.cell("staging", "V3__phone") == "pending");
    shop.sql("GRANT " + what + " TO " + shop.role());
    REQUIRE(shop.eventually([&] { return shop.found(false) == 0; }));
    CHECK(shop.found() == round + 1);  // nothing but that
    shop.check_never_failed();
  }
}

TEST_CASE("a credential that could write is told at the next connect") {
  if (!PostgresServer::available()) {
    return;
  }
  Denied shop;
  shop.sql("REVOKE CREATE ON SCHEMA public FROM PUBLIC");  // which it has before PostgreSQL 15
  shop.start_and_look();
  CHECK(shop.tidemark({"status"}).out.find("credential can write") == std::string::npos);
  shop.sql("GRANT INSERT ON flyway_schema_history TO " + shop.role());
  shop.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '" +
           shop.role() + "'");
  CHECK(shop.eventually([&] {
    return shop.tidemark({"status"}).out.find("credential can write: ") != std::string::npos;
  }));
}

TEST_CASE("a ledger that could never be read is unknown, and not empty") {
  if (!PostgresServer::available()) {
    return;
  }
  Denied shop;
  shop.sql("REVOKE SELECT ON flyway_schema_history FROM " + shop.role());
  shop.start_unread();
  REQUIRE(shop.eventually([&] { return shop.found(false) == 1; }));
  shop.check_told(R"(GRANT SELECT ON "public"."flyway_schema_history")");
  CHECK(shop.looks("staging"));
  for (const auto* migration : {"V1__users", "V2__orders", "V3__phone"}) {
    CHECK(shop.cell("staging", migration) == "unknown");
  }
  shop.sql("GRANT SELECT ON flyway_schema_history TO " + shop.role());
  CHECK(shop.eventually([&] { return shop.cell("staging", "V1__users") == "applied"; }));
  CHECK(shop.cell("staging", "V3__phone") == "pending");
  CHECK(shop.found(false) == 0);
  shop.check_never_failed();
}
