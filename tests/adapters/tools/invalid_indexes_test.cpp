#include "adapters/tools/invalid_indexes.h"

#include <doctest/doctest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <future>
#include <stdexcept>
#include <string>
#include <thread>

#include "tests/adapters/tools/bench.h"
#include "tests/adapters/tools/flyway_fixture.h"

using namespace tidemark;
using namespace tidemark::test;

namespace {

const std::string usual = R"("public"."flyway_schema_history")";

// A database with Flyway's ledger, and a table with the same number twice.
struct Shop : Bench {
  explicit Shop(const std::string& role = "", PostgresServer& server = PostgresServer::shared())
      : Bench(role, server), server(server) {
    sql(flyway_ddl(usual) + applied(usual, 1) +
        "CREATE TABLE users (id int); INSERT INTO users VALUES (7), (7)");
    if (!role.empty()) {
      sql("GRANT SELECT ON " + usual + " TO " + role);
    }
  }

  // By itself, as what cannot stand in a transaction.
  void fails(const std::string& text, const std::string& setting = "") {
    PostgresSession session(server, database());
    if (!setting.empty()) {
      session.run("SET " + setting);
    }
    CHECK_THROWS_AS(session.run(text), std::runtime_error);
  }

  std::string ask(const std::string& text) { return server.run(text, database()); }

  bool until(const std::string& question) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (std::chrono::steady_clock::now() < deadline) {
      if (ask("SELECT " + question) == "t") {
        return true;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return false;
  }

  bool until_invalid(const std::string& name) {
    return until(
        "EXISTS (SELECT FROM pg_index WHERE NOT indisvalid AND "
        "indexrelid = to_regclass('" +
        name + "'))");
  }

  // The names of what a look tells.
  std::string told() {
    std::string names;
    for (const auto& index : see().invalid_indexes) {
      names += (names.empty() ? "" : " ") + index.name;
    }
    return names;
  }

  PostgresServer& server;
};

// Whoever writes to `users` and does not commit: concurrent builds wait for him. Made after their
// future, so that it is over before that is waited for.
struct Writer {
  explicit Writer(Shop& shop) : session(shop.server, shop.database()) {
    session.run("BEGIN; LOCK TABLE users IN ROW EXCLUSIVE MODE");
  }
  void leave() { session.run("COMMIT"); }
  PostgresSession session;
};

// Runs beside the test; true when it succeeded.
std::future<bool> beside(Shop& shop, const std::string& text) {
  return std::async(std::launch::async, [&shop, text] {
    try {
      shop.server.run(text, shop.database());
      return true;
    } catch (const std::runtime_error&) {
      return false;
    }
  });
}

}  // namespace

TEST_SUITE_BEGIN("on a server" * doctest::skip(!PostgresServer::available()));

TEST_CASE(
    "an index that a failed concurrent build left is told by the next look, until it is gone") {
  Shop shop;
  CHECK(shop.told() == "");
  CHECK(shop.glance());
  SUBCASE("for duplicates") {
    shop.fails("CREATE UNIQUE INDEX CONCURRENTLY broken ON users (id)");
  }
  SUBCASE("for a value") {
    shop.fails("CREATE INDEX CONCURRENTLY broken ON users ((1 / (id - 7)))");
  }
  SUBCASE("for a timeout while it waits for others") {
    Writer writer(shop);
    shop.fails("CREATE INDEX CONCURRENTLY broken ON users (id)", "lock_timeout = '50ms'");
  }
  CHECK_FALSE(shop.glance());
  const auto seen = shop.see();
  REQUIRE(seen.invalid_indexes.size() == 1);
  const auto& index = seen.invalid_indexes.front();
  CHECK(index.schema == "public");
  CHECK(index.name == "broken");
  CHECK(index.table == "users");
  CHECK(std::to_string(index.oid) == shop.ask("SELECT 'broken'::regclass::oid"));
  CHECK(seen.ledger == Observation::Ledger::read);
  CHECK(shop.glance());
  CHECK(shop.told() == "broken");
  shop.sql("DROP INDEX broken");
  CHECK_FALSE(shop.glance());
  CHECK(shop.told() == "");
  CHECK(shop.glance());
}

TEST_CASE("an index that is being built is not told, whoever looks") {
  // The second is not told what others build.
  for (const std::string role : {"", "watcher_of_builds"}) {
    INFO(role);
    Shop shop(role);
    std::future<bool> build;
    Writer writer(shop);
    build = beside(shop, "CREATE INDEX CONCURRENTLY growing ON users (id)");
    REQUIRE(shop.until_invalid("growing"));
    CHECK(shop.told() == "");
    writer.leave();
    CHECK(build.get());
    CHECK(shop.told() == "");
    CHECK(shop.glance());
  }
}

TEST_CASE("an index whose builder died is told by the next look") {
  Shop shop;
  std::future<bool> build;
  Writer writer(shop);
  build = beside(shop, "CREATE INDEX CONCURRENTLY growing ON users (id)");
  REQUIRE(shop.until_invalid("growing"));
  CHECK(shop.told() == "");
  CHECK_FALSE(shop.glance());  // how it ends would change nothing that a glance sees
  shop.ask(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_progress_create_index WHERE datname = "
      "current_database()");
  CHECK_FALSE(build.get());
  CHECK_FALSE(shop.glance());
  CHECK(shop.told() == "growing");
  CHECK(shop.glance());
}

TEST_CASE("what is left is told although another index of its table is being built") {
  Shop shop;
  shop.fails("CREATE UNIQUE INDEX CONCURRENTLY broken ON users (id)");
  std::future<bool> build;
  Writer writer(shop);
  build = beside(shop, "CREATE INDEX CONCURRENTLY growing ON users (id)");
  REQUIRE(shop.until_invalid("growing"));
  CHECK(shop.told() == "broken");
  writer.leave();
  CHECK(build.get());
}

TEST_CASE("nothing is told of a table that is reindexed, or of an index that is dropped") {
  struct Work {
    std::string role, sql, invalid;
  };
  const std::string reindex = "REINDEX TABLE CONCURRENTLY users";
  const std::string drop = "DROP INDEX CONCURRENTLY by_id";
  for (const auto& work : {Work{"", reindex, "by_id_ccnew"},
                           Work{"watcher_of_reindex", reindex, "by_id_ccnew"},
                           Work{"", drop, "by_id"},
                           Work{"watcher_of_drop", drop, "by_id"}}) {
    INFO(work.role << ": " << work.sql);
    Shop shop(work.role);
    shop.sql("CREATE INDEX by_id ON users (id); CREATE INDEX by_sum ON users ((id + 1))");
    std::future<bool> done;
    Writer writer(shop);
    done = beside(shop, work.sql);
    REQUIRE(shop.until_invalid(work.invalid));
    CHECK(shop.told() == "");
    writer.leave();
    CHECK(done.get());
    CHECK(shop.told() == "");
  }
}

TEST_CASE("what a failed REINDEX CONCURRENTLY left beside the good index is told") {
  Shop shop;
  shop.sql("CREATE INDEX by_id ON users (id)");
  {
    Writer writer(shop);
    shop.fails("REINDEX INDEX CONCURRENTLY by_id", "lock_timeout = '50ms'");
  }
  CHECK(shop.told() == "by_id_ccnew");
}

TEST_CASE("what was told stays told while somebody mends it, under its name and no other") {
  Shop shop;
  shop.fails("CREATE UNIQUE INDEX CONCURRENTLY broken ON users (id)");
  CHECK(shop.told() == "broken");
  shop.sql("DELETE FROM users");
  std::future<bool> mended;
  Writer writer(shop);
  mended = beside(shop, "REINDEX INDEX CONCURRENTLY broken");
  REQUIRE(shop.until_invalid("broken_ccnew"));
  CHECK(shop.told() == "broken");
  writer.leave();
  CHECK(mended.get());
  CHECK(shop.told() == "");
}

TEST_CASE("an index on a partitioned table is no left-over, a partition's own is") {
  Shop shop;
  shop.sql(
      "CREATE TABLE parted (id int) PARTITION BY RANGE (id);"
      "CREATE TABLE part PARTITION OF parted FOR VALUES FROM (0) TO (10);"
      "INSERT INTO parted VALUES (7), (7);"
      "CREATE INDEX whole ON ONLY parted (id)");
  CHECK(shop.told() == "");
  shop.fails("CREATE UNIQUE INDEX CONCURRENTLY of_part ON part (id)");
  CHECK(shop.told() == "of_part");
}

TEST_CASE("an environment that is one schema is told of no other one's indexes") {
  Shop shop;
  shop.sql(
      "CREATE SCHEMA billing; CREATE TABLE billing.t (id int); INSERT INTO billing.t VALUES "
      "(7), (7)");
  shop.fails("CREATE UNIQUE INDEX CONCURRENTLY here ON users (id)");
  shop.fails("CREATE UNIQUE INDEX CONCURRENTLY there ON billing.t (id)");
  CHECK(shop.told() == "there here");
  shop.observe({}, "billing");
  CHECK(shop.told() == "there");
}

TEST_CASE("an extension's indexes are its own affair") {
  Shop shop;
  shop.fails("CREATE UNIQUE INDEX CONCURRENTLY broken ON users (id)");
  shop.sql("ALTER EXTENSION plpgsql ADD TABLE users");
  CHECK(shop.told() == "");
}

TEST_CASE("invalid indexes are told where no ledger is, and while a ledger is locked") {
  Shop shop;
  SUBCASE("no ledger") {
    shop.sql("DROP TABLE " + usual);
    shop.fails("CREATE UNIQUE INDEX CONCURRENTLY broken ON users (id)");
    CHECK(shop.told() == "broken");
  }
  SUBCASE("locked") {
    shop.fails("CREATE UNIQUE INDEX CONCURRENTLY broken ON users (id)");
    CHECK(shop.told() == "broken");
    PostgresSession tool(shop.server, shop.database());
    tool.run("BEGIN; LOCK TABLE " + usual);
    const auto seen = shop.see();
    CHECK(seen.at_work != "");
    CHECK(seen.invalid_indexes.size() == 1);
  }
}

TEST_CASE("of a thousand invalid indexes a hundred are told") {
  Shop shop;
  shop.sql(
      "DO $$ BEGIN FOR i IN 1..150 LOOP EXECUTE format('CREATE INDEX i%s ON users (id)', i); END "
      "LOOP; END $$; UPDATE pg_index SET indisvalid = false WHERE indrelid = 'users'::regclass");
  CHECK(shop.see().invalid_indexes.size() == 100);
}

TEST_CASE("where the server does not show its locks, the ledger is read all the same") {
  Shop shop("watcher_without_locks");
  shop.sql("REVOKE SELECT ON pg_catalog.pg_stat_progress_create_index FROM PUBLIC");
  shop.fails("CREATE UNIQUE INDEX CONCURRENTLY broken ON users (id)");
  const auto seen = shop.see();
  CHECK(seen.ledger == Observation::Ledger::read);
  CHECK(seen.invalid_indexes.empty());
}

TEST_CASE("a standby does not show who builds: there nothing is told that was not before") {
  PostgresServer server;
  Shop shop("", server);
  shop.fails("CREATE UNIQUE INDEX CONCURRENTLY broken ON users (id)");
  const auto become_standby = [&] {
    server.stop();
    const auto signal = server.folder() / "data" / "standby.signal";
    std::ofstream(signal).flush();
    std::filesystem::permissions(signal, std::filesystem::perms::all);
    server.start();
    shop.reconnect();
  };
  SUBCASE("never seen but on the standby") {
    become_standby();
    CHECK(shop.see().standby);
    CHECK(shop.told() == "");
    CHECK(shop.glance());
    server.run("SELECT pg_promote()");
    CHECK(shop.told() == "broken");
  }
  SUBCASE("told before") {
    CHECK(shop.told() == "broken");
    become_standby();
    CHECK(shop.see().standby);
    CHECK(shop.told() == "broken");
  }
}

TEST_SUITE_END();
