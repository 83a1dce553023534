#include "adapters/http/server.h"

#include <doctest/doctest.h>
#include <grp.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "tests/adapters/http/harness.h"
#include "tests/adapters/http/unzip.h"

using namespace tidemark;
using namespace std::chrono_literals;

namespace {

const std::string host = "Host: localhost\r\n";

std::string get(const std::string& target, const std::string& headers = host) {
  return "GET " + target + " HTTP/1.1\r\n" + headers + "\r\n";
}

std::string post(const std::string& target, const std::string& body) {
  return "POST " + target + " HTTP/1.1\r\n" + host +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

// What a process that runs as nobody, with two more groups, gets for `request`.
std::string as_nobody(const std::string& socket_path, const std::string& request) {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const gid_t groups[] = {65534, 4242};
    std::string answer;
    if (::setgroups(2, groups) == 0 && ::setgid(65534) == 0 && ::setuid(65534) == 0) {
      auto wire = Wire::to_unix(socket_path);
      wire.send(request);
      answer = wire.read_response();
    }
    [[maybe_unused]] const auto written = ::write(ends[1], answer.data(), answer.size());
    ::_exit(0);
  }
  ::close(ends[1]);
  std::string answer(8192, '\0');
  const auto got = ::read(ends[0], answer.data(), answer.size());
  answer.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  ::close(ends[0]);
  ::waitpid(child, nullptr, 0);
  return answer;
}

}  // namespace

TEST_CASE("a request over the Unix socket and over TCP gets its answer") {
  const RunningServer server;
  const auto local = server.ask_local(post("/v1/apps/a%2Fb?x=1", "{\"why\":1}"));
  CHECK(status_of(local) == 200);
  CHECK(body_of(local) == "POST /v1/apps/a%2Fb [v1] [apps] [a/b] x=1 9:{\"why\":1}");
  CHECK(header_of(local, "date").ends_with(" GMT"));
  const auto tcp = server.ask_tcp(get("/v1/status"));
  CHECK(status_of(tcp) == 200);
  CHECK(body_of(tcp) == "GET /v1/status [v1] [status] 0:");
}

TEST_CASE("who asks is what the kernel says, not what a header says") {
  const RunningServer server;
  const auto own = body_of(
      server.ask_local(get("/credentials", host + "X-Uid: 0\r\nX-Forwarded-User: root\r\n")));
  CHECK(own.starts_with(std::to_string(getuid()) + " " + std::to_string(getgid()) + " local"));
  CHECK(body_of(server.ask_tcp(get("/credentials"))) == "4294967295 4294967295 tcp");
  if (getuid() != 0) {
    MESSAGE("SKIPPED: only root can become somebody else");
    return;
  }
  const auto other =
      body_of(as_nobody(server.socket_path, get("/credentials", host + "X-Uid: 0\r\n")));
  CHECK((other == "65534 65534 local 65534 4242" || other == "65534 65534 local 4242 65534"));
}

TEST_CASE("a connection is kept for one request after another") {
  const RunningServer server;
  auto wire = server.local();
  for (int i = 0; i < 100; ++i) {
    wire.send(post("/n", std::to_string(i)));
    REQUIRE(body_of(wire.read_response()).ends_with(":" + std::to_string(i)));
  }
  wire.send(get("/last", host + "Connection: close\r\n"));
  CHECK(header_of(wire.read_response(), "connection") == "close");
  CHECK(wire.closed_within(5s));
}

TEST_CASE("requests sent without waiting are answered one after the other") {
  const RunningServer server;
  auto wire = server.local();
  wire.send(get("/slow?ms=30") + post("/b", "two") + get("/c"));
  CHECK(body_of(wire.read_response()) == "done");
  CHECK(body_of(wire.read_response()) == "POST /b [b] 3:two");
  CHECK(body_of(wire.read_response()) == "GET /c [c] 0:");
}

TEST_CASE("HTTP/1.0 gets its answer and the end of the connection") {
  const RunningServer server;
  auto wire = server.local();
  wire.send("GET /a HTTP/1.0\r\n\r\n");
  const auto answer = wire.read_to_end();
  CHECK(status_of(answer) == 200);
  CHECK(body_of(answer) == "GET /a [a] 0:");
}

TEST_CASE("a client that has said all it has to say still gets its answer") {
  const RunningServer server;
  for (const auto wire_of : {&RunningServer::local, &RunningServer::tcp}) {
    auto wire = (server.*wire_of)();
    wire.send(get("/slow?ms=30"));
    wire.half_close();
    CHECK(body_of(wire.read_to_end()) == "done");
  }
}

TEST_CASE("HEAD is GET without the body") {
  const RunningServer server;
  for (const auto wire_of : {&RunningServer::local, &RunningServer::tcp}) {
    auto wire = (server.*wire_of)();
    wire.send("HEAD /large?bytes=5000 HTTP/1.1\r\n" + host + "\r\n" + "HEAD /endless HTTP/1.1\r\n" +
              host + "\r\n" + get("/a", host + "Connection: close\r\n"));
    const auto all = wire.read_to_end();
    CHECK(header_of(all, "content-length") == "5000");
    const auto second = body_of(all);
    CHECK(header_of(second, "transfer-encoding") == "chunked");
    CHECK(body_of(second).starts_with("HTTP/1.1 200 OK"));
    CHECK(all.ends_with("GET /a [a] 0:"));
  }
}

TEST_CASE("nothing but GET and HEAD gets in over TCP, whatever the handler would do") {
  const RunningServer server;
  for (const std::string method :
       {"POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "FROB", "get"}) {
    INFO(method);
    const auto answer = server.ask_tcp(method + " /credentials HTTP/1.1\r\n" + host + "\r\n");
    CHECK(status_of(answer) == 405);
    CHECK(header_of(answer, "allow") == "GET, HEAD");
    CHECK(header_of(answer, "content-type") == "application/problem+json");
  }
  CHECK(status_of(server.ask_local("FROB /a HTTP/1.1\r\n" + host + "\r\n")) == 200);
}

TEST_CASE("over TCP the Host has to be ours, except for scrapers and probes") {
  const RunningServer server;
  CHECK(status_of(server.ask_tcp(get("/v1/status", "Host: evil.example\r\n"))) == 421);
  CHECK(status_of(server.ask_tcp(get("/v1/status", ""))) == 421);
  CHECK(status_of(server.ask_tcp(get("/v1/status", "Host:\r\n"))) == 421);
  CHECK(status_of(server.ask_tcp(get("/v1/status", "Host: localhost\r\nHost: evil.example\r\n"))) ==
        400);
  CHECK(status_of(server.ask_tcp(get("/v1/status", "Host: localhost\r\nHost: localhost\r\n"))) ==
        400);
  CHECK(status_of(server.ask_tcp(get("/metrics", "Host: a\r\nHost: b\r\n"))) == 400);
  CHECK(status_of(server.ask_tcp(get("/v1/status", "Host: " + server.tcp_address + "\r\n"))) ==
        200);
  CHECK(status_of(server.ask_tcp(get("/v1/status", "Host: tidemark.example.com:443\r\n"))) == 200);
  CHECK(status_of(server.ask_tcp(
            "GET http://localhost/v1/status HTTP/1.1\r\nHost: localhost\r\n\r\n")) == 400);
  for (const std::string open :
       {"/metrics", "/metrics?x=1", "/%6detrics", "/-/healthy", "/-/ready"}) {
    INFO(open);
    CHECK(status_of(server.ask_tcp(get(open, "Host: 10.2.3.4:9847\r\n"))) == 200);
    CHECK(status_of(server.ask_tcp("GET " + open + " HTTP/1.0\r\n\r\n")) == 200);
  }
  for (const std::string closed :
       {"/metrics/", "/metrics/../v1", "/-", "/", "//metrics", "/x/metrics", "/v1/-/ready"}) {
    INFO(closed);
    CHECK(status_of(server.ask_tcp(get(closed, "Host: evil.example\r\n"))) == 421);
  }
  CHECK(status_of(server.ask_local(get("/v1/status", "Host: evil.example\r\n"))) == 200);
  CHECK(status_of(server.ask_local(get("/v1/status", ""))) == 200);
}

TEST_CASE("over TCP another site's page gets nothing, a link that somebody follows does") {
  const RunningServer server;
  const auto status_with = [&](const std::string& headers) {
    return status_of(server.ask_tcp(get("/a", host + headers)));
  };
  CHECK(status_with("Origin: https://evil.example\r\n") == 403);
  CHECK(status_with("Origin: http://localhost:3000\r\n") == 403);
  CHECK(status_with("Origin: http://localhost.evil\r\n") == 403);
  CHECK(status_with("Origin: null\r\n") == 403);
  CHECK(status_with("Origin:\r\n") == 403);
  CHECK(status_with("Sec-Fetch-Site: cross-site\r\n") == 403);
  CHECK(status_with("Sec-Fetch-Site: same-site\r\n") == 403);
  CHECK(status_with(
            "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: no-cors\r\nSec-Fetch-Dest: image\r\n") ==
        403);
  CHECK(
      status_with(
          "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: iframe\r\n") ==
      403);
  CHECK(status_with("Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: "
                    "document\r\n") == 200);
  CHECK(status_with("Sec-Fetch-Site: same-origin\r\n") == 200);
  CHECK(status_with(
            "Sec-Fetch-Site: none\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\n") ==
        200);
  CHECK(status_with("Origin: http://localhost\r\n") == 200);
  CHECK(status_of(server.ask_local(get("/a", "Origin: https://evil.example\r\n"))) == 200);
}

TEST_CASE("what goes over TCP tells browsers to keep it to themselves") {
  const RunningServer server;
  for (const auto& answer : {server.ask_tcp(get("/a")),
                             server.ask_tcp(get("/a", "Host: evil.example\r\n")),
                             server.ask_tcp("nonsense\r\n\r\n")}) {
    CHECK(header_of(answer, "x-content-type-options") == "nosniff");
    CHECK(header_of(answer, "cache-control") == "no-store");
    CHECK(header_of(answer, "content-security-policy").starts_with("default-src 'none'"));
    CHECK(header_of(answer, "cross-origin-resource-policy") == "same-origin");
  }
  CHECK(header_of(server.ask_local(get("/a")), "content-security-policy").empty());
}

TEST_CASE("a long answer over TCP is compressed for who can read it") {
  const RunningServer server;
  const auto zipped =
      server.ask_tcp(get("/large?bytes=300000", host + "Accept-Encoding: deflate, gzip\r\n"));
  CHECK(header_of(zipped, "content-encoding") == "gzip");
  CHECK(zipped.size() < 10'000);
  CHECK(unzip(body_of(zipped)) == std::string(300'000, 'x'));
  CHECK(header_of(server.ask_tcp(get("/large?bytes=1000", host + "Accept-Encoding: gzip\r\n")),
                  "content-encoding")
            .empty());
  CHECK(body_of(server.ask_tcp(get("/large?bytes=300000"))).size() == 300'000);
  CHECK(body_of(server.ask_local(get("/large?bytes=300000", host + "Accept-Encoding: gzip\r\n")))
            .size() == 300'000);
}

TEST_CASE("a handler that throws is a problem document, is told, and hurts nobody else") {
  RunningServer server;
  auto wire = server.local();
  wire.send(get("/fail") + get("/a"));
  const auto answer = wire.read_response();
  CHECK(status_of(answer) == 500);
  CHECK(header_of(answer, "content-type") == "application/problem+json");
  CHECK(body_of(answer).find("\"type\":\"urn:tidemark:problem:internal\"") != std::string::npos);
  CHECK(body_of(answer).find("own trouble") == std::string::npos);
  CHECK(status_of(wire.read_response()) == 200);
  CHECK(server.troubles() == std::vector<std::string>{"the handler's own trouble"});
}

TEST_CASE("a header that a handler sets cannot write another one") {
  const RunningServer server;
  const auto answer = server.ask_local(get("/split"));
  CHECK(header_of(answer, "x-name") == "aSet-Cookie: stolen");
  CHECK(header_of(answer, "set-cookie").empty());
}

TEST_CASE(
    "a request that cannot be understood is answered with 400 and the end of the connection") {
  const RunningServer server;
  const std::string smuggled = "GET /credentials HTTP/1.1\r\n" + host + "\r\n";
  for (const std::string& garbage :
       {"POST /a HTTP/1.1\r\n" + host +
            "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled,
        "POST /a HTTP/1.1\r\n" + host + "Content-Length: 3\r\nContent-Length: 90\r\n\r\nabc" +
            smuggled,
        "GET /a HTTP/1.1\r\n" + host + "X-Folded: a\r\n b\r\n\r\n" + smuggled,
        std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11),
        std::string(300, '\xff')}) {
    for (const auto wire_of : {&RunningServer::local, &RunningServer::tcp}) {
      auto wire = (server.*wire_of)();
      wire.send(garbage);
      wire.half_close();
      const auto all = wire.read_to_end();
      CHECK(status_of(all) == 400);
      CHECK(header_of(all, "connection") == "close");
      CHECK(all.find("HTTP/1.1", 1) == std::string::npos);
    }
  }
  CHECK(status_of(server.ask_local(get("/%zz"))) == 400);
}

TEST_CASE(
    "a header or body beyond the limit is refused by its name, even while the client still sends") {
  HttpLimits limits;
  limits.body_bytes = 100'000;
  const RunningServer server(limits);
  for (const auto wire_of : {&RunningServer::local, &RunningServer::tcp}) {
    auto header = (server.*wire_of)();
    header.send("GET / HTTP/1.1\r\nX: " + std::string(17UL * 1024, 'x'));
    CHECK(status_of(header.read_to_end()) == 431);
    auto body = (server.*wire_of)();
    body.send("POST / HTTP/1.1\r\n" + host + "Content-Length: 200000\r\n\r\n" +
              std::string(200'000, 'x'));
    CHECK(status_of(body.read_to_end()) == 413);
    auto chunks = (server.*wire_of)();
    chunks.send("POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n20000\r\n" +
                std::string(0x20000, 'x'));
    CHECK(status_of(chunks.read_to_end()) == 413);
  }
  CHECK(status_of(server.ask_local(post("/", std::string(100'000, 'x')))) == 200);
}

TEST_CASE("a refused client may go on sending for a moment, or it would lose the answer over it") {
  const RunningServer server;
  for (const auto wire_of : {&RunningServer::local, &RunningServer::tcp}) {
    auto wire = (server.*wire_of)();
    wire.send("POST / HTTP/1.1\r\n" + host + "Content-Length: 20000000\r\n\r\n");
    CHECK(status_of(wire.read_response()) == 413);
    for (int i = 0; i < 3; ++i) {
      std::this_thread::sleep_for(20ms);
      CHECK(wire.send("more of it"));
    }
  }
}

TEST_CASE("a client that asks before it sends its body is told to go on") {
  const RunningServer server;
  auto wire = server.local();
  wire.send("POST /a HTTP/1.1\r\n" + host + "Expect: 100-continue\r\nContent-Length: 3\r\n\r\n");
  CHECK(wire.read_some() == "HTTP/1.1 100 Continue\r\n\r\n");
  wire.send("abc");
  CHECK(body_of(wire.read_response()) == "POST /a [a] 3:abc");
}
