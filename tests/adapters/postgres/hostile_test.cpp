// Servers that mean harm: whatever they do, it costs little time and memory, they see no byte of a
// password, and what they did is told.

#include <cstdlib>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "tests/adapters/postgres/fake_server.h"
#include "tests/adapters/postgres/reading.h"

namespace tidemark::test {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

const std::string canary = "kanarienvogel-7c1f";

// What it is sent, as long as it listens.
class Listener {
 public:
  std::string hear(int socket) {
    auto bytes = receive(socket);
    const std::lock_guard lock(mutex_);
    heard_ += bytes;
    return bytes;
  }
  void hear_all(int socket) {
    while (!hear(socket).empty()) {
    }
  }
  std::string heard() {
    const std::lock_guard lock(mutex_);
    return heard_;
  }

 private:
  std::mutex mutex_;
  std::string heard_;
};

std::string asks_for(char kind, const std::string& more = "") {
  return message('R', std::string("\0\0\0", 3) + kind + more);
}
const std::string in_clear = asks_for(3);
const std::string md5 = asks_for(5, "salt");
const std::string scram = asks_for(10, std::string("SCRAM-SHA-256\0\0", 15));
const std::string let_in = asks_for(0);

std::string parameter(const std::string& name, const std::string& value) {
  return message('S', name + '\0' + value + '\0');
}

std::uint64_t resident_bytes() {
  std::ifstream pages("/proc/self/statm");
  std::uint64_t all = 0;
  std::uint64_t resident = 0;
  pages >> all >> resident;
  return resident * 4096;
}

struct Cost {
  explicit Cost(std::chrono::milliseconds time_max) : time_max_(time_max) {}
  ~Cost() {
    CHECK(Clock::now() - start_ < time_max_);
    const auto now = resident_bytes();
    CHECK(now - std::min(now, before_) < (64U << 20U));
  }

 private:
  std::chrono::milliseconds time_max_;
  Clock::time_point start_ = Clock::now();
  std::uint64_t before_ = resident_bytes();
};

ReadFailure refused_by(const std::string& address, std::chrono::milliseconds deadline = 20s) {
  Reading reading;
  const auto connected = reading.connect(address, canary, {"tidemark", deadline});
  REQUIRE(!connected);
  CHECK(connected.error().error.detail.find(canary) == std::string::npos);
  return connected.error();
}

// Lets everybody in, and answers the first question with what `answer` sends.
std::function<void(int)> then(std::function<void(int)> answer) {
  return [answer = std::move(answer)](int socket) {
    welcome(socket);
    receive(socket);
    answer(socket);
    receive_all(socket);
  };
}

enum class Want { answers, digest };

std::expected<void, ReadFailure> read_from(const std::string& address,
                                           ReadLimits limits,
                                           Want want = Want::answers) {
  Reading reading;
  auto connected = reading.connect(address);
  REQUIRE(connected);
  const auto first = [](auto answer) -> std::expected<void, ReadFailure> {
    return answer ? std::expected<void, ReadFailure>{} : std::unexpected(answer.error());
  };
  auto& session = **connected;
  auto read = want == Want::answers ? first(reading.read(session, {query("SELECT 1")}, limits))
                                    : first(reading.digest(session, {query("SELECT 1")}, limits));
  CHECK_FALSE(session.usable());
  return read;
}

// The beginning of an answer: BEGIN, the settings, and the columns of the query.
std::string beginning() {
  const auto complete = [](const std::string& tag) { return message('C', tag + '\0'); };
  const std::string bound = message('1', "") + message('2', "");
  std::string column("c\0", 2);
  column.append(6, '\0').append("\0\0\0\x19\xff\xff\xff\xff\xff\xff\0\0", 12);
  const auto columns = message('T', std::string("\0\1", 2) + column);
  return bound + message('n', "") + complete("BEGIN") + bound + columns + complete("SELECT 0") +
         bound + columns;
}

const std::string row = message('D', std::string("\0\1\0\0\0\1x", 7));

}  // namespace

TEST_CASE("no server without TLS gets a password in clear, however it asks for it") {
  struct Ask {
    std::string what;
    std::vector<std::string> messages;  // each after something was heard
    bool at_once = true;                // or byte after byte
  };
  const std::string notice = message('N', error_fields("01000", "hello"));
  const std::vector<Ask> asks = {
      {"plainly", {in_clear}},
      {"byte after byte", {in_clear}, false},
      {"after a notice", {notice + in_clear}},
      {"after it was told an MD5 sum", {md5, in_clear}},
      {"together with a question for an MD5 sum", {md5 + in_clear}},
      {"in the middle of SCRAM", {scram, in_clear}},
      {"together with SCRAM", {scram + in_clear}},
      {"after it has let us in", {let_in + in_clear}},
      {"after an error", {message('E', error_fields("57P03", "later")) + in_clear}},
      {"twice", {in_clear + in_clear}},
  };
  for (const auto& [what, messages, at_once] : asks) {
    CAPTURE(what);
    Listener listener;
    FakeServer server([&](int socket) {
      listener.hear(socket);
      for (const auto& bytes : messages) {
        for (std::size_t i = 0; !at_once && i < bytes.size(); ++i) {
          send(socket, bytes.substr(i, 1));
          std::this_thread::sleep_for(2ms);
        }
        send(socket, at_once ? bytes : "");
        listener.hear(socket);
      }
      listener.hear_all(socket);
    });
    const auto failure = refused_by(server.address(), 2s);
    CHECK(listener.heard().find(canary) == std::string::npos);
    CHECK(listener.heard().find("reader") != std::string::npos);
    if (messages == std::vector<std::string>{in_clear}) {
      CHECK(failure.error.code == Errc::denied);
      CHECK(failure.error.detail.find("asks for the password in clear on a connection without TLS, "
                                      "and did not get it: set sslmode=verify-full") !=
            std::string::npos);
    }
  }
}

TEST_CASE("a server that has no TLS, or takes it away, gets no password in clear") {
  for (const std::string mode : {"verify-full", "verify-ca", "require", "prefer", "allow"}) {
    CAPTURE(mode);
    Listener listener;
    FakeServer server([&](int socket) {
      if (listener.hear(socket).size() == 8) {  // the wish for TLS
        send(socket, "N");
        if (listener.hear(socket).empty()) {
          return;
        }
      }
      send(socket, in_clear);
      listener.hear_all(socket);
    });
    const auto failure = refused_by("host=127.0.0.1 user=reader dbname=shop sslmode=" + mode +
                                    " port=" + std::to_string(server.port()));
    CHECK(failure.error.code == Errc::denied);
    CHECK(listener.heard().find(canary) == std::string::npos);
    CHECK(failure.error.detail.find("sslmode=") != std::string::npos);
  }
}

TEST_CASE("a server that answers the wish for TLS with data of its own is not believed") {
  Listener listener;
  FakeServer server([&](int socket) {
    listener.hear(socket);
    send(socket, "S" + let_in + in_clear);
    listener.hear_all(socket);
  });
  refused_by("host=127.0.0.1 user=reader port=" + std::to_string(server.port()), 500ms);
  CHECK(listener.heard().find("reader") == std::string::npos);
  CHECK(listener.heard().find(canary) == std::string::npos);
}

TEST_CASE("MD5 and SCRAM work without TLS, one message at a time") {
  if (!PostgresServer::available()) {
    return;
  }
  for (const std::string method : {"md5", "scram-sha-256"}) {
    CAPTURE(method);
    PostgresServer server({true, method, {}});
    server.run("SET password_encryption = '" + method + "'; CREATE ROLE reader LOGIN PASSWORD '" +
               canary + "'");
    Reading reading;
    const auto connected = reading.connect(server.tcp_address("postgres", "reader"), canary);
    REQUIRE_MESSAGE(connected.has_value(), (connected ? "" : connected.error().error.detail));
    const auto answer = reading.read(**connected, {query("SELECT 1")});
    CHECK(answer.has_value());
  }
}

TEST_CASE("a server that refuses a password is recognised, so that it is read again") {
  for (const std::string sqlstate : {"28P01", "28000"}) {
    FakeServer server([&](int socket) {
      receive(socket);
      send(socket, message('E', error_fields(sqlstate, "no")));
    });
    const auto failure = refused_by(server.address());
    CHECK(failure.sqlstate == sqlstate);
    CHECK(failure.error.code == Errc::denied);
  }
}

TEST_CASE("a server that does not accept, or accepts and says nothing, costs its deadline") {
  const Cost cost(20s);
  const BlackHole full;
  const auto address =
      "postgresql://reader@127.0.0.1:" + std::to_string(full.port()) + "/shop?sslmode=disable";
  const auto not_accepted = refused_by(address, 200ms);
  CHECK(not_accepted.error.code == Errc::retry);
  CHECK(not_accepted.error.detail.ends_with(
      "gave no answer within 200 ms: check host and port in database:"));
  for (const std::string said : {"", "R", "R\0\0\0", "S"}) {
    FakeServer silent([&](int socket) {
      receive(socket);
      send(socket, said);
      receive_all(socket);
    });
    for (const std::string mode : {"disable", "verify-full"}) {
      const auto failure = refused_by(
          "host=127.0.0.1 user=reader sslmode=" + mode + " port=" + std::to_string(silent.port()),
          200ms);
      CAPTURE(failure.error.detail);
      CHECK(failure.error.code != Errc::internal);
    }
  }
}

TEST_CASE("endless garbage is no greeting") {
  const std::string noise(1U << 16U, 'x');
  const std::string lines(1U << 16U, 'E');
  for (const auto& [mode, garbage] : {std::pair{"disable", noise},
                                      {"disable", lines},
                                      {"verify-full", noise},
                                      {"verify-full", "S" + noise},
                                      {"verify-full", lines}}) {
    CAPTURE(mode);
    const Cost cost(15s);
    FakeServer server([&](int socket) {
      receive(socket);
      while (send(socket, garbage)) {
      }
    });
    const auto failure = refused_by("host=127.0.0.1 user=reader sslmode=" + std::string(mode) +
                                    " port=" + std::to_string(server.port()));
    CAPTURE(failure.error.detail);
    CHECK(failure.error.detail.size() < 40000);
  }
}

TEST_CASE("a flood of parameters or notices instead of a greeting is cut off") {
  int number = 0;
  const std::string much(20000, 'v');
  const std::vector<std::function<std::string()>> floods = {
      [&] { return parameter("p" + std::to_string(++number), much); },
      [&] { return message('N', error_fields("01000", much)); },
  };
  for (const auto& flood : floods) {
    const Cost cost(15s);
    FakeServer server([&](int socket) {
      receive(socket);
      send(socket, let_in);
      while (send(socket, flood())) {
      }
    });
    const auto failure = refused_by(server.address());
    CHECK(failure.error.code == Errc::broken);
    CHECK(failure.error.detail.find("before it lets us in") != std::string::npos);
  }
}

TEST_CASE("an answer that stalls in the middle of a row is left at the deadline") {
  const Cost cost(15s);
  FakeServer server(then([](int socket) {
    send(socket, beginning() + row + row.substr(0, 6));
    receive_all(socket);
  }));
  ReadLimits limits;
  limits.deadline = 300ms;
  const auto read = read_from(server.address(), limits);
  REQUIRE(!read);
  CHECK(read.error().error.code == Errc::retry);
  CHECK(read.error().error.detail.ends_with("gave no answer within 300 ms"));
}

TEST_CASE(
    "rows without end, notices and parameters between them, and one endless row are cut off") {
  int number = 0;
  const std::string much(20000, 'v');
  std::string rows;
  for (int i = 0; i < 1000; ++i) {
    rows += row;
  }
  const std::vector<std::function<std::string()>> floods = {
      [&] { return rows; },
      [&] { return message('N', error_fields("01000", much)); },
      [&] { return parameter("p" + std::to_string(++number), much); },
      [&] { return row + parameter("p" + std::to_string(++number), much); },
  };
  ReadLimits limits;
  limits.deadline = 20s;
  limits.bytes_max = 8U << 20U;
  char folder[] = "/tmp/tidemark-flood-XXXXXX";
  REQUIRE(::mkdtemp(folder) != nullptr);
  for (const auto want : {Want::answers, Want::digest}) {
    for (const std::string& where : {std::string(), std::string(folder)}) {
      for (const auto& flood : floods) {
        const Cost cost(15s);
        std::filesystem::remove(std::filesystem::path(folder) / ".s.PGSQL.5432");
        FakeServer server(then([&](int socket) {
                            send(socket, beginning());
                            while (send(socket, flood())) {
                            }
                          }),
                          where);
        const auto address = where.empty() ? server.address()
                                           : "postgresql://reader@/shop?host=" + where +
                                                 "&port=" + std::to_string(server.port());
        const auto read = read_from(address, limits, want);
        REQUIRE(!read);
        CHECK(read.error().error.code == Errc::broken);
        CHECK(read.error().error.detail.find("the answer has more than 8388608 bytes") !=
              std::string::npos);
      }
    }
  }
  std::filesystem::remove_all(folder);
}

}  // namespace tidemark::test
