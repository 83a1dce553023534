// What runs outside a transaction goes on where it stopped: behind what is done, unless that is
// done no more.

#include <string>

#include <doctest/doctest.h>

#include "tests/daemon/apply/beside.h"

using namespace tidemark::test;

namespace {

const std::string where = "/v1/apps/shop/environments/dev/";

// A second statement that fails for as long as two rows are the same.
struct HalfDone : Applying {
  explicit HalfDone(const std::string& before = "", const std::string& keys = "") : Applying(keys) {
    sql("CREATE SCHEMA tenant; CREATE TABLE tenant.users (id int); "
        "INSERT INTO tenant.users VALUES (1), (1)");
    file("001_users.sql", "CREATE TABLE users (id int);\nINSERT INTO users VALUES (1), (1);\n");
    file("002_index.sql",
         before +
             "CREATE INDEX CONCURRENTLY users_a ON users (id);\n"
             "CREATE UNIQUE INDEX CONCURRENTLY users_b ON users (id);\n");
    begin();
    const auto failed = apply(R"({"from_empty": true})");
    CHECK(failed.outcome() == "failed");
    INFO(failed.message());
    CHECK(says(failed.message(), "are done and stay"));
  }
  void make_unique() { sql("TRUNCATE users; TRUNCATE tenant.users"); }
  std::string indexes() {
    return sql(
        "SELECT string_agg(n.nspname || '.' || i.relname, ' ' ORDER BY i.relname) FROM "
        "pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_namespace n ON n.oid = "
        "i.relnamespace WHERE i.relname LIKE 'users%' AND x.indisvalid");
  }
};

}  // namespace

TEST_CASE("an apply goes on behind the statements that are done") {
  if (!PostgresServer::available()) {
    return;
  }
  HalfDone rig;
  const auto first = rig.sql("SELECT 'users_a'::regclass::oid");
  rig.make_unique();
  CHECK(rig.apply().outcome() == "applied");
  CHECK(rig.indexes() == "public.users_a public.users_b");
  CHECK(rig.sql("SELECT 'users_a'::regclass::oid") == first);
}

TEST_CASE("what is done was edited: nothing goes on behind it") {
  if (!PostgresServer::available()) {
    return;
  }
  HalfDone rig;
  rig.make_unique();
  rig.file("002_index.sql",
           "CREATE INDEX CONCURRENTLY users_a ON users (id DESC);\n"
           "CREATE UNIQUE INDEX CONCURRENTLY users_b ON users (id);\n");
  CHECK(rig.eventually([&] {
    const auto told = rig.apply();
    return told.status == 409 && says(told.problem, "were edited since");
  }));
  CHECK(rig.indexes() == "public.users_a");
}

TEST_CASE("what a statement that is done has set holds for those behind it") {
  if (!PostgresServer::available()) {
    return;
  }
  HalfDone rig("SET search_path = tenant;\n");
  rig.make_unique();
  const auto told = rig.apply();
  CHECK_MESSAGE(told.outcome() == "applied", told.message());
  CHECK(rig.indexes() == "tenant.users_a tenant.users_b");
}

TEST_CASE("in a database that begins anew all of it runs again") {
  if (!PostgresServer::available()) {
    return;
  }
  HalfDone rig;
  rig.sql("DROP TABLE users");
  SUBCASE("as a person says") {
    const auto settled =
        rig.request("POST", where + "rebaseline", R"({"as": "empty", "reason": "made anew"})");
    REQUIRE_MESSAGE(settled.status == 200, settled.body);
  }
  SUBCASE("and a restart later") {
    const auto settled =
        rig.request("POST", where + "rebaseline", R"({"as": "empty", "reason": "made anew"})");
    REQUIRE_MESSAGE(settled.status == 200, settled.body);
    rig.stop();
    rig.begin();
  }
  rig.file("001_users.sql", "CREATE TABLE users (id int);\nINSERT INTO users VALUES (1);\n");
  CHECK(rig.eventually([&] {
    const auto planned = rig.request("POST", where + "plan", R"({"from_empty": true})");
    return planned.status == 200 && planned.json().at("migrations").as_array().size() == 2;
  }));
  const auto told = rig.apply(R"({"from_empty": true})");
  CHECK_MESSAGE(told.outcome() == "applied", told.message());
  CHECK(rig.indexes() == "public.users_a public.users_b");
}

TEST_CASE("marked, and unmarked again: all of it runs again") {
  if (!PostgresServer::available()) {
    return;
  }
  HalfDone rig;
  rig.make_unique();
  rig.sql("DROP INDEX users_a");
  for (const auto* command : {"mark", "unmark"}) {
    const auto said = rig.request(
        "POST", where + command, R"({"migrations": ["002_index"], "reason": "undone by hand"})");
    REQUIRE_MESSAGE(said.status == 200, said.body);
  }
  const auto told = rig.apply();
  CHECK_MESSAGE(told.outcome() == "applied", told.message());
  CHECK(rig.indexes() == "public.users_a public.users_b");
}
