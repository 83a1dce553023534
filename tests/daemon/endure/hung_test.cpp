// What does not answer: servers whose queue of connections is full, so that the kernel drops who
// comes, and name servers that are silent. One environment waits for each; the others do not
// notice.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <future>
#include <string>
#include <thread>

#include <doctest/doctest.h>

#include "tests/adapters/postgres/fake_server.h"
#include "tests/daemon/support/flyway.h"
#include "tests/daemon/support/rig.h"
#include "tests/support/postgres_server.h"

using namespace tidemark::test;
using namespace std::chrono_literals;

namespace {

using Clock = std::chrono::steady_clock;

constexpr int hung_ones = 7;    // fewer than the connections that one server gets
constexpr auto deadline = 10s;  // of a look
constexpr auto slack = 10s;     // for a machine that is busy
constexpr auto unit_gives = 30s;

// A name server that hears and says nothing.
class SilentNameServer {
 public:
  SilentNameServer() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = ::inet_addr(place);
    address.sin_port = htons(53);
    works_ = ::bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  ~SilentNameServer() { ::close(fd_); }
  SilentNameServer(const SilentNameServer&) = delete;
  SilentNameServer& operator=(const SilentNameServer&) = delete;

  bool works() const { return works_; }
  bool was_asked() const {
    pollfd waiting{fd_, POLLIN, 0};
    return ::poll(&waiting, 1, 0) == 1;
  }
  static constexpr const char* place = "127.77.53.53";

 private:
  int fd_ = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  bool works_ = false;
};

// A good environment, polled every second, in the middle of hung ones.
struct Crowd : Rig {
  explicit Crowd(const std::string& hung_host) {
    file("V1__users.sql", "CREATE TABLE users (id int);\n");
    auto& server = PostgresServer::shared();
    const auto database = server.create_database("shop");
    server.run(create_flyway_ledger(), database);
    server.run(insert_flyway_row({.content = "CREATE TABLE users (id int);\n"}), database);
    std::string environments;
    for (int i = 0; i < hung_ones; ++i) {
      if (i == hung_ones / 2) {
        environments +=
            "      - name: good\n        mode: reconcile_only\n        poll: 1s\n        "
            "database: " +
            server.address(database) + "\n";
      }
      std::string host = hung_host;
      if (const auto at = host.find('#'); at != std::string::npos) {
        host.replace(at, 1, std::to_string(i));
      }
      environments += "      - name: hung-" + std::to_string(i) +
                      "\n        mode: reconcile_only\n        poll: 1s\n        @password\n"
                      "        database: postgresql://x@" +
                      host + "/x?sslmode=disable\n";
    }
    configure(environments);
  }

  std::string problem(const std::string& environment) {
    const auto status = this->status(environment);
    const auto* problem = status.at("problem").if_string();
    return problem == nullptr ? "" : std::string(*problem);
  }

  void check(const std::string& says) {
    // The good one is read at once, and goes on at its rhythm.
    REQUIRE_MESSAGE(eventually([&] { return cell("good", "V1__users") == "applied"; }, 8), log());
    const auto began = Clock::now();
    const int before = polls("good");
    // The hung ones are told, with what to do.
    for (int i = 0; i < hung_ones; ++i) {
      const auto name = "hung-" + std::to_string(i);
      REQUIRE_MESSAGE(eventually([&] { return problem(name).find(says) != std::string::npos; }, 30),
                      name << ": " << problem(name));
      CHECK_FALSE(status(name).at("reachable").as_bool());
      CHECK(cell(name, "V1__users") == "unknown");
    }
    CHECK(Clock::now() - began < 2 * (deadline + slack));
    // A person is answered, about one of those too: after the look that is under way, if any.
    const auto asked = Clock::now();
    const auto told = tidemark({"poll", "shop/hung-3"});
    CHECK(Clock::now() - asked < 2 * deadline + slack);
    CHECK(told.status != 0);
    CHECK_MESSAGE((told.out + told.err).find(says) != std::string::npos, told.out << told.err);
    auto asking = std::async(std::launch::async, [this] {
      return run({TIDEMARK, "poll", "shop/hung-4"}, {{"TIDEMARK_SOCKET", socket().string()}});
    });
    const auto soon = Clock::now();
    CHECK(tidemark({"poll", "shop/good"}).status == 0);
    CHECK(Clock::now() - soon < 5s);
    asking.get();
    const std::chrono::duration<double> took = Clock::now() - began;
    CHECK(polls("good") - before >= took.count() / 3);
    CHECK(json({"findings"}).at("findings").as_array().empty());
    // And so is who stops it.
    const auto stopping = Clock::now();
    CHECK(stop() == 0);
    CHECK(Clock::now() - stopping < unit_gives);
    CHECK(log().find("without waiting") == std::string::npos);
  }
};

}  // namespace

TEST_CASE("connects that nobody answers delay no other environment, no person and no stop") {
  if (!PostgresServer::available()) {
    return;
  }
  const BlackHole hole;
  Crowd crowd("127.0.0.1:" + std::to_string(hole.port()));
  crowd.start();
  crowd.check("check host and port in database:");
}

TEST_CASE("names that nobody looks up delay no other environment, no person and no stop") {
  const SilentNameServer silent;
  Crowd crowd("db-#.example");
  write_file(
      crowd.folder() / "resolv.conf",
      std::string("nameserver ") + SilentNameServer::place + "\noptions timeout:30 attempts:5\n");
  const auto bind =
      "mount --bind " + (crowd.folder() / "resolv.conf").string() + " /etc/resolv.conf";
  if (!PostgresServer::available() || !silent.works() ||
      run({"unshare", "-m", "sh", "-c", bind}).status != 0) {
    MESSAGE("skipped: no file can be mounted here, or no name server be played, or no PostgreSQL");
    return;
  }
  crowd.start({"unshare", "-m", "sh", "-c", bind + " && exec \"$@\"", "sh"});
  crowd.check("check this host's name servers");
  CHECK(silent.was_asked());
}

TEST_CASE(
    "what becomes export_only is let go of in the middle of a look, however hung its server is") {
  for (const bool connects : {false, true}) {
    CAPTURE(connects);
    std::atomic<int> asked = 0;
    std::atomic<int> left = 0;
    const FakeServer server([&](int socket) {
      if (connects) {
        welcome(socket);
      }
      receive(socket);
      ++asked;
      receive_all(socket);
      ++left;
    });
    Rig rig;
    rig.file("V1__users.sql", "CREATE TABLE users (id int);\n");
    rig.configure("      - name: dev\n        poll: 1h\n        database: \"" + server.address() +
                  "\"\n");
    rig.start();
    REQUIRE(rig.eventually([&] { return asked == 1; }));
    REQUIRE(left == 0);
    REQUIRE(rig.tidemark({"mode", "shop/dev", "export_only", "--reason", "quarantine"}).status ==
            0);
    CHECK(rig.eventually([&] { return left == 1; }, 4));  // not when the look would be given up
    CHECK(rig.get("/metrics").find("tidemark_polls_total{") == std::string::npos);
    CHECK(rig.status("dev").at("last_poll").is_null());
    CHECK(rig.stop() == 0);
    CHECK(asked == 1);
  }
}

TEST_CASE(
    "a look on a connection that hung is let go of too, and the next one does not wait for it") {
  if (!PostgresServer::available()) {
    return;
  }
  auto& server = PostgresServer::shared();
  const auto database = server.create_database("shop");
  Rig rig;
  rig.file("V1__users.sql", "CREATE TABLE users (id int);\n");
  rig.configure("      - name: dev\n        poll: 1s\n        database: \"" +
                server.address(database) + "\"\n");
  rig.start();
  REQUIRE(rig.eventually([&] { return rig.polls("dev") >= 2; }));
  const auto backend =
      std::stoi(server.run("SELECT pid FROM pg_stat_activity WHERE application_name = "
                           "'tidemark shop/dev' AND datname = '" +
                           database + "'"));
  REQUIRE(::kill(backend, SIGSTOP) == 0);
  std::this_thread::sleep_for(2s);  // more than a poll: somebody waits for it now
  const auto began = Clock::now();
  CHECK(rig.tidemark({"mode", "shop/dev", "export_only", "--reason", "quarantine"}).status == 0);
  CHECK(rig.tidemark({"mode", "shop/dev", "managed", "--reason", "it is well", "--yes"}).status ==
        0);
  CHECK(rig.tidemark({"poll", "shop/dev"}).status == 0);
  CHECK(Clock::now() - began < 6s);
  CHECK(rig.get("/metrics").find("outcome=\"retry\"} 1") == std::string::npos);
  ::kill(backend, SIGCONT);
}
