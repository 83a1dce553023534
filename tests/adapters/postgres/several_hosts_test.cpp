// One target, several addresses: the first that works is taken, in time, whatever the others do.

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <iostream>
#include <string>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <doctest/doctest.h>

#include "tests/adapters/postgres/fake_server.h"
#include "tests/adapters/postgres/reading.h"
#include "tests/adapters/postgres/scripted_names.h"

namespace tidemark::test {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

// Answers as a server would that let us in.
FakeServer friendly() {
  return FakeServer([](int socket) {
    welcome(socket);
    receive_all(socket);
  });
}

std::string at(const std::string& hosts, const std::string& ports) {
  return "host=" + hosts + " port=" + ports + " user=reader dbname=shop sslmode=disable";
}

std::string told(const Connected& connected) {
  return connected ? "connected" : connected.error().error.detail;
}

bool has_ipv6() {
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_addr = in6addr_loopback;
  const int socket = ::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const bool bound =
      socket >= 0 && ::bind(socket, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
  ::close(socket);
  return bound;
}

}  // namespace

TEST_CASE("the second host is taken when the first one refuses") {
  const auto good = friendly();
  Reading reading;
  const auto connected = reading.connect(
      at("127.0.0.1,127.0.0.1", std::to_string(closed_port()) + "," + std::to_string(good.port())));
  CHECK(told(connected) == "connected");
}

TEST_CASE("the second host is taken when the first one does not even accept") {
  const BlackHole silent;
  const auto good = friendly();
  Reading reading;
  const auto start = Clock::now();
  const auto connected = reading.connect(
      at("127.0.0.1,127.0.0.1", std::to_string(silent.port()) + "," + std::to_string(good.port())),
      "",
      3s);
  CHECK(told(connected) == "connected");
  CHECK(Clock::now() - start >= 1s);  // its share: half
}

TEST_CASE("the second host is taken when the first one accepts and says nothing") {
  const FakeServer silent([](int socket) { receive_all(socket); });
  const auto good = friendly();
  Reading reading;
  const auto connected = reading.connect(
      at("127.0.0.1,127.0.0.1", std::to_string(silent.port()) + "," + std::to_string(good.port())),
      "",
      3s);
  CHECK(told(connected) == "connected");
}

TEST_CASE("all addresses of a name are tried, and each is named in the failure") {
  ScriptedNames names;
  const auto port = std::to_string(closed_port());
  names.answer("db", {"127.0.0.1", "127.0.0.2"});
  Reading reading(names.lookup());
  const auto failure = told(reading.connect(at("db", port)));
  CHECK(failure.starts_with("db:" + port + "/shop as reader: 127.0.0.1: "));
  CHECK(failure.find("; 127.0.0.2: ") != std::string::npos);
  CHECK(failure.find("refused") != std::string::npos);
}

TEST_CASE("a host whose name is lost does not keep the others from being tried") {
  const auto good = friendly();
  ScriptedNames names;
  names.hang("lost");
  names.answer("found", {"127.0.0.1"});
  Reading reading(names.lookup());
  const auto connected = reading.connect(at("lost,found", std::to_string(good.port())), "", 3s);
  CHECK(told(connected) == "connected");
}

TEST_CASE("the last good address is used while a name server is down, and a failure says so") {
  ScriptedNames names;
  names.answer("db", {"127.0.0.1"});
  Reading reading(names.lookup(), {4, 50ms});
  int port = 0;
  {
    const auto good = friendly();
    port = good.port();
    CHECK(told(reading.connect(at("db", std::to_string(port)))) == "connected");
    names.hang("db");
    CHECK(told(reading.connect(at("db", std::to_string(port)))) == "connected");
  }
  const auto failure = told(reading.connect(at("db", std::to_string(port))));
  CHECK(failure.find("127.0.0.1: Connection refused") != std::string::npos);
  CHECK(failure.find("(its last known address: looking up 'db' takes long)") != std::string::npos);
}

TEST_CASE("a name that nobody knows is a reason to try again, and is told") {
  ScriptedNames names;
  Reading reading(names.lookup());
  const auto connected = reading.connect(at("nowhere", "5432"));
  REQUIRE(!connected);
  CHECK(connected.error().error.code == Errc::retry);
  CHECK(told(connected) == "nowhere:5432/shop as reader: no such name: nowhere");
}

TEST_CASE("an IP address, a Unix socket and a host with hostaddr need no name server") {
  ScriptedNames names;
  const auto good = friendly();
  const auto port = std::to_string(good.port());
  Reading reading(names.lookup());
  CHECK(told(reading.connect(at("127.0.0.1", port))) == "connected");
  CHECK(told(reading.connect(at("db hostaddr=127.0.0.1", port))) == "connected");
  reading.connect(at("/nowhere", port));
  CHECK(names.asked("127.0.0.1") + names.asked("db") + names.asked("/nowhere") == 0);
}

TEST_CASE("a password that one host refuses is not offered to the next") {
  if (!PostgresServer::available()) {
    return;
  }
  static PostgresServer server({true, "scram-sha-256", {}});
  server.run(
      "SET password_encryption = 'scram-sha-256'; CREATE ROLE reader LOGIN PASSWORD 'right'");
  const FakeServer next([](int) { FAIL("was tried"); });
  Reading reading;
  const auto connected = reading.connect(
      at("127.0.0.1,127.0.0.1", std::to_string(server.port()) + "," + std::to_string(next.port())),
      "wrong");
  REQUIRE(!connected);
  CHECK(connected.error().error.code == Errc::denied);
  CHECK(connected.error().sqlstate == "28P01");
}

TEST_CASE("a server is reached over IPv6") {
  if (!PostgresServer::available() || !has_ipv6()) {
    std::cout << "skipped: there is no PostgreSQL or no [::1] here\n";
    return;
  }
  PostgresServer server({true, "trust", {"listen_addresses='127.0.0.1,::1'"}});
  server.run("COPY (SELECT 'host all all ::1/128 trust') TO PROGRAM 'cat >> " +
             (server.folder() / "data" / "pg_hba.conf").string() + "'");
  server.run("SELECT pg_reload_conf()");
  const auto port = std::to_string(server.port());
  ScriptedNames names;
  names.answer("six", {"::1"});
  names.answer("both", {"127.0.0.9", "::1"});
  Reading reading(names.lookup());
  const auto rest = "user=postgres dbname=postgres sslmode=disable port=" + port + " ";
  for (const auto& address : {"postgresql://postgres@[::1]:" + port + "/postgres?sslmode=disable",
                              rest + "host=six",
                              rest + "host=both"}) {
    CAPTURE(address);
    const auto connected = reading.connect(address);
    REQUIRE(told(connected) == "connected");
    const auto answer =
        reading.read(**connected, {query("SELECT pg_catalog.host(pg_catalog.inet_client_addr())")});
    REQUIRE(answer);
    CHECK(answer->at(0).rows == Rows{{"::1"}});
  }
}

TEST_CASE("a standby is passed over where a primary is asked for") {
  if (!PostgresServer::available()) {
    return;
  }
  PostgresServer standby({true, "trust", {"default_transaction_read_only=on"}});
  PostgresServer primary({true, "trust", {}});
  const auto hosts =
      "host=127.0.0.1,127.0.0.1 user=postgres dbname=postgres sslmode=disable port=" +
      std::to_string(standby.port()) + "," + std::to_string(primary.port());
  Reading reading;
  const auto port_of = [&](const std::string& wish) {
    const auto connected = reading.connect(hosts + " target_session_attrs=" + wish);
    REQUIRE(told(connected) == "connected");
    const auto answer =
        reading.read(**connected, {query("SELECT pg_catalog.current_setting('port')")});
    REQUIRE(answer);
    return *answer->at(0).rows[0][0];
  };
  CHECK(port_of("read-write") == std::to_string(primary.port()));
  CHECK(port_of("any") == std::to_string(standby.port()));
  // Nobody is a standby: the second round takes the first that answers.
  CHECK(port_of("prefer-standby") == std::to_string(standby.port()));
  const auto none =
      reading.connect(standby.tcp_address("postgres") + "&target_session_attrs=read-write");
  REQUIRE(!none);
  CHECK(none.error().error.code == Errc::retry);
  CHECK(told(none).find("target_session_attrs") != std::string::npos);
}

}  // namespace tidemark::test
