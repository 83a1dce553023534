#include <string>

#include <doctest/doctest.h>

#include "tests/daemon/apply/beside.h"

using namespace tidemark::test;

namespace {

// Two that are applied, of which the second can be rolled back with this script.
struct RolledBack : Applying {
  explicit RolledBack(const std::string& rollback) {
    file("001_users.sql", "CREATE TABLE users (id int, name text);\n");
    file("002_more.sql",
         "CREATE TABLE more (id int);\nCREATE INDEX by_id ON users (id);\n"
         "CREATE INDEX by_name ON users (name);\n");
    file("002_more.down.sql", rollback);
    begin();
    REQUIRE(apply().outcome() == "applied");
  }
  Told roll_back(const std::string& id = "002_more") {
    return post("rollback", R"({"only": [")" + id + R"("]})");
  }
  std::string reason_of(const std::string& id) {
    for (const auto& migration : json({"matrix", "shop"}).at("migrations").as_array()) {
      if (migration.at("id").as_string() == id) {
        const auto& cell = migration.at("cells").at("dev").as_object();
        return cell.contains("reason") ? std::string(cell.at("reason").as_string()) : "";
      }
    }
    return "";
  }
};

}  // namespace

TEST_CASE("what cannot be rolled back is refused with the reason, and nothing is run") {
  if (!PostgresServer::available()) {
    return;
  }
  RolledBack rig("DROP TABLE more;\n");
  const auto none = rig.roll_back("001_users");
  CHECK(none.status == 409);
  CHECK(says(none.problem, "001_users has no rollback file"));
  const auto both = rig.post("rollback", R"({"only": ["002_more", "001_users"]})");
  CHECK(both.status == 409);
  CHECK(rig.exists("more"));
  CHECK(rig.post("rollback").status == 400);
  rig.migration("003_last", "SELECT 1;\n");
  const auto pending = rig.roll_back("003_last");
  CHECK(pending.status == 409);
  CHECK(says(pending.problem, "003_last is not applied in shop/dev"));
  rig.file("002_more.sql", "CREATE TABLE more (id bigint);\n");
  REQUIRE(rig.eventually([&] { return rig.cell_of("002_more") == "drifted edited"; }));
  const auto edited = rig.roll_back();
  CHECK(edited.status == 409);
  CHECK(says(edited.problem, "was edited after it was applied"));
  CHECK(rig.exists("more"));
}

TEST_CASE("a rollback that fails in its transaction leaves it applied") {
  if (!PostgresServer::available()) {
    return;
  }
  RolledBack rig("DROP TABLE more;\nDROP TABLE nowhere;\n");
  const auto failed = rig.roll_back();
  CHECK(failed.outcome() == "failed");
  CHECK(rig.exists("more"));
  CHECK(rig.cell_of("002_more") == "applied");
  rig.file("002_more.down.sql", "DROP TABLE more;\n");
  CHECK(rig.eventually([&] { return rig.roll_back().outcome() == "applied"; }));
  CHECK_FALSE(rig.exists("more"));
}

TEST_CASE("a rollback that stops between two statements says so, and goes on behind what is done") {
  if (!PostgresServer::available()) {
    return;
  }
  RolledBack rig(
      "DROP INDEX CONCURRENTLY by_id;\nDROP INDEX CONCURRENTLY by_other;\n"
      "DROP INDEX CONCURRENTLY by_name;\n");
  const auto failed = rig.roll_back();
  CHECK(failed.outcome() == "failed");
  CHECK_FALSE(rig.exists("by_id"));
  CHECK(rig.exists("by_name"));
  CHECK(rig.cell_of("002_more") == "failed");
  CHECK(says(rig.reason_of("002_more"), "rollback failed: 1 of 3 statements are done: "));
  rig.stop();
  rig.begin();
  CHECK(rig.cell_of("002_more") == "failed");
  // It is neither applied again nor counted as applied.
  CHECK(rig.apply().of("migration.started").empty());
  const auto refused = rig.apply(R"({"only": ["002_more"]})");
  CHECK(refused.status == 409);
  CHECK(says(refused.problem, "tidemark rollback shop/dev --only 002_more"));
  const auto plan = rig.plan(R"({"action": "rollback", "only": ["002_more"]})");
  CHECK(plan.at("migrations").at(0).at("done").as_int64() == 1);
  CHECK(says(rig.tidemark({"plan", "shop/dev", "--rollback", "--only", "002_more"}).out,
             "behind the first 1, which an earlier attempt has done"));
  rig.sql("CREATE INDEX by_other ON users (id, name)");
  const auto told = rig.roll_back();
  CHECK_MESSAGE(told.outcome() == "applied", told.message());
  CHECK_FALSE(rig.exists("by_name"));
  CHECK(rig.cell_of("002_more") == "pending");
}
