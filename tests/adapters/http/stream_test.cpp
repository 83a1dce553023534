#include "tests/adapters/http/streams.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "tests/adapters/http/harness.h"

using namespace tidemark;
using namespace std::chrono_literals;

namespace {

std::string get(const std::string& target, const std::string& version = "1.1") {
  return "GET " + target + " HTTP/" + version + "\r\nHost: localhost\r\n\r\n";
}

}  // namespace

TEST_CASE("a stream comes in pieces, and the connection serves the next request after it") {
  const RunningServer server;
  for (const auto wire_of : {&RunningServer::local, &RunningServer::tcp}) {
    auto wire = (server.*wire_of)();
    wire.send(get("/count?to=3") +
              "GET /a HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    const auto all = wire.read_to_end();
    CHECK(header_of(all, "transfer-encoding") == "chunked");
    CHECK(body_of(all).starts_with(
        "2\r\n1\n\r\n2\r\n2\n\r\n2\r\n3\n\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n"));
    CHECK(all.ends_with("GET /a [a] 0:"));
  }
}

TEST_CASE("HTTP/1.0 gets a stream as it is, up to the end of the connection") {
  const RunningServer server;
  auto wire = server.local();
  wire.send(get("/count?to=3", "1.0"));
  const auto all = wire.read_to_end();
  CHECK(header_of(all, "transfer-encoding").empty());
  CHECK(body_of(all) == "1\n2\n3\n");
}

TEST_CASE("a stream ends when its client goes away, though it has nothing to send") {
  RunningServer server;
  const int cancelled_before = endless_cancelled;
  std::vector<Wire> wires;
  wires.push_back(server.local());
  wires.push_back(server.tcp());
  for (auto& wire : wires) {
    wire.send(get("/endless"));
  }
  REQUIRE(eventually([] { return endless_waiting == 2; }));
  wires.clear();
  CHECK(eventually([&] { return endless_waiting == 0 && server.connections() == 0; }));
  CHECK(endless_cancelled - cancelled_before == 2);
  CHECK(server.troubles().empty());
}

TEST_CASE("a client cannot fill our memory while it is being streamed to") {
  RunningServer server;
  auto wire = server.tcp();
  wire.send(get("/endless"));
  REQUIRE(eventually([] { return endless_waiting == 1; }));
  bool taken = true;
  for (int i = 0; i < 1000 && taken; ++i) {
    taken = wire.send(std::string(64UL * 1024, 'x'));
  }
  CHECK_FALSE(taken);
  CHECK(eventually([&] { return endless_waiting == 0 && server.connections() == 0; }));
}

TEST_CASE("a stream that breaks ends without its last chunk, and is told") {
  RunningServer server;
  auto wire = server.local();
  wire.send(get("/breaking"));
  const auto all = wire.read_to_end();
  CHECK(body_of(all) == "6\r\nbegun\n\r\n");
  CHECK(server.troubles() == std::vector<std::string>{"the stream's own trouble"});
}

TEST_CASE(
    "a stop ends streams, idle connections and half requests at once and leaves nothing behind") {
  for (const bool by_cancelling : {false, true}) {
    RunningServer server;
    std::vector<Wire> wires;
    for (int i = 0; i < 10; ++i) {
      for (const std::string& sent :
           {get("/endless"), get("/a"), std::string("GET /a HTT"), std::string()}) {
        wires.push_back(i % 2 == 0 ? server.local() : server.tcp());
        wires.back().send(sent);
      }
    }
    REQUIRE(eventually([&] { return endless_waiting == 10 && server.connections() == 40; }));
    const auto begun = std::chrono::steady_clock::now();
    if (by_cancelling) {
      server.cancel();
    } else {
      server.stop();
    }
    CHECK(server.ended_within(10s));
    CHECK(std::chrono::steady_clock::now() - begun < 2s);
    CHECK(endless_waiting == 0);
    for (auto& wire : wires) {
      CHECK(wire.closed_within(5s));
    }
    CHECK_FALSE(std::filesystem::exists(server.socket_path));
    CHECK(server.troubles().empty());
  }
}

TEST_CASE("a handler at work when the server stops still gives its answer, within the grace") {
  HttpLimits limits;
  limits.grace = 5s;
  RunningServer server(limits);
  auto wire = server.local();
  wire.send(get("/slow?ms=200"));
  REQUIRE(eventually([&] { return server.connections() == 1; }));
  std::this_thread::sleep_for(50ms);
  server.stop();
  const auto answer = wire.read_to_end();
  CHECK(body_of(answer) == "done");
  CHECK(header_of(answer, "connection") == "close");
  CHECK(server.ended_within(2s));
}

TEST_CASE("a handler that works on beyond the grace is cancelled") {
  HttpLimits limits;
  limits.grace = 100ms;
  RunningServer server(limits);
  auto wire = server.local();
  wire.send(get("/slow?ms=3600000"));
  REQUIRE(eventually([&] { return server.connections() == 1; }));
  std::this_thread::sleep_for(50ms);
  server.stop();
  CHECK(server.ended_within(5s));
  CHECK(wire.read_to_end().empty());
}
