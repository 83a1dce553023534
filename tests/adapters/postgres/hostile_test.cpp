// Servers that mean harm: whatever they do, it costs little time and memory, they see no byte of a
// password, and what they did is told.

#include <cstdlib>

#include <array>
#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "tests/adapters/postgres/certificates.h"
#include "tests/adapters/postgres/fake_server.h"
#include "tests/adapters/postgres/fake_tls.h"
#include "tests/adapters/postgres/messages.h"
#include "tests/adapters/postgres/reading.h"

namespace tidemark::test {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

const std::string canary = "kanarienvogel-7c1f";

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

bool says(const ReadFailure& failure, std::string_view words) {
  return failure.error.detail.find(words) != std::string::npos;
}

// With a password, of which nothing is told.
ReadFailure refused_by(const std::string& address, std::chrono::milliseconds deadline = 20s) {
  Reading reading;
  const auto connected = reading.connect(address, canary, deadline);
  REQUIRE(!connected);
  CHECK_FALSE(says(connected.error(), canary));
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

const std::string row = row_of("x");

}  // namespace

TEST_CASE("no server without TLS gets a password in clear, however it asks for it") {
  struct Ask {
    std::string what;
    std::vector<std::string> messages;  // each after something was heard
    bool at_once = true;                // or byte after byte
  };
  const auto in_clear = asks_in_clear();
  const std::vector<Ask> asks = {
      {"plainly", {in_clear}},
      {"byte after byte", {in_clear}, false},
      {"after a notice", {notice("hello") + in_clear}},
      {"after it was told an MD5 sum", {asks_for_md5(), in_clear}},
      {"together with a question for an MD5 sum", {asks_for_md5() + in_clear}},
      {"in the middle of SCRAM", {asks_for_scram(), in_clear}},
      {"together with SCRAM", {asks_for_scram() + in_clear}},
      {"after it has let us in", {lets_in() + in_clear}},
      {"after an error", {message('E', error_fields("57P03", "later")) + in_clear}},
      {"twice", {in_clear + in_clear}},
  };
  for (const auto& [what, messages, at_once] : asks) {
    CAPTURE(what);
    FakeServer server([&](int socket) {
      receive(socket);
      for (const auto& bytes : messages) {
        for (std::size_t i = 0; !at_once && i < bytes.size(); ++i) {
          send(socket, bytes.substr(i, 1));
          std::this_thread::sleep_for(2ms);
        }
        send(socket, at_once ? bytes : "");
        receive(socket);
      }
      receive_all(socket);
    });
    const auto failure = refused_by(server.address(), 2s);
    CHECK(server.heard_nothing_of(canary));
    CHECK(server.heard().find("reader") != std::string::npos);
    if (messages == std::vector<std::string>{in_clear}) {
      CHECK(failure.error.code == Errc::denied);
      CHECK(says(failure,
                 "asks for the password in clear on a connection without TLS, and did not get it: "
                 "set sslmode=verify-full in database:"));
    }
  }
}

TEST_CASE("a server that has no TLS, or takes it away, gets no password in clear") {
  for (const std::string mode : {"verify-full", "verify-ca", "require", "prefer", "allow"}) {
    CAPTURE(mode);
    FakeServer server([](int socket) {
      if (receive(socket).size() == 8) {  // the wish for TLS
        send(socket, "N");
        if (receive(socket).empty()) {
          return;
        }
      }
      send(socket, asks_in_clear());
      receive_all(socket);
    });
    const auto failure = refused_by("host=127.0.0.1 user=reader dbname=shop sslmode=" + mode +
                                    " port=" + std::to_string(server.port()));
    CHECK(failure.error.code == Errc::denied);
    CHECK(server.heard_nothing_of(canary));
    CHECK(says(failure, "sslmode="));
    CHECK(says(failure, "in database:"));
  }
}

TEST_CASE("a server that answers the wish for TLS with data of its own is not believed") {
  FakeServer server([](int socket) {
    receive(socket);
    send(socket, "S" + lets_in() + asks_in_clear());
    receive_all(socket);
  });
  const auto failure =
      refused_by("host=127.0.0.1 user=reader port=" + std::to_string(server.port()), 500ms);
  CHECK(says(failure, "check host and port in database:"));
  CHECK(server.heard().find("reader") == std::string::npos);
  CHECK(server.heard_nothing_of(canary));
}

TEST_CASE("a server whose certificate is not trusted hears not even a name, also within TLS") {
  const auto folder = make_server_folder();
  const FolderKeeper keeper(folder);
  const auto authority = Certificate::authority("the right one");
  authority.write(folder / "ca.pem", folder / "ca.key");
  struct Case {
    std::string advice;
    Certificate shown;
    bool heard = false;
  };
  const std::array cases = {
      Case{"set tls_ca:", Certificate::authority("another").signs("db.example")},
      Case{"renew the server's certificate", authority.signs("db.example", -48h, -24h)},
      Case{"name the server in database: as its certificate does",
           authority.signs("other.example")},
      Case{"", authority.signs("db.example"), true},  // so that hearing is proven to work
  };
  for (const auto& [advice, shown, heard] : cases) {
    CAPTURE(advice);
    FakeServer server([&shown](int socket) { ask_in_clear_within_tls(shown, socket); });
    const auto failure =
        refused_by("host=db.example hostaddr=127.0.0.1 user=reader sslrootcert=" +
                   (folder / "ca.pem").string() + " port=" + std::to_string(server.port()));
    CAPTURE(failure.error.detail);
    CHECK((heard || failure.error.code == Errc::denied));
    CHECK(says(failure, advice));
    CHECK((server.heard().find("reader") != std::string::npos) == heard);
    CHECK(server.heard_nothing_of(canary) == !heard);
  }
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
    CHECK(says(failure, "check user in database:"));
    CHECK(server.heard_nothing_of(canary));
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
    for (const std::string mode : {"disable", "verify-full"}) {
      FakeServer silent([&](int socket) {
        receive(socket);
        send(socket, said);
        receive_all(socket);
      });
      const auto failure = refused_by(
          "host=127.0.0.1 user=reader sslmode=" + mode + " port=" + std::to_string(silent.port()),
          200ms);
      CAPTURE(failure.error.detail);
      CHECK(failure.error.code != Errc::internal);
      CHECK(says(failure, "check host and port in database:"));
      CHECK(silent.heard_nothing_of(canary));
    }
  }
}

TEST_CASE("a server that closes before it lets us in is told, with what to look at") {
  for (const std::string mode : {"disable", "verify-full"}) {
    for (const std::string said : {"", "R", "S"}) {
      CAPTURE(mode);
      CAPTURE(said);
      FakeServer server([&](int socket) {
        receive(socket);
        send(socket, said);
      });
      const auto failure = refused_by("host=127.0.0.1 user=reader sslmode=" + mode +
                                      " port=" + std::to_string(server.port()));
      CAPTURE(failure.error.detail);
      CHECK(failure.error.code != Errc::denied);
      CHECK(says(failure, "check host and port in database:"));
      CHECK(server.heard_nothing_of(canary));
    }
  }
}

TEST_CASE("endless garbage is no greeting, and little of it is repeated") {
  const std::string noise(1U << 16U, 'x');
  const std::string lines(1U << 16U, 'E');
  const auto wordless = message('E', std::string(20'000, '\x01'));
  for (const auto& [mode, garbage] : {std::pair{"disable", noise},
                                      {"disable", lines},
                                      {"verify-full", noise},
                                      {"verify-full", "S" + noise},
                                      {"verify-full", lines},
                                      {"disable", wordless}}) {
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
    CHECK(failure.error.detail.size() < 700);
    CHECK(says(failure, "check host and port in database:"));
    CHECK(server.heard_nothing_of(canary));
  }
}

TEST_CASE("of a refusal that is an endless tale little is repeated") {
  for (const std::string letter : {"x", "\x01", "\xe2\x82\xac"}) {
    std::string tale;
    for (int i = 0; i < 8'000; ++i) {
      tale += letter;
    }
    FakeServer server([&](int socket) {
      receive(socket);
      send(socket, message('E', error_fields("28000", tale)));
    });
    const auto failure = refused_by(server.address());
    CHECK(failure.sqlstate == "28000");
    CHECK(failure.error.detail.size() < 700);
    CHECK(says(failure, "check user in database:"));
    CHECK(server.heard_nothing_of(canary));
  }
}

TEST_CASE("a flood of parameters or notices instead of a greeting is cut off") {
  int number = 0;
  const std::string much(20000, 'v');
  const std::vector<std::function<std::string()>> floods = {
      [&] { return parameter("p" + std::to_string(++number), much); },
      [&] { return notice(much); },
  };
  for (const auto& flood : floods) {
    const Cost cost(15s);
    FakeServer server([&](int socket) {
      receive(socket);
      send(socket, lets_in());
      while (send(socket, flood())) {
      }
    });
    const auto failure = refused_by(server.address());
    CHECK(failure.error.code == Errc::broken);
    CHECK(says(failure,
               "says more than 1048576 bytes before it lets us in: is it PostgreSQL? check host "
               "and port in database:"));
    CHECK(server.heard_nothing_of(canary));
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
  CHECK(read.error().error.detail.ends_with(
      "gave no answer within 300 ms: look whether the server hangs, or what lies before it: no key "
      "of the config helps"));
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
