#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "tests/daemon/apply/beside.h"

using namespace tidemark::test;

namespace {

using namespace std::chrono_literals;

const std::string build = "CREATE INDEX CONCURRENTLY orders_id ON orders (id);\n";

// A table of some size, and a migration that builds an index on it, which no lock timeout may end.
struct Orders : Applying {
  explicit Orders(const std::string& keys = "        lock_retries: 1\n")
      : Applying("        lock_timeout: 100ms\n" + keys) {
    file("001_orders.sql",
         "CREATE TABLE orders (id int);\nCREATE TABLE aside (id int);\n"
         "INSERT INTO orders SELECT generate_series(1, 20000);\n");
    begin();
    REQUIRE(apply().outcome() == "applied");
    migration("002_index", build);
  }

  std::string index() {
    const auto valid =
        sql("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('orders_id')");
    return valid.empty() ? "none" : valid == "t" ? "valid" : "invalid";
  }
  std::string invalid_ones() { return sql("SELECT count(*) FROM pg_index WHERE NOT indisvalid"); }
  bool waits_for_others() {
    return migration_runs(*this, "CREATE INDEX", "wait_event_type = 'Lock'");
  }
};

// A transaction of somebody else that has written to a table, and goes on.
struct Writer : PostgresSession {
  Writer(Orders& rig, const std::string& name, const std::string& table)
      : PostgresSession(rig.server(), rig.database()) {
    pid = run("SET application_name = '" + name + "'; BEGIN; INSERT INTO " + table +
              " VALUES (0); SELECT pg_backend_pid()");
  }
  std::string pid;
};

// Somebody who does this again and again.
class Busy {
 public:
  Busy(Orders& rig, const std::string& sql, std::chrono::milliseconds pause)
      : done_(std::async(std::launch::async, [this, &rig, sql, pause] {
          PostgresSession session(rig.server(), rig.database());
          while (!ended_) {
            session.run(sql);
            std::this_thread::sleep_for(pause);
          }
        })) {}
  ~Busy() { ended_ = true; }
  Busy(const Busy&) = delete;
  Busy& operator=(const Busy&) = delete;
  // Throws what went wrong.
  void end() {
    ended_ = true;
    done_.get();
  }

 private:
  std::atomic<bool> ended_ = false;
  std::future<void> done_;
};

bool any_has(const std::vector<boost::json::object>& lines, const std::string& member) {
  for (const auto& line : lines) {
    if (line.contains(member)) {
      return true;
    }
  }
  return false;
}

}  // namespace

TEST_CASE("concurrent builds beside other traffic come to their end, whatever they wait for") {
  if (!PostgresServer::available()) {
    return;
  }
  Orders rig;
  for (int i = 3; i <= 6; ++i) {
    const auto number = std::to_string(i);
    rig.file("00" + number + "_more.sql",
             "CREATE INDEX CONCURRENTLY more_" + number + " ON orders (id);\n");
  }
  REQUIRE(rig.eventually([&] { return rig.cell_of("006_more") == "pending"; }));
  Busy inserts(rig, "INSERT INTO orders VALUES (1)", 1ms);
  Busy changes(rig,
               "BEGIN; UPDATE orders SET id = 2 WHERE id = 1; INSERT INTO aside VALUES (1); "
               "COMMIT",
               5ms);
  Busy tool(
      rig, "BEGIN; SELECT pg_try_advisory_xact_lock(7); SELECT count(*) FROM aside; COMMIT", 1ms);
  auto writer = std::make_unique<Writer>(rig, "somebody", "orders");
  auto applied = apply_meanwhile(rig);
  CHECK(rig.waits_for_others());
  std::this_thread::sleep_for(2s);
  CHECK(rig.waits_for_others());  // many times our lock_timeout
  writer->run("COMMIT");
  const auto told = applied.get();
  CHECK_MESSAGE(told.outcome() == "applied", told.message());
  CHECK(told.of("retrying").empty());
  const auto progress = told.of("progress");
  CHECK(any_has(progress, "phase"));
  CHECK(any_has(progress, "waiting_for"));
  for (auto* busy : {&inserts, &changes, &tool}) {
    busy->end();
  }
  CHECK(rig.index() == "valid");
  CHECK(
      rig.sql("SELECT count(*) FROM pg_index WHERE indisvalid AND indrelid = 'orders'::regclass") ==
      "5");
  CHECK(rig.sql("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()") ==
        "0");
  CHECK(nothing_stays_behind(rig));
}

TEST_CASE("a concurrent build is not begun behind a transaction that is open for long") {
  if (!PostgresServer::available()) {
    return;
  }
  Orders rig;
  Writer writer(rig, "forgotten", "aside");
  PostgresSession reader(rig.server(), rig.database());
  reader.run("SET application_name = 'reader'; BEGIN; SELECT count(*) FROM orders");
  std::this_thread::sleep_for(31s);
  auto failed = rig.apply();
  CHECK(failed.outcome() == "failed");
  CHECK(says(failed.message(), "was not begun: pid " + writer.pid + " (postgres, forgotten, idle"));
  CHECK(any_has(failed.of("progress"), "waiting_for"));
  CHECK(rig.index() == "none");
  CHECK(rig.cell_of("002_index") == "failed");
  writer.run("COMMIT");
  CHECK(rig.apply().outcome() == "applied");
  CHECK(rig.index() == "valid");

  // It waits for whoever has looked at the table, too.
  rig.migration("003_drop", "DROP INDEX CONCURRENTLY orders_id;\n");
  failed = rig.apply();
  CHECK(failed.outcome() == "failed");
  CHECK(says(failed.message(), "was not begun: pid"));
  CHECK(says(failed.message(), "reader"));
  CHECK(rig.index() == "valid");
  reader.run("COMMIT");
  CHECK(rig.apply().outcome() == "applied");
  CHECK(rig.index() == "none");
}

TEST_CASE("a build that is cancelled leaves no invalid index") {
  if (!PostgresServer::available()) {
    return;
  }
  Orders rig;
  PostgresSession snapshot(rig.server(), rig.database());
  snapshot.run("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM aside");
  auto applied = apply_meanwhile(rig);
  REQUIRE(rig.waits_for_others());
  CHECK(rig.index() == "invalid");
  CHECK(rig.post("cancel").outcome() == "cancelled");
  const auto told = applied.get();
  CHECK(told.outcome() == "cancelled");
  CHECK(told.of("repairing").size() == 1);
  CHECK(rig.index() == "none");
  CHECK(rig.cell_of("002_index") == "pending");
  CHECK(nothing_stays_behind(rig));
  snapshot.run("COMMIT");
  CHECK(rig.apply().outcome() == "applied");
  CHECK(rig.index() == "valid");
}

TEST_CASE(
    "a build without a name that fails leaves no invalid index, and nobody else's is touched") {
  if (!PostgresServer::available()) {
    return;
  }
  Orders rig;
  rig.sql("INSERT INTO orders VALUES (1)");
  PostgresSession somebody(rig.server(), rig.database());
  CHECK_THROWS(somebody.run("CREATE UNIQUE INDEX CONCURRENTLY somebodys ON orders (id)"));
  rig.migration("003_unnamed", "CREATE UNIQUE INDEX CONCURRENTLY ON orders (id);\n");
  const auto told = rig.apply();
  CHECK(told.outcome() == "failed");
  CHECK(says(told.message(), "the invalid index public.orders_id_idx that it left was dropped"));
  CHECK(told.of("repairing").size() == 1);
  CHECK(rig.sql("SELECT indexrelid::regclass FROM pg_index WHERE NOT indisvalid") == "somebodys");
  rig.sql("DELETE FROM orders WHERE ctid = (SELECT max(ctid) FROM orders WHERE id = 1)");
  CHECK(rig.apply().outcome() == "applied");
  CHECK(rig.sql("SELECT indisvalid FROM pg_index WHERE indexrelid = 'orders_id_idx'::regclass") ==
        "t");

  // What somebody builds before ours, which waits for it, is theirs, whatever becomes of it.
  rig.sql("DROP INDEX somebodys; DROP INDEX orders_id_idx; INSERT INTO orders VALUES (1)");
  rig.migration("004_again", "CREATE UNIQUE INDEX CONCURRENTLY ON orders (id);\n");
  Writer writer(rig, "writer", "orders");
  auto theirs = std::async(std::launch::async, [&] {
    CHECK_THROWS(somebody.run("CREATE UNIQUE INDEX CONCURRENTLY theirs ON orders (id)"));
  });
  REQUIRE(rig.eventually([&] { return rig.invalid_ones() == "1"; }));
  auto applied = apply_meanwhile(rig);
  REQUIRE(migration_runs(rig, "CREATE UNIQUE INDEX", "wait_event_type = 'Lock'"));
  writer.run("COMMIT");
  theirs.get();
  CHECK(says(applied.get().message(), "the invalid index public.orders_id_idx that it left"));
  CHECK(rig.sql("SELECT indexrelid::regclass FROM pg_index WHERE NOT indisvalid") == "theirs");
  rig.sql("DELETE FROM orders WHERE ctid = (SELECT max(ctid) FROM orders WHERE id = 1)");
  CHECK(rig.apply().outcome() == "applied");

  // What is rebuilt stands beside the old one until it is done.
  rig.sql(
      "DROP INDEX theirs; "
      "CREATE FUNCTION half(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 / 2'; "
      "CREATE INDEX halves ON orders (half(id)); "
      "CREATE OR REPLACE FUNCTION half(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS "
      "'BEGIN RETURN 1 / 0; END'");
  rig.migration("005_reindex", "REINDEX INDEX CONCURRENTLY halves;\n");
  const auto rebuilt = rig.apply();
  CHECK(rebuilt.outcome() == "failed");
  CHECK(says(rebuilt.message(), "the invalid index public.halves_ccnew that it left was dropped"));
  CHECK(rig.invalid_ones() == "0");
}

TEST_CASE("of a schema that is rebuilt nothing invalid is left, nor of what is large in it") {
  if (!PostgresServer::available()) {
    return;
  }
  Orders rig;
  CHECK(rig.apply().outcome() == "applied");
  rig.sql("CREATE TABLE notes (id int PRIMARY KEY, note text); INSERT INTO aside VALUES (1), (1)");
  rig.migration("003_rebuild", "REINDEX SCHEMA CONCURRENTLY public;\n");
  Writer writer(rig, "somebody", "notes");
  auto applied = apply_meanwhile(rig);
  REQUIRE(migration_runs(rig, "REINDEX SCHEMA", "wait_event_type = 'Lock'"));
  REQUIRE(rig.invalid_ones() == "2");  // one of the table, one of what it keeps beside it
  // What somebody else leaves meanwhile stays.
  PostgresSession somebody(rig.server(), rig.database());
  CHECK_THROWS(somebody.run("CREATE UNIQUE INDEX CONCURRENTLY theirs ON aside (id)"));
  auto cancelled = std::async(std::launch::async, [&] { return rig.post("cancel"); });
  REQUIRE(migration_runs(rig, "DROP INDEX CONCURRENTLY"));
  writer.run("COMMIT");
  const auto told = applied.get();
  CHECK(cancelled.get().outcome() == "cancelled");
  CHECK(says(told.message(), "the invalid index public.notes_pkey_ccnew that it left was dropped"));
  CHECK(says(told.message(), "the invalid index pg_toast.pg_toast_"));
  CHECK(rig.sql("SELECT string_agg(indexrelid::regclass::text, ' ') FROM pg_index WHERE NOT "
                "indisvalid") == "theirs");
  CHECK(rig.apply().outcome() == "applied");
}

TEST_CASE("a build that is cancelled does not wait without end to drop what it left") {
  if (!PostgresServer::available()) {
    return;
  }
  Orders rig;
  Writer writer(rig, "somebody", "orders");
  auto applied = apply_meanwhile(rig);
  REQUIRE(rig.waits_for_others());
  const auto cancelled = rig.post("cancel");
  CHECK(cancelled.outcome() == "cancelled");
  const auto told = applied.get();
  CHECK(told.outcome() == "cancelled");
  CHECK(says(told.message(), "could not be dropped"));
  CHECK(rig.index() == "invalid");
  writer.run("COMMIT");
  CHECK(rig.apply().outcome() == "applied");
  CHECK(rig.index() == "valid");
}

TEST_CASE("the daemon killed while it builds an index: no invalid one outlives the next apply") {
  if (!PostgresServer::available()) {
    return;
  }
  Orders rig;
  Writer writer(rig, "somebody", "orders");
  auto applied = std::async(std::launch::async, [&] {
    return rig.request("POST", "/v1/apps/shop/environments/dev/apply", "{}");
  });
  REQUIRE(rig.waits_for_others());
  rig.stop(SIGKILL);
  applied.get();
  SUBCASE("the server may build it to its end meanwhile") {
    writer.run("COMMIT");
    REQUIRE(rig.eventually([&] { return state_of_migration(rig, "CREATE INDEX").empty(); }));
    const bool built = rig.index() == "valid";
    rig.begin();
    const std::string expected = built ? "applied" : "failed";
    CHECK(rig.eventually([&] { return rig.cell_of("002_index") == expected; }));
    CHECK(rig.apply().outcome() == "applied");
  }
  SUBCASE("the server sees that nobody is there any more") {
    REQUIRE(rig.eventually([&] { return state_of_migration(rig, "CREATE INDEX").empty(); }));
    CHECK(rig.index() == "invalid");
    rig.begin();
    CHECK(rig.eventually([&] { return rig.cell_of("002_index") == "failed"; }));
    writer.run("COMMIT");
    const auto told = rig.apply();
    CHECK_MESSAGE(told.outcome() == "applied", told.message());
    CHECK(told.of("repairing").size() == 1);
  }
  CHECK(rig.eventually([&] { return rig.cell_of("002_index") == "applied"; }));
  CHECK(rig.index() == "valid");
  CHECK(rig.invalid_ones() == "0");
  CHECK(nothing_stays_behind(rig));
}
