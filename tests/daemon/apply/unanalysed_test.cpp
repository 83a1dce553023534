// SQL of a server that is newer than the parser is sent whole, on request.

#include <string>

#include <doctest/doctest.h>

#include "tests/daemon/apply/beside.h"

using namespace tidemark::test;

namespace {

bool server_is_newer() {
  if (!PostgresServer::available()) {
    return false;
  }
  const bool newer = PostgresServer::shared().run(
                         "SELECT current_setting('server_version_num')::int >= 180000") == "t";
  if (!newer) {
    MESSAGE("skipped: what this server knows the parser knows too");
  }
  return newer;
}

}  // namespace

TEST_CASE("what SQL that nobody could tell anything about has done is not guessed") {
  if (!server_is_newer()) {
    return;
  }
  Applying rig;
  rig.file("001_kept.sql", "CREATE TABLE kept (id int);\n");
  rig.file("002_odd.sql", "");
  rig.begin();
  REQUIRE(rig.apply(R"({"only": ["001_kept"]})").outcome() == "applied");
  std::string sql;
  std::string outcome = "unknown";
  SUBCASE("it commits, and fails in another transaction") {
    sql =
        "INSERT INTO kept VALUES (1); COMMIT; BEGIN; SELECT 1 / 0; ALTER TABLE kept ADD CONSTRAINT "
        "c NOT NULL id NOT VALID;\n";
  }
  SUBCASE("it commits, and fails in none") {
    sql =
        "INSERT INTO kept VALUES (1); COMMIT; SELECT 1 / 0; ALTER TABLE kept ADD CONSTRAINT c NOT "
        "NULL id NOT VALID;\n";
  }
  SUBCASE("it commits, and meets a lock") {
    sql =
        "INSERT INTO kept VALUES (1); COMMIT; DO $$BEGIN RAISE lock_not_available; END$$; "
        "ALTER TABLE kept ADD CONSTRAINT c NOT NULL id NOT VALID;\n";
  }
  SUBCASE("it fails where it was sent") {
    sql =
        "INSERT INTO kept VALUES (1); SELECT 1 / 0; ALTER TABLE kept ADD CONSTRAINT c NOT NULL id "
        "NOT VALID;\n";
    outcome = "failed";
  }
  rig.file("002_odd.sql", sql);
  const auto planned = [&] {
    return rig.request("POST", "/v1/apps/shop/environments/dev/plan").body;
  };
  REQUIRE(rig.eventually([&] { return says(planned(), "not_analysed"); }));
  const auto told = rig.apply(R"({"unanalysed": true})");
  INFO(told.message());
  CHECK(told.outcome() == outcome);
  CHECK(rig.cell_of("002_odd") == outcome);
  CHECK(rig.sql("SELECT count(*) FROM kept") == (outcome == "unknown" ? "1" : "0"));
}

TEST_CASE("SQL that nobody could tell anything about is applied whole, in one transaction") {
  if (!server_is_newer()) {
    return;
  }
  Applying rig;
  rig.file("001_kept.sql",
           "CREATE TABLE kept (id int);\n"
           "ALTER TABLE kept ADD CONSTRAINT c NOT NULL id NOT VALID;\n"
           "INSERT INTO kept VALUES (1);\n");
  rig.begin();
  CHECK(rig.apply().status == 409);
  const auto told = rig.apply(R"({"unanalysed": true})");
  CHECK_MESSAGE(told.outcome() == "applied", told.message());
  CHECK(rig.sql("SELECT count(*) FROM kept") == "1");
  CHECK(rig.cell_of("001_kept") == "applied");
}
