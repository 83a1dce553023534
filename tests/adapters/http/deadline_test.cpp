#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <ctime>
#include <string>
#include <vector>

#include "tests/adapters/http/harness.h"

using namespace tidemark;
using namespace std::chrono_literals;

namespace {

const std::string get = "GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n";

HttpLimits short_limits() {
  HttpLimits limits;
  limits.read = 150ms;
  limits.write = 150ms;
  limits.idle_local = 150ms;
  limits.idle_tcp = 150ms;
  return limits;
}

// Lets the process open no more descriptors than it has, and takes that back at its end.
class NoMoreDescriptors {
 public:
  NoMoreDescriptors() {
    getrlimit(RLIMIT_NOFILE, &before_);
    const int lowest_free = ::dup(0);
    ::close(lowest_free);
    rlimit none = before_;
    none.rlim_cur = static_cast<rlim_t>(lowest_free);
    setrlimit(RLIMIT_NOFILE, &none);
  }
  ~NoMoreDescriptors() { setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

double cpu_seconds() {
  return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

}  // namespace

TEST_CASE("a request that dribbles in is cut off when its time is up, however busy it looks") {
  const RunningServer server(short_limits());
  for (const auto wire_of : {&RunningServer::local, &RunningServer::tcp}) {
    auto wire = (server.*wire_of)();
    const auto begun = std::chrono::steady_clock::now();
    wire.send("GET /a HTTP/1.1\r\n");
    while (wire.send("X: y\r\n") && std::chrono::steady_clock::now() - begun < 400ms) {
      std::this_thread::sleep_for(10ms);
    }
    CHECK(status_of(wire.read_to_end()) == 408);
    CHECK(std::chrono::steady_clock::now() - begun < 5s);
  }
}

TEST_CASE("a later request on a kept connection has no more time than the first") {
  HttpLimits limits;
  limits.read = 150ms;
  const RunningServer server(limits);
  auto wire = server.local();
  wire.send(get);
  CHECK(status_of(wire.read_response()) == 200);
  wire.send("GET /a HTTP/1.1\r\n");
  CHECK(status_of(wire.read_to_end()) == 408);
}

TEST_CASE("a body that never comes is cut off") {
  const RunningServer server(short_limits());
  auto wire = server.local();
  wire.send("POST /a HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc");
  CHECK(status_of(wire.read_to_end()) == 408);
}

TEST_CASE("a silent connection is closed without a word, before its first request and after") {
  const RunningServer server(short_limits());
  for (const auto wire_of : {&RunningServer::local, &RunningServer::tcp}) {
    auto silent = (server.*wire_of)();
    CHECK(silent.read_to_end().empty());
    auto idle = (server.*wire_of)();
    idle.send(get);
    CHECK(status_of(idle.read_response()) == 200);
    CHECK(idle.read_to_end().empty());
  }
}

TEST_CASE("a client that does not take its answer is given up") {
  RunningServer server(short_limits());
  for (const std::string path : {"/large?bytes=50000000", "/flood"}) {
    auto wire = server.tcp();
    wire.send("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
    CHECK(eventually([&] { return server.connections() == 1; }));
    CHECK(eventually([&] { return server.connections() == 0; }));
  }
}

TEST_CASE("one client too many is turned away, and those of the other listener are not") {
  HttpLimits limits;
  limits.connections_tcp = 3;
  limits.connections_local = 3;
  RunningServer server(limits);
  std::vector<Wire> holding;
  for (int i = 0; i < 3; ++i) {
    holding.push_back(server.tcp());
  }
  REQUIRE(eventually([&] { return server.connections() == 3; }));
  auto turned_away = server.tcp();
  CHECK(status_of(turned_away.read_to_end()) == 503);
  CHECK(status_of(server.ask_local(get)) == 200);
  holding.pop_back();
  CHECK(eventually([&] { return status_of(server.ask_tcp(get)) == 200; }));
}

TEST_CASE(
    "without descriptors accepting pauses, burns nothing, says so once, and recovers by itself") {
  RunningServer server;
  auto before = server.local();
  before.send(get);
  CHECK(status_of(before.read_response()) == 200);
  auto waiting = Wire::unconnected_unix();
  {
    const NoMoreDescriptors none;
    REQUIRE(waiting.connect_unix(server.socket_path));
    waiting.send(get);
    const double cpu = cpu_seconds();
    std::this_thread::sleep_for(500ms);
    CHECK(cpu_seconds() - cpu < 0.1);
    before.send(get);
    CHECK(status_of(before.read_response()) == 200);
  }
  CHECK(status_of(waiting.read_response()) == 200);
  const auto troubles = server.troubles();
  REQUIRE(troubles.size() == 1);
  CHECK(troubles[0].find("Too many open files") != std::string::npos);
  CHECK(troubles[0].find(server.socket_path) != std::string::npos);
}
