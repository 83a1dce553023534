#include <array>
#include <chrono>
#include <functional>
#include <future>
#include <string>
#include <thread>

#include <doctest/doctest.h>

#include "tests/daemon/support/flyway.h"
#include "tests/daemon/support/rig.h"
#include "tests/support/postgres_server.h"

using namespace tidemark::test;

namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

// What we promise, and not whatever ReadLimits says.
constexpr auto lock_timeout = 500ms;
// For a machine that has much else to do.
constexpr auto slack = 1500ms;

void check_time(const std::string& who, Clock::duration took) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(took).count();
  CHECK_MESSAGE(took < lock_timeout + slack, who << " took " << ms << " ms");
}

// Somebody who works on the database, and whom we must not keep waiting.
class Other {
 public:
  Other(PostgresServer& server, const std::string& database) : session_(server, database) {
    session_.run("SET statement_timeout = '30s'");
    pid_ = session_.run("SELECT pg_backend_pid()");
  }

  const std::string& pid() const { return pid_; }

  // At once, or nearly.
  std::string run(const std::string& sql) {
    const auto start = Clock::now();
    auto answer = session_.run(sql);
    check_time(sql, Clock::now() - start);
    return answer;
  }

  // When it was done, for what has to wait first for somebody else than us.
  std::future<Clock::time_point> run_meanwhile(const std::string& sql) {
    return std::async(std::launch::async, [this, sql] {
      session_.run(sql);
      return Clock::now();
    });
  }

 private:
  PostgresSession session_;
  std::string pid_;
};

// Polled every 50 ms while others work on the database.
struct Busy : Rig {
  Busy() : database(PostgresServer::shared().create_database("busy")), locks(server(), database) {
    file("V1__users.sql", users);
    sql(create_flyway_ledger());
    sql(insert_flyway_row({.rank = 1, .content = users}));
    configure("      - name: staging\n        mode: reconcile_only\n        database: " +
                  server().address(database) + "\n",
              "defaults: {poll: 50ms}\n");
    start();
    REQUIRE(eventually([this] { return applied(); }));
  }

  PostgresServer& server() { return PostgresServer::shared(); }
  std::string sql(const std::string& statement) { return server().run(statement, database); }

  bool applied() { return cell("staging", "V1__users") == "applied"; }
  bool reachable() { return status("staging").at("reachable").as_bool(); }
  bool at_work() {
    const auto environment = status("staging");
    const auto* problem = environment.at("problem").if_string();
    return problem != nullptr && problem->starts_with("something is being applied: pid ");
  }
  std::string last_seen() { return std::string(status("staging").at("as_of").as_string()); }
  // Nothing that anybody did here was ever taken for drift.
  bool nothing_found() { return json({"findings", "--all"}).at("findings").as_array().empty(); }
  bool looked_again() {
    const auto before = last_seen();
    return eventually([&] { return last_seen() != before; });
  }

  // A poll that reads everything, instead of asking first whether anything changed.
  Ran asked_to_poll() {
    return run({TIDEMARK, "poll", "shop/staging"}, {{"TIDEMARK_SOCKET", socket().string()}});
  }

  // Whether such a condition holds before long, on the row of a session that waits for a lock.
  bool waits(const std::string& condition) {
    const auto deadline = Clock::now() + 15s;
    while (Clock::now() < deadline) {
      if (is_waiting(condition)) {
        return true;
      }
      std::this_thread::sleep_for(5ms);
    }
    return false;
  }
  bool is_waiting(const std::string& condition) {
    return locks.run(
               "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid) "
               "WHERE NOT granted AND datname = current_database() AND " +
               condition) != "0";
  }

  const std::string users = "CREATE TABLE users (id int);\n";
  std::string database;
  PostgresSession locks;
};

const std::string ours = "application_name LIKE 'tidemark %'";

std::string is(const Other& other) {
  return "pid = " + other.pid();
}

// Behind who holds what one waits for, and behind who stands in front in the queue for it.
std::string behind(const Other& other) {
  return other.pid() + " = ANY(pg_blocking_pids(pid))";
}

const std::string behind_us =
    "EXISTS (SELECT FROM pg_stat_activity we WHERE we.application_name LIKE 'tidemark %'"
    " AND we.pid = ANY(pg_blocking_pids(pg_locks.pid)))";

}  // namespace

TEST_CASE("a tool that empties its ledger and fills it again is never read as empty") {
  if (!PostgresServer::available()) {
    return;
  }
  Busy busy;
  Other tool(busy.server(), busy.database);
  for (int i = 0; i < 30; ++i) {
    tool.run("BEGIN");
    tool.run("TRUNCATE flyway_schema_history");
    REQUIRE(busy.waits(ours + " AND " + behind(tool)));
    tool.run(insert_flyway_row({.rank = 1, .content = busy.users}));
    tool.run("COMMIT");
    CHECK(busy.applied());
  }
  CHECK(busy.looked_again());
  CHECK(busy.applied());
  CHECK(busy.nothing_found());
}

TEST_CASE("who asks for a look while a tool fills its ledger again is not shown an empty one") {
  if (!PostgresServer::available()) {
    return;
  }
  Busy busy;
  Other tool(busy.server(), busy.database);
  for (int i = 0; i < 4; ++i) {
    tool.run("BEGIN");
    tool.run("TRUNCATE flyway_schema_history");
    REQUIRE(busy.waits(ours + " AND " + behind(tool)));
    const int gave_up = busy.polls("staging", "ok");
    auto asked = std::async(std::launch::async, [&] { return busy.asked_to_poll().status; });
    // Now it is the turn of the one that was asked for.
    CHECK(busy.eventually([&] { return busy.polls("staging", "ok") > gave_up; }));
    CHECK(busy.waits(ours + " AND " + behind(tool)));
    tool.run(insert_flyway_row({.rank = 1, .content = busy.users}));
    tool.run("COMMIT");
    CHECK(asked.get() == 0);  // perhaps with the word that somebody is at work
    CHECK(busy.applied());
  }
  CHECK(busy.nothing_found());
}

TEST_CASE(
    "while their ledger is locked its cells stay, it is said by whom, and it is read again "
    "afterwards") {
  if (!PostgresServer::available()) {
    return;
  }
  Busy busy;
  {
    Other other(busy.server(), busy.database);
    other.run("BEGIN; LOCK TABLE flyway_schema_history IN ACCESS EXCLUSIVE MODE");
    REQUIRE(busy.waits(ours));
    const auto start = Clock::now();
    REQUIRE(busy.eventually([&] { return busy.at_work(); }));
    check_time("a poll that gives up", Clock::now() - start);
    CHECK(busy.asked_to_poll().status == 0);
    CHECK(busy.at_work());
    CHECK(busy.reachable());
    CHECK(busy.applied());
    other.run("COMMIT");
  }
  CHECK(busy.eventually([&] { return !busy.at_work(); }));
  CHECK(busy.applied());
  CHECK(busy.nothing_found());
}

TEST_CASE("who waits for the ledger behind us has it as soon as it is free") {
  if (!PostgresServer::available()) {
    return;
  }
  Busy busy;
  Other first(busy.server(), busy.database);
  Other next(busy.server(), busy.database);
  int rounds_behind_us = 0;
  for (int i = 0; i < 10; ++i) {
    first.run("BEGIN; LOCK TABLE flyway_schema_history IN ACCESS EXCLUSIVE MODE");
    REQUIRE(busy.waits(ours));
    auto locked =
        next.run_meanwhile("BEGIN; LOCK TABLE flyway_schema_history IN ACCESS EXCLUSIVE MODE");
    CHECK(busy.waits(is(next)));
    rounds_behind_us += busy.is_waiting(is(next) + " AND " + behind_us) ? 1 : 0;
    const auto free = Clock::now();
    first.run("COMMIT");
    check_time("LOCK TABLE behind us", locked.get() - free);
    next.run("COMMIT");
  }
  // Not each: we may have given up in between.
  CHECK(rounds_behind_us > 0);
  CHECK(busy.looked_again());
  CHECK(busy.applied());
  CHECK(busy.nothing_found());
}

TEST_CASE("whoever alters the ledger does not wait for us") {
  if (!PostgresServer::available()) {
    return;
  }
  Busy busy;
  Other other(busy.server(), busy.database);
  const int enough = busy.polls("staging") + 25;
  for (int i = 0; i < 60 || busy.polls("staging") < enough; ++i) {
    other.run("ALTER TABLE flyway_schema_history ADD COLUMN more int");
    other.run("ALTER TABLE flyway_schema_history DROP COLUMN more");
  }
  CHECK(busy.looked_again());
  CHECK(busy.applied());
  CHECK(busy.nothing_found());
}

TEST_CASE("who waits to alter the ledger, with us behind, alters it as soon as he can") {
  if (!PostgresServer::available()) {
    return;
  }
  Busy busy;
  Other reader(busy.server(), busy.database);
  Other other(busy.server(), busy.database);
  for (int i = 0; i < 10; ++i) {
    reader.run("BEGIN; SELECT FROM flyway_schema_history");
    auto altered = other.run_meanwhile(std::string("ALTER TABLE flyway_schema_history ") +
                                       (i % 2 == 0 ? "ADD COLUMN more int" : "DROP COLUMN more"));
    const auto start = Clock::now();
    CHECK(busy.waits(is(other) + " AND " + behind(reader) + " AND NOT " + behind_us));
    check_time("ALTER TABLE behind us", Clock::now() - start);
    CHECK(busy.waits(ours + " AND " + behind(other)));
    if (i == 0) {
      CHECK(busy.asked_to_poll().out.find("lock timeout") != std::string::npos);
      CHECK_FALSE(busy.reachable());
      CHECK(busy.waits(ours + " AND " + behind(other)));
    }
    CHECK(busy.applied());
    const auto free = Clock::now();
    reader.run("COMMIT");
    check_time("ALTER TABLE before us", altered.get() - free);
    CHECK(busy.applied());
  }
  CHECK(busy.looked_again());
  CHECK(busy.applied());
  CHECK(busy.nothing_found());
}

TEST_CASE("indexes that are built concurrently are whole, and are built and dropped in time") {
  if (!PostgresServer::available()) {
    return;
  }
  Busy busy;
  busy.sql("CREATE TABLE wide AS SELECT i AS a FROM generate_series(1, 20000) i");
  const std::array<std::string, 2> columns{"wide (a)", "flyway_schema_history (version)"};
  Other other(busy.server(), busy.database);
  const int enough = busy.polls("staging") + 40;
  for (std::size_t i = 0; i < INDEX_BUILDS || busy.polls("staging") < enough; ++i) {
    const auto name = "built_" + std::to_string(i);
    other.run("CREATE INDEX CONCURRENTLY " + name + " ON " + columns.at(i % 2));
    CHECK(other.run("SELECT indisvalid FROM pg_index WHERE indexrelid = '" + name +
                    "'::regclass") == "t");
    other.run("DROP INDEX CONCURRENTLY " + name);
  }
  CHECK(busy.looked_again());
  CHECK(busy.nothing_found());
}

// It waits for every transaction that has a snapshot, and ours has one while it waits.
TEST_CASE("an index build waits no longer for us than we wait for the ledger") {
  if (!PostgresServer::available()) {
    return;
  }
  Busy busy;
  busy.sql("CREATE TABLE wide AS SELECT i AS a FROM generate_series(1, 20000) i");
  Other locks(busy.server(), busy.database);
  Other builds(busy.server(), busy.database);
  locks.run("BEGIN; LOCK TABLE flyway_schema_history IN ACCESS EXCLUSIVE MODE");
  for (int i = 0; i < 4; ++i) {
    REQUIRE(busy.waits(ours + " AND " + behind(locks)));
    builds.run("CREATE INDEX CONCURRENTLY wide_a ON wide (a)");
    CHECK(builds.run("SELECT indisvalid FROM pg_index WHERE indexrelid = 'wide_a'::regclass") ==
          "t");
    builds.run("DROP INDEX CONCURRENTLY wide_a");
  }
  locks.run("COMMIT");
  CHECK(busy.looked_again());
  CHECK(busy.applied());
  CHECK(busy.nothing_found());
}
