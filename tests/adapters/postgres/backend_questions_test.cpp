#include "adapters/postgres/backend_questions.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <thread>

#include <doctest/doctest.h>

#include "adapters/postgres/transaction_questions.h"
#include "tests/adapters/postgres/asking.h"

namespace tidemark::test {
namespace {

using namespace std::chrono_literals;

// Runs something in a session of a thread of its own; it may fail, and ends with this.
class Aside {
 public:
  Aside(Asking& asking, std::string sql)
      : session_(asking.server, asking.database),
        pid_(std::stoi(session_.run("SELECT pg_backend_pid()"))),
        thread_([this, sql = std::move(sql)] {
          try {
            session_.run(sql);
          } catch (const std::runtime_error& error) {
            error_ = error.what();
          }
        }) {}
  ~Aside() { end(); }
  Aside(const Aside&) = delete;
  Aside& operator=(const Aside&) = delete;
  int pid() const { return pid_; }
  const std::string& end() {
    if (thread_.joinable()) {
      thread_.join();
    }
    return error_;
  }

 private:
  PostgresSession session_;
  int pid_;
  std::string error_;
  std::thread thread_;
};

std::string waits_for_lock(int pid) {
  return "wait_event_type = 'Lock' FROM pg_stat_activity WHERE pid = " + std::to_string(pid);
}

std::string sleeps(int pid) {
  return "wait_event = 'PgSleep' FROM pg_stat_activity WHERE pid = " + std::to_string(pid);
}

}  // namespace

TEST_CASE("a cancel hits the transaction that it is aimed at") {
  if (!PostgresServer::available()) {
    return;
  }
  Asking asking;
  auto& asker = *asking.other;
  Aside aside(asking, "BEGIN; SELECT pg_sleep(20)");
  asking.wait_until(sleeps(aside.pid()));
  const auto start = std::stoll(asking.seen(
      "SELECT (extract(epoch FROM xact_start) * 1000000)::int8 FROM pg_stat_activity WHERE pid = " +
      std::to_string(aside.pid())));
  CHECK(!asking.ask(cancel(asker, {.pid = aside.pid(), .transaction_start = start - 1})));
  CHECK(!asking.ask(cancel(asker, {.pid = aside.pid()})));
  CHECK(asking.ask(cancel(asker, {.pid = aside.pid(), .transaction_start = start})));
  CHECK(aside.end().find("canceling statement due to user request") != std::string::npos);
}

TEST_CASE("a transaction says itself how to aim at it") {
  if (!PostgresServer::available()) {
    return;
  }
  Asking asking;
  asking.run("BEGIN");
  const auto aim = asking.ask(where_it_is(*asking.session)).aim;
  CHECK(asking.ask(cancel(*asking.other, aim)));  // it is found, though it does nothing just now
  asking.run("COMMIT; BEGIN");
  CHECK(!asking.ask(cancel(*asking.other, aim)));
}

TEST_CASE("a cancel hits the statement that it is aimed at, and not the next one") {
  if (!PostgresServer::available()) {
    return;
  }
  Asking asking;
  auto& asker = *asking.other;
  Aside aside(asking, "SELECT pg_sleep(20)");
  asking.wait_until(sleeps(aside.pid()));
  const auto aim = asking.ask(aim_at_statement(asker, aside.pid()));
  REQUIRE(aim);
  auto earlier = *aim;
  --*earlier.query_start;
  CHECK(!asking.ask(cancel(asker, earlier)));
  CHECK(asking.ask(cancel(asker, *aim)));
  CHECK(aside.end().find("canceling statement due to user request") != std::string::npos);
  CHECK(!asking.ask(aim_at_statement(asker, aside.pid())));
}

TEST_CASE("who holds what somebody waits for is told, with what it does") {
  if (!PostgresServer::available()) {
    return;
  }
  Asking asking;
  asking.run("CREATE TABLE t ()");
  asking.run("SET application_name = 'shop\x01 backend'; BEGIN; LOCK TABLE t; SELECT '\n" +
             std::string(300, 'x') + "'");
  Aside waiter(asking, "SET lock_timeout = '20s'; LOCK TABLE t");
  asking.wait_until(waits_for_lock(waiter.pid()));
  const auto found = asking.ask(blockers(*asking.other, waiter.pid()));
  REQUIRE(found.size() == 1);
  const auto& blocker = found.front();
  CHECK(blocker.pid == asking.session->backend_pid());
  CHECK(blocker.role == "postgres");
  CHECK(blocker.application.ends_with(" backend"));
  CHECK(blocker.state == "idle in transaction");
  REQUIRE(blocker.transaction_age);
  CHECK(*blocker.transaction_age >= 0ms);
  CHECK(*blocker.transaction_age < 30s);
  CHECK(blocker.query.starts_with("SET application_name"));
  CHECK(blocker.query.size() <= 210);
  CHECK(asking.ask(blockers(*asking.other, asking.session->backend_pid())).empty());
  asking.run("COMMIT");
}

TEST_CASE("a prepared transaction that holds what somebody waits for is told too") {
  if (!PostgresServer::available()) {
    return;
  }
  PostgresServer server({.settings = {"max_prepared_transactions=2"}});
  server.run("CREATE TABLE t ()");
  PostgresSession preparing(server, "postgres");
  preparing.run("BEGIN; LOCK TABLE t; PREPARE TRANSACTION 'x'");
  Writing writing;
  const auto waiter = writing.connect(server.address("postgres"));
  const auto asker = writing.connect(server.address("postgres"));
  asio::co_spawn(writing.loop(),
                 waiter->run("BEGIN; LOCK TABLE t"),
                 [](std::exception_ptr, WriteSession::Answer) {});
  std::vector<Backend> found;
  const auto patience = std::chrono::steady_clock::now() + 20s;
  while (found.empty() && std::chrono::steady_clock::now() < patience) {
    found = writing.answer(blockers(*asker, waiter->backend_pid()));
  }
  REQUIRE(found.size() == 1);
  CHECK(found.front().pid == 0);
  CHECK(found.front().role.empty());
  CHECK(!found.front().transaction_age);
  preparing.run("ROLLBACK PREPARED 'x'");
  REQUIRE(writing.run(*asker, "SELECT 1"));
  waiter->interrupt();
  REQUIRE(writing.run(*asker, "SELECT 1"));
}

TEST_CASE("transactions that building an index concurrently may wait for are told, oldest first") {
  if (!PostgresServer::available()) {
    return;
  }
  Asking asking;
  asking.run("CREATE TABLE t ()");
  PostgresSession looks(asking.server, asking.database);
  looks.run("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM t");
  PostgresSession writes(asking.server, asking.database);
  writes.run("BEGIN; INSERT INTO t DEFAULT VALUES");
  PostgresSession idle(asking.server, asking.database);
  idle.run("BEGIN; SELECT 1");
  PostgresSession elsewhere(asking.server, "postgres");
  elsewhere.run("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM pg_class");
  asking.run("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM t");

  const auto found = asking.ask(oldest_transactions(*asking.other, asking.session->backend_pid()));
  REQUIRE(found.size() == 2);
  CHECK(std::to_string(found[0].pid) == looks.run("SELECT pg_backend_pid()"));
  CHECK(std::to_string(found[1].pid) == writes.run("SELECT pg_backend_pid()"));
  CHECK(found[0].state == "idle in transaction");
}

TEST_CASE("a prepared transaction is waited for by who builds an index, too") {
  if (!PostgresServer::available()) {
    return;
  }
  PostgresServer server({.settings = {"max_prepared_transactions=2"}});
  server.run("CREATE TABLE t ()");
  PostgresSession prepares(server, "postgres");
  prepares.run("BEGIN; INSERT INTO t DEFAULT VALUES; PREPARE TRANSACTION 'left behind'");
  Writing writing;
  const auto session = writing.connect(server.address("postgres"));
  const auto found = writing.answer(oldest_transactions(*session, 0));
  REQUIRE(found.size() == 1);
  CHECK(found[0].pid == 0);
  CHECK(found[0].query == "left behind");
  CHECK(found[0].transaction_age);
  server.run("ROLLBACK PREPARED 'left behind'");
}

TEST_CASE("other sessions that migrate this database are found by their name") {
  if (!PostgresServer::available()) {
    return;
  }
  Asking asking;
  const auto named = [&](const std::string& database, const std::string& name) {
    auto session = std::make_unique<PostgresSession>(asking.server, database);
    session->run("SET application_name = '" + name + "'");
    return session;
  };
  const auto theirs = named(asking.database, "tidemark shop/test migration");
  const auto watches = named(asking.database, "tidemark");
  const auto elsewhere = named("postgres", "tidemark shop/test migration");
  for (auto* session : {asking.session.get(), asking.other.get()}) {
    asking.run(*session, "SET application_name = 'tidemark shop/test migration'");
  }
  const auto found = asking.ask(other_sessions(*asking.other, {asking.session->backend_pid(), 1}));
  REQUIRE(found.size() == 1);
  CHECK(std::to_string(found[0].pid) == theirs->run("SELECT pg_backend_pid()"));
  CHECK(asking.ask(other_sessions(*asking.other, {})).size() == 2);
}

TEST_CASE("how far an index is says whom it waits for, and how much of it is built") {
  if (!PostgresServer::available()) {
    return;
  }
  Asking asking;
  auto& asker = *asking.other;
  asking.run(
      "CREATE TABLE t AS SELECT i FROM generate_series(1, 1000) AS i;"
      "CREATE FUNCTION slow(i int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS "
      "$$ BEGIN PERFORM pg_sleep(0.005); RETURN i; END $$");
  CHECK(!asking.ask(index_progress(asker, asking.session->backend_pid())));
  PostgresSession writes(asking.server, asking.database);
  writes.run("BEGIN; INSERT INTO t VALUES (0)");
  Aside builds(asking, "CREATE INDEX CONCURRENTLY ON t (slow(i))");
  asking.wait_until(waits_for_lock(builds.pid()));
  const auto waits = asking.ask(index_progress(asker, builds.pid()));
  REQUIRE(waits);
  CHECK(waits->phase == "waiting for writers before build");
  CHECK(waits->lockers_total == 1);
  CHECK(waits->lockers_done == 0);
  CHECK(std::to_string(waits->locker) == writes.run("SELECT pg_backend_pid()"));
  CHECK(!waits->per_cent);
  writes.run("COMMIT");
  // Of the first block the server says that it is the last.
  asking.wait_until(
      "phase = 'building index: scanning table' AND blocks_done BETWEEN 1 AND blocks_total - 1 "
      "FROM "
      "pg_stat_progress_create_index WHERE pid = " +
      std::to_string(builds.pid()));
  const auto scans = asking.ask(index_progress(asker, builds.pid()));
  REQUIRE(scans);
  CHECK(scans->phase == "building index: scanning table");
  REQUIRE(scans->per_cent);
  CHECK(*scans->per_cent > 0);
  CHECK(*scans->per_cent < 100);
  const auto aim = asking.ask(aim_at_statement(asker, builds.pid()));
  REQUIRE(aim);
  CHECK(asking.ask(cancel(asker, *aim)));
  CHECK(builds.end().find("canceling statement") != std::string::npos);
}

}  // namespace tidemark::test
