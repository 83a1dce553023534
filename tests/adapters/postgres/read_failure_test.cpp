#include <atomic>
#include <chrono>
#include <string>
#include <thread>

#include <doctest/doctest.h>

#include "tests/adapters/postgres/fake_server.h"
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

// What the server says to a batch: its beginning, then nothing more.
ReadFailure failure_of(const std::string& beginning) {
  FakeServer server([beginning](int socket) {
    welcome(socket);
    receive(socket);
    send(socket, beginning);
  });
  Reading reading;
  const auto session = session_on(reading, server.address());
  const auto answer = reading.read(*session, {query("SELECT 1")});
  REQUIRE(!answer);
  CHECK(!session->usable());
  CHECK(answer.error().error.detail.starts_with("127.0.0.1:" + std::to_string(server.port()) +
                                                "/shop as reader: "));
  return answer.error();
}

std::string terminator() {
  return std::string(1, '\0');
}

// BEGIN was done, and the settings have begun to come.
std::string first_replies() {
  const auto parsed = message('1', "") + message('2', "");
  return parsed + message('n', "") + message('C', "BEGIN" + terminator()) + parsed;
}

}  // namespace

TEST_CASE("a backend that is terminated while it answers says so, and the connection is given up") {
  if (!PostgresServer::available()) {
    return;
  }
  auto& server = PostgresServer::shared();
  const auto database = server.create_database("terminated");
  Reading reading;
  const auto session = session_on(reading, server.address(database));
  std::thread terminates([&] {
    PostgresSession admin(server, "postgres");
    const std::string asleep =
        "FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = '" + database + "'";
    while (admin.run("SELECT pg_terminate_backend(pid) " + asleep).empty()) {
      std::this_thread::sleep_for(2ms);
    }
  });
  const auto answer = reading.read(*session, {query("SELECT pg_catalog.pg_sleep(20)")});
  terminates.join();
  REQUIRE(!answer);
  CHECK(answer.error().sqlstate == "57P01");
  CHECK(answer.error().error.code == Errc::retry);
  CHECK(!session->usable());
}

TEST_CASE("a connection that the server closed while nobody read is noticed at the next read") {
  if (!PostgresServer::available()) {
    return;
  }
  auto& server = PostgresServer::shared();
  const auto database = server.create_database("restarted");
  Reading reading;
  const auto session = session_on(reading, server.address(database));
  server.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '" + database +
             "'");
  const auto answer = reading.read(*session, {query("SELECT 1")});
  REQUIRE(!answer);
  CHECK(answer.error().error.code == Errc::retry);
  CHECK(!session->usable());
}

TEST_CASE("a server that closes in the middle of an answer is a reason to try again") {
  for (const auto& beginning : {std::string{},
                                first_replies(),
                                first_replies() + message('T', std::string(2, '\0')).substr(0, 5),
                                first_replies() + "D"}) {
    CAPTURE(beginning.size());
    const auto failure = failure_of(beginning);
    CHECK(failure.error.code == Errc::retry);
    CHECK(failure.sqlstate.empty());
    CHECK(failure.error.detail.ends_with(
        ": look into the server's log, and check host and port in database:"));
  }
}

TEST_CASE("a fatal error without another word is what is reported") {
  const auto failure =
      failure_of(first_replies() + message('E', error_fields("57P01", "going\ndown")));
  CHECK(failure.sqlstate == "57P01");
  CHECK(failure.error.code == Errc::retry);
  CHECK(failure.error.detail.ends_with(": going down (57P01)"));
}

TEST_CASE("of an error that does not end, little is repeated") {
  const std::string much(1U << 20U, '\x01');
  const auto failure = failure_of(first_replies() + message('E', error_fields("42P01", much)));
  CHECK(failure.error.detail.size() < 700);
  CHECK(failure.error.detail.ends_with("\\x01 (42P01)"));
  const auto odd = failure_of(first_replies() + message('E', error_fields(much, "no")));
  CHECK(odd.error.detail.size() < 700);
}

TEST_CASE("what is no answer is broken") {
  for (const auto& beginning : {first_replies() + std::string("?\0\0\0\4", 5),
                                first_replies() + message('D', "x") + message('D', "x"),
                                first_replies() + std::string("T\0\0\0\1", 5),
                                first_replies() + std::string(100, 'x')}) {
    const auto failure = failure_of(beginning);
    CAPTURE(failure.error.detail);
    CHECK(failure.error.code == Errc::broken);
    CHECK(failure.error.detail.ends_with(": is it PostgreSQL? check host and port in database:"));
  }
}

TEST_CASE("a transaction that ends with anything but COMMIT is no answer") {
  const auto done = [](const std::string& tag) {
    return message('1', "") + message('2', "") + message('n', "") +
           message('C', tag + terminator());
  };
  FakeServer server([&](int socket) {
    welcome(socket);
    receive(socket);
    send(
        socket,
        done("BEGIN") + done("SELECT 1") + done("SELECT 1") + done("ROLLBACK") + message('Z', "I"));
    receive_all(socket);
  });
  Reading reading;
  const auto session = session_on(reading, server.address());
  const auto answer = reading.read(*session, {query("SELECT 1")});
  REQUIRE(!answer);
  CHECK(answer.error().error.detail.find(
            ": the transaction ended with ROLLBACK: is it PostgreSQL?") != std::string::npos);
}

TEST_CASE(
    "what a server says after an answer is heard, and an answer that nobody asked for is none") {
  const auto done = [](const std::string& tag) { return message('C', tag + terminator()); };
  const auto answer =
      done("BEGIN") + done("SELECT 0") + done("SELECT 0") + done("COMMIT") + message('Z', "I");
  const auto second = [&](const std::string& after) {
    FakeServer server([&](int socket) {
      welcome(socket);
      receive(socket);
      send(socket, answer + after);
      receive(socket);
    });
    Reading reading;
    const auto session = session_on(reading, server.address());
    REQUIRE(reading.read(*session, {query("SELECT 1")}));
    const auto failed = reading.read(*session, {query("SELECT 1")});
    REQUIRE(!failed);
    CHECK(!session->usable());
    return failed.error();
  };
  CHECK(second(message('E', error_fields("57P01", "going"))).sqlstate == "57P01");
  for (const auto& early : {answer, done("BEGIN")}) {
    const auto failure = second(early);
    CHECK(failure.error.code == Errc::broken);
    CHECK(failure.error.detail.find("the server answered before it was asked") !=
          std::string::npos);
  }
}

TEST_CASE("a session whose transaction cannot be left is given up") {
  FakeServer server([](int socket) {
    welcome(socket);
    receive(socket);
    send(socket, message('E', error_fields("42P01", "no")) + message('Z', "E"));
    receive(socket);  // ROLLBACK
    send(socket, message('E', error_fields("XX000", "no")) + message('Z', "E"));
    receive_all(socket);
  });
  Reading reading;
  const auto session = session_on(reading, server.address());
  const auto answer = reading.read(*session, {query("SELECT 1")});
  REQUIRE(!answer);
  CHECK(answer.error().sqlstate == "42P01");
  CHECK(!session->usable());
}

TEST_CASE("a read that is cancelled or interrupted ends at once and closes the connection") {
  bool interrupted = false;
  SUBCASE("cancelled") {}
  SUBCASE("interrupted") {
    interrupted = true;
  }
  std::atomic<bool> closed = false;
  FakeServer server([&closed](int socket) {
    welcome(socket);
    receive_all(socket);
    closed = true;
  });
  Reading reading;
  const auto session = session_on(reading, server.address());
  const auto start = Clock::now();
  const auto answer = interrupted ? reading.read_interrupted(*session, {query("SELECT 1")}, 50ms)
                                  : reading.read_cancelled(*session, {query("SELECT 1")}, 50ms);
  CHECK(Clock::now() - start < 1s);
  REQUIRE(!answer);
  CHECK(answer.error().error.code == Errc::cancelled);
  CHECK(!session->usable());
  while (!closed && Clock::now() - start < 10s) {
    std::this_thread::sleep_for(1ms);
  }
  CHECK(closed);
}

TEST_CASE("a rollback that is cancelled ends at once too") {
  FakeServer server([](int socket) {
    welcome(socket);
    receive(socket);
    send(socket, message('E', error_fields("42P01", "no")) + message('Z', "E"));
    receive_all(socket);
  });
  Reading reading;
  const auto session = session_on(reading, server.address());
  const auto answer = reading.read_cancelled(*session, {query("SELECT 1")}, 100ms);
  REQUIRE(!answer);
  CHECK(answer.error().error.code == Errc::cancelled);
  CHECK(!session->usable());
}

}  // namespace tidemark::test
