#include <algorithm>
#include <atomic>
#include <chrono>
#include <string>
#include <thread>

#include <doctest/doctest.h>

#include "tests/adapters/postgres/fake_server.h"
#include "tests/adapters/postgres/messages.h"
#include "tests/adapters/postgres/reading.h"

namespace tidemark::test {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

std::unique_ptr<ReadSession> session_on(Reading& reading, const std::string& address) {
  auto connected = reading.connect(address);
  REQUIRE_MESSAGE(connected.has_value(), (connected ? "" : connected.error().error.detail));
  return std::move(*connected);
}

bool works(Reading& reading, ReadSession& session) {
  const auto answer = reading.read(session, {query("SELECT 1")});
  return answer && answer->at(0).rows == Rows{{"1"}};
}

}  // namespace

TEST_CASE("a statement that takes too long is given up by the server, and the session goes on") {
  if (!PostgresServer::available()) {
    return;
  }
  Reading reading;
  const auto session = session_on(reading, PostgresServer::shared().address("postgres"));
  ReadLimits limits;
  limits.statement_timeout = 50ms;
  const auto answer = reading.read(*session, {query("SELECT pg_catalog.pg_sleep(20)")}, limits);
  REQUIRE(!answer);
  CHECK(answer.error().sqlstate == "57014");
  CHECK(answer.error().error.code == Errc::retry);
  CHECK(session->usable());
  CHECK(works(reading, *session));
}

TEST_CASE("a poll gives up before it waits long for somebody's lock") {
  if (!PostgresServer::available()) {
    return;
  }
  auto& server = PostgresServer::shared();
  const auto database = server.create_database("locked");
  PostgresSession migration(server, database);
  migration.run("CREATE TABLE public.ledger ()");
  migration.run("BEGIN; LOCK TABLE public.ledger");
  Reading reading;
  const auto session = session_on(reading, server.address(database));
  ReadLimits limits;
  limits.lock_timeout = 50ms;
  const auto answer = reading.read(*session, {query("SELECT * FROM public.ledger")}, limits);
  REQUIRE(!answer);
  CHECK(answer.error().sqlstate == "55P03");
  CHECK(answer.error().error.code == Errc::retry);
  CHECK(works(reading, *session));
}

TEST_CASE("a table that is rewritten while we wait for its lock does not look empty") {
  if (!PostgresServer::available()) {
    return;
  }
  auto& server = PostgresServer::shared();
  const auto database = server.create_database("rewritten");
  server.run("ALTER DATABASE " + database + " SET default_transaction_isolation = 'serializable'");
  PostgresSession migration(server, database);
  migration.run("CREATE TABLE public.ledger AS SELECT 1 AS v");
  migration.run("BEGIN TRANSACTION ISOLATION LEVEL READ COMMITTED; LOCK TABLE public.ledger");
  Reading reading;
  const auto session = session_on(reading, server.address(database));
  std::thread rewrites([&] {
    PostgresSession watcher(server, database);
    while (watcher.run("SELECT count(*) FROM pg_locks WHERE NOT granted") == "0") {
      std::this_thread::sleep_for(2ms);
    }
    migration.run("ALTER TABLE public.ledger ALTER v TYPE text; COMMIT");
  });
  ReadLimits limits;
  limits.lock_timeout = 5s;
  const auto answer =
      reading.read(*session, {query("SELECT 1"), query("SELECT v FROM public.ledger")}, limits);
  rewrites.join();
  REQUIRE_MESSAGE(answer.has_value(), (answer ? "" : answer.error().error.detail));
  CHECK(answer->at(1).rows == Rows{{"1"}});
}

TEST_CASE("the deadline counts whatever the server does") {
  if (!PostgresServer::available()) {
    return;
  }
  Reading reading;
  const auto session = session_on(reading, PostgresServer::shared().address("postgres"));
  ReadLimits limits;
  limits.deadline = 100ms;
  limits.statement_timeout = 2s;  // what ends the query on the server
  const auto start = Clock::now();
  const auto answer = reading.read(*session, {query("SELECT pg_catalog.pg_sleep(20)")}, limits);
  CHECK(Clock::now() - start < 1500ms);
  REQUIRE(!answer);
  CHECK(answer.error().error.code == Errc::retry);
  CHECK(answer.error().error.detail.find(": gave no answer within 100 ms: look whether the server "
                                         "hangs") != std::string::npos);
  CHECK(!session->usable());
  const auto asleep = [] {
    return PostgresServer::shared().run(
        "SELECT count(*) FROM pg_stat_activity "
        "WHERE query LIKE 'SELECT pg_catalog.pg_sleep(20)%' AND state = 'active'");
  };
  while (asleep() != "0" && Clock::now() - start < 15s) {
    std::this_thread::sleep_for(50ms);
  }
  CHECK(asleep() == "0");
  const auto again = reading.read(*session, {query("SELECT 1")});
  REQUIRE(!again);
  CHECK(again.error().error.detail.ends_with(": the connection is closed"));
}

TEST_CASE("a server that never answers is left at the deadline") {
  FakeServer server(receive_all);
  Reading reading;
  const auto start = Clock::now();
  const auto connected = reading.connect(server.address(), "", 100ms);
  CHECK(Clock::now() - start < 1500ms);
  REQUIRE(!connected);
  CHECK(connected.error().error.code == Errc::retry);
  CHECK(connected.error().error.detail ==
        "127.0.0.1:" + std::to_string(server.port()) +
            "/shop as reader: gave no answer within 100 ms: check "
            "host and port in database:");
}

TEST_CASE("a server that always has a little more to say is left at the deadline") {
  FakeServer server([](int socket) {
    welcome(socket);
    receive(socket);
    // Small ones: they come faster than they can be understood.
    std::string notices;
    for (int i = 0; i < 10'000; ++i) {
      notices += message('N', error_fields("00000", "x"));
    }
    while (send(socket, notices)) {
    }
  });
  Reading reading;
  const auto session = session_on(reading, server.address());
  ReadLimits limits;
  limits.deadline = 200ms;
  limits.bytes_max = UINT64_MAX / 2;
  const auto start = Clock::now();
  const auto answer = reading.read(*session, {query("SELECT 1")}, limits);
  CHECK(Clock::now() - start < 2s);
  REQUIRE(!answer);
  CHECK(answer.error().error.code == Errc::retry);
  CHECK(!session->usable());
}

TEST_CASE("a connect whose turn on the pool never comes is left at the deadline") {
  FakeServer server([](int socket) {
    receive(socket);
    send(socket, asks_for_scram());
    receive_all(socket);
  });
  Reading reading;
  reading.pool().start([] { std::this_thread::sleep_for(400ms); });
  const auto start = Clock::now();
  const auto connected = reading.connect(server.address(), "a password", 50ms);
  CHECK(Clock::now() - start < 350ms);
  REQUIRE(!connected);
  CHECK(connected.error().error.code == Errc::retry);
}

TEST_CASE("an answer with too many rows fails, in words, and costs the connection") {
  if (!PostgresServer::available()) {
    return;
  }
  Reading reading;
  const auto session = session_on(reading, PostgresServer::shared().address("postgres"));
  ReadLimits limits;
  limits.rows_max = 1000;
  const auto exactly = reading.read(*session,
                                    {query("SELECT pg_catalog.generate_series(1, 400)"),
                                     query("SELECT pg_catalog.generate_series(1, 600)")},
                                    limits);
  REQUIRE(exactly);
  CHECK(exactly->at(1).rows.size() == 600);
  const auto start = Clock::now();
  const auto answer =
      reading.read(*session, {query("SELECT pg_catalog.generate_series(1, 100000000)")}, limits);
  CHECK(Clock::now() - start < 4s);
  REQUIRE(!answer);
  CHECK(answer.error().error.code == Errc::broken);
  CHECK(answer.error().error.detail.ends_with(
      ": the answer has more than 1000 rows: check their_ledger:, and host and port in database:"));
  CHECK(!session->usable());
}

TEST_CASE("an answer with too many bytes fails, though they be one value") {
  if (!PostgresServer::available()) {
    return;
  }
  Reading reading;
  ReadLimits limits;
  limits.bytes_max = 1'000'000;
  for (const ReadStatement statement :
       {ReadStatement("SELECT pg_catalog.repeat('x', 1000) FROM generate_series(1, 100000)"),
        ReadStatement("SELECT pg_catalog.repeat('x', 100000000)")}) {
    const auto session = session_on(reading, PostgresServer::shared().address("postgres"));
    const auto answer = reading.read(*session, {query(statement)}, limits);
    REQUIRE(!answer);
    CHECK(answer.error().error.code == Errc::broken);
    CHECK(answer.error().error.detail.find(
              ": the answer has more than 1000000 bytes: check their_ledger:") !=
          std::string::npos);
    CHECK(!session->usable());
  }
}

TEST_CASE("a value that does not end is refused before it has filled the memory") {
  std::atomic<std::size_t> sent = 0;
  const auto before = resident_bytes();
  {
    FakeServer server([&sent](int socket) {
      welcome(socket);
      receive(socket);
      send(socket, std::string("D\x3f\xff\xff\xff", 5));  // a row of a gigabyte
      const std::string part(1U << 20U, 'x');
      while (sent < (300U << 20U) && send(socket, part)) {
        sent += part.size();
      }
    });
    Reading reading;
    const auto session = session_on(reading, server.address());
    ReadLimits limits;
    limits.bytes_max = 1'000'000;
    const auto answer = reading.read(*session, {query("SELECT 1")}, limits);
    REQUIRE(!answer);
    CHECK(answer.error().error.detail.find(
              ": the answer has more than 1000000 bytes: check their_ledger:") !=
          std::string::npos);
    CHECK(!session->usable());
    const auto now = resident_bytes();
    CHECK(now - std::min(now, before) < (20U << 20U));
  }
  CHECK(sent < (20U << 20U));
}

}  // namespace tidemark::test
