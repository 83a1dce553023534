#include <string>

#include <doctest/doctest.h>

#include "tests/adapters/postgres/pgbouncer.h"
#include "tests/daemon/apply/beside.h"

using namespace tidemark::test;

namespace {

std::string advisory_locks(PostgresServer& server) {
  return server.run("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'");
}

}  // namespace

TEST_CASE(
    "behind a pooler of any mode an apply is refused, and `direct:` beside it makes it work") {
  if (!PgBouncer::available()) {
    return;
  }
  std::string mode;
  SUBCASE("transaction") {
    mode = "transaction";
  }
  SUBCASE("session, which cannot be told apart") {
    mode = "session";
  }
  SUBCASE("statement") {
    mode = "statement";
  }
  PostgresServer server;
  const PgBouncer pooler(server, server.port(), mode, 8);
  Applying rig("", server);
  const auto through =
      "      - name: dev\n        database: " + pooler.address(rig.database()) + "\n";
  rig.configure(through);
  for (int i = 10; i <= 40; ++i) {
    const auto number = std::to_string(i);
    rig.file("0" + number + "_table.sql", "CREATE TABLE table_" + number + " (id int);\n");
  }
  rig.file("050_index.sql", "CREATE INDEX CONCURRENTLY one ON table_10 (id);\n");
  rig.begin();
  const auto refused = rig.apply();
  INFO(refused.message());
  CHECK(refused.status == 409);
  CHECK(says(refused.message(), "is a pooler"));
  CHECK(says(refused.message(), "`direct: postgresql://…`"));
  CHECK_FALSE(rig.exists("table_10"));
  CHECK(rig.cell_of("010_table") == "pending");
  CHECK(rig.eventually([&] { return advisory_locks(server) == "0"; }));

  rig.configure(through + "        direct: " + server.address(rig.database()) + "\n");
  const auto reloaded = rig.request("POST", "/v1/reload", "{}");
  REQUIRE_MESSAGE(reloaded.status == 200, reloaded.body);
  REQUIRE(rig.eventually([&] { return rig.status("dev").at("reachable").as_bool(); }));
  const auto told = rig.apply();
  CHECK_MESSAGE(told.outcome() == "applied", told.message());
  CHECK(told.of("migration.finished").size() == 32);
  CHECK(rig.exists("table_40"));
  CHECK(rig.exists("one"));
  CHECK(rig.eventually([&] { return advisory_locks(server) == "0"; }));
}
