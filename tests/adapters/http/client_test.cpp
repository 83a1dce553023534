#include "adapters/http/client.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "adapters/http/listening_socket.h"
#include "tests/adapters/http/harness.h"
#include "tests/adapters/http/streams.h"

using namespace tidemark;
using namespace std::chrono_literals;

namespace {

ClientRequest get(const std::string& target) {
  ClientRequest asked;
  asked.target = target;
  return asked;
}

// Answers the first connection with `bytes`, whatever it asks, and closes it.
class Canned {
 public:
  explicit Canned(std::string bytes)
      : path(folder_.path("s")), socket_(ListeningSocket::unix_at(path, 0600, "")) {
    thread_ = std::thread([this, bytes = std::move(bytes)] {
      int fd = -1;
      while (fd < 0) {
        fd = ::accept(socket_->get(), nullptr, nullptr);
        std::this_thread::sleep_for(1ms);
      }
      char asked[4096];
      [[maybe_unused]] auto ignored = ::read(fd, asked, sizeof(asked));
      ignored = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      ::close(fd);
    });
  }
  ~Canned() { thread_.join(); }

 private:
  Folder folder_;

 public:
  const std::string path;

 private:
  Result<ListeningSocket> socket_;
  std::thread thread_;
};

}  // namespace

TEST_CASE("the client asks and gets the status, the type and the body") {
  const RunningServer server;
  ClientRequest asked;
  asked.method = "POST";
  asked.target = "/v1/x?y=z";
  asked.body = std::string(500'000, 'b');
  const auto answer = request(server.socket_path, asked, 10s);
  REQUIRE(answer);
  CHECK(answer->status == 200);
  CHECK(answer->content_type == "text/plain");
  CHECK(answer->body == "POST /v1/x [v1] [x] y=z 500000:" + asked.body);
}

TEST_CASE("a refusal is an answer like others") {
  const RunningServer server;
  const auto answer = request(server.socket_path, get("/fail"), 10s);
  REQUIRE(answer);
  CHECK(answer->status == 500);
  CHECK(answer->content_type == "application/problem+json");
  CHECK(answer->body.find("urn:tidemark:problem:internal") != std::string::npos);
}

TEST_CASE("a body too large for the server still gets the server's word on it") {
  const RunningServer server;
  ClientRequest asked;
  asked.method = "POST";
  asked.body = std::string(20'000'000, 'x');
  const auto answer = request(server.socket_path, asked, 10s);
  REQUIRE(answer);
  CHECK(answer->status == 413);
}

TEST_CASE("lines are handed on one by one, however they were cut") {
  const RunningServer server;
  std::vector<std::string> lines;
  const auto answer =
      request_lines(server.socket_path, get("/count?to=100"), 10s, [&](std::string_view line) {
        lines.emplace_back(line);
        return true;
      });
  REQUIRE(answer);
  REQUIRE(lines.size() == 100);
  CHECK(lines.front() == "1");
  CHECK(lines.back() == "100");
  const Canned canned("HTTP/1.1 200 OK\r\n\r\ndata: a\r\n\r\nda");
  lines.clear();
  REQUIRE(request_lines(canned.path, get("/"), 10s, [&](std::string_view line) {
    lines.emplace_back(line);
    return true;
  }));
  CHECK(lines == std::vector<std::string>{"data: a", "", "da"});
}

TEST_CASE("who has seen enough lines leaves, and the stream hears of it") {
  const RunningServer server;
  int lines = 0;
  const auto answer =
      request_lines(server.socket_path, get("/endless"), 10s, [&](std::string_view) {
        ++lines;
        return false;
      });
  REQUIRE(answer);
  CHECK(lines == 1);
  CHECK(eventually([] { return endless_waiting == 0; }));
}

TEST_CASE("a refused stream comes back whole, without a line") {
  const RunningServer server;
  int lines = 0;
  const auto answer = request_lines(server.socket_path, get("/fail"), 10s, [&](std::string_view) {
    ++lines;
    return true;
  });
  REQUIRE(answer);
  CHECK(answer->status == 500);
  CHECK(lines == 0);
  CHECK(answer->body.find("internal") != std::string::npos);
}

TEST_CASE("a daemon that is not there is said in words that help") {
  const Folder folder;
  const auto missing = request(folder.path("s"), get("/"), 1s);
  REQUIRE_FALSE(missing);
  CHECK(missing.error().code == Errc::not_found);
  CHECK(missing.error().detail.find(folder.path("s")) != std::string::npos);
  { Folder gone; }
  CHECK(request(folder.path("no/where"), get("/"), 1s).error().code == Errc::not_found);

  auto stale = ListeningSocket::unix_at(folder.path("s"), 0600, "");
  REQUIRE(stale);
  const auto copy = folder.path("copy");
  REQUIRE(::link(folder.path("s").c_str(), copy.c_str()) == 0);
  { const auto closed = std::move(*stale); }
  const auto refused = request(copy, get("/"), 1s);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::retry);
  CHECK(refused.error().detail.find("tidemarkd is not running") != std::string::npos);
  CHECK(request(std::string(200, 'x'), get("/"), 1s).error().code == Errc::invalid);
}

TEST_CASE("a socket that we may not use is said so, with the group that may") {
  if (getuid() != 0) {
    MESSAGE("SKIPPED: only root can become somebody else");
    return;
  }
  const Folder folder;
  const auto socket = ListeningSocket::unix_at(folder.path("s"), 0660, "root");
  REQUIRE(socket);
  const pid_t child = ::fork();
  if (child == 0) {
    const bool dropped = ::setgid(65534) == 0 && ::setuid(65534) == 0;
    const auto answer = request(folder.path("s"), get("/"), 1s);
    const bool right = dropped && !answer && answer.error().code == Errc::forbidden &&
                       answer.error().detail.find("group root") != std::string::npos;
    ::_exit(right ? 0 : 1);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  CHECK(status == 0);
}

TEST_CASE(
    "an answer that does not come, stops half-way, or is none, is an error and not an answer") {
  const Folder folder;
  const auto silent = ListeningSocket::unix_at(folder.path("s"), 0600, "");
  REQUIRE(silent);
  const auto late = request(folder.path("s"), get("/"), 100ms);
  REQUIRE_FALSE(late);
  CHECK(late.error().code == Errc::retry);

  const std::string chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const std::string& cut : {std::string(),
                                 std::string("HTTP/1.1 200 O"),
                                 std::string("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"),
                                 chunked + "5\r\nabc",
                                 chunked + "3\r\nabc\r\n"}) {
    INFO(cut);
    const Canned canned(cut);
    const auto answer = request(canned.path, get("/"), 5s);
    REQUIRE_FALSE(answer);
    CHECK(answer.error().code == Errc::retry);
  }
  const Canned other("220 mail.example.com ESMTP\r\n");
  const auto nonsense = request(other.path, get("/"), 5s);
  REQUIRE_FALSE(nonsense);
  CHECK(nonsense.error().code == Errc::broken);
}
