// No descriptor left.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "tests/daemon/support/flyway.h"
#include "tests/daemon/support/rig.h"
#include "tests/support/postgres_server.h"

using namespace tidemark::test;

namespace {

// Clients that connect and say nothing.
class SilentClients {
 public:
  SilentClients(int port, int count) {
    for (int i = 0; i < count; ++i) {
      const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
      sockaddr_in address{};
      address.sin_family = AF_INET;
      address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      address.sin_port = htons(static_cast<std::uint16_t>(port));
      auto* any = reinterpret_cast<sockaddr*>(&address);
      [[maybe_unused]] const int connecting = ::connect(fd, any, sizeof address);
      fds_.push_back(fd);
    }
  }
  ~SilentClients() { leave(); }
  SilentClients(const SilentClients&) = delete;
  SilentClients& operator=(const SilentClients&) = delete;
  void leave() {
    for (const int fd : fds_) {
      ::close(fd);
    }
    fds_.clear();
  }

 private:
  std::vector<int> fds_;
};

// The number that the next descriptor gets.
int next_descriptor(pid_t pid) {
  std::set<int> open;
  for (const auto& entry :
       std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/fd")) {
    open.insert(std::stoi(entry.path().filename().string()));
  }
  int next = 0;
  while (open.contains(next)) {
    ++next;
  }
  return next;
}

// Its own, user and system.
double cpu_seconds(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string text{std::istreambuf_iterator<char>(file), {}};
  std::istringstream fields(text.substr(text.rfind(')') + 2));
  std::string skipped;
  for (int i = 0; i < 11; ++i) {
    fields >> skipped;
  }
  double user = 0;
  double system = 0;
  fields >> user >> system;
  return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

std::size_t count(const std::string& text, const std::string& what) {
  std::size_t found = 0;
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) {
    ++found;
  }
  return found;
}

}  // namespace

TEST_CASE(
    "without a descriptor left it stays calm, answers on its socket, and recovers by itself") {
  if (!PostgresServer::available()) {
    return;
  }
  auto& server = PostgresServer::shared();
  Rig rig;
  rig.file("V1__users.sql", "a\n");
  rig.file("sub/V2__orders.sql", "b\n");
  const auto database = server.create_database("shop");
  server.run(create_flyway_ledger(), database);
  server.run(insert_flyway_row({.content = "a\n"}), database);
  rig.configure(
      "      - name: staging\n        mode: reconcile_only\n        poll: 1s\n        "
      "@password\n        database: " +
      server.address(database) + "\n");
  rig.start();
  REQUIRE(rig.eventually([&] { return rig.cell("staging", "V1__users") == "applied"; }));

  rlimit before{};
  REQUIRE(::prlimit(rig.pid(), RLIMIT_NOFILE, nullptr, &before) == 0);
  const auto limit = static_cast<rlim_t>(next_descriptor(rig.pid()) + 6);
  const rlimit tight{limit, before.rlim_max};
  REQUIRE(::prlimit(rig.pid(), RLIMIT_NOFILE, &tight, nullptr) == 0);
  SilentClients clients(rig.port(), 120);
  const auto refused = [&] {
    return rig.log().find("connections cannot be accepted") != std::string::npos;
  };
  REQUIRE_MESSAGE(rig.eventually(refused), rig.log());
  CHECK(rig.log().find("LimitNOFILE=") != std::string::npos);
  rig.file("V1__users.sql", "edited\n");

  // It answers, and says what it lacks.
  int answered = 0;
  CHECK(rig.eventually([&] {
    const auto answer = rig.request("GET", "/v1/status");
    answered += answer.status == 200 ? 1 : 0;
    return answer.status == 200 && answer.body.find("open files") != std::string::npos;
  }));
  for (int i = 0; i < 10; ++i) {
    answered += rig.tidemark({"status"}).status == 0 ? 1 : 0;
  }
  CHECK(answered >= 10);
  // A poll may be the first at the descriptor of the connection that ended: then once more.
  CHECK(rig.eventually([&] {
    server.run(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() "
        "AND application_name LIKE 'tidemark%'",
        database);
    return rig.status("staging").at("last_poll").at("outcome").as_string() == "retry";
  }));
  CHECK(rig.cell("staging", "V1__users").starts_with("applied"));

  // Without turning in circles, in the log neither.
  const auto said = [&] { return count(rig.log(), "connections cannot be accepted"); };
  const auto said_before = said();
  const double cpu = cpu_seconds(rig.pid());
  std::this_thread::sleep_for(std::chrono::seconds(4));
  CHECK(cpu_seconds(rig.pid()) - cpu < 0.4);
  CHECK(said() - said_before < 10);
  for (const auto& finding : rig.json({"findings"}).at("findings").as_array()) {
    CHECK(finding.at("kind").as_string() == "edited");
  }

  SUBCASE("the clients go") {
    clients.leave();
    const rlimit roomy{limit + 20, before.rlim_max};
    REQUIRE(::prlimit(rig.pid(), RLIMIT_NOFILE, &roomy, nullptr) == 0);
  }
  SUBCASE("the limit goes") {
    REQUIRE(::prlimit(rig.pid(), RLIMIT_NOFILE, &before, nullptr) == 0);
  }
  CHECK(rig.eventually([&] { return rig.status("staging").at("reachable").as_bool(); }, 30));
  CHECK(rig.eventually([&] { return rig.cell("staging", "V1__users") == "drifted edited"; }, 70));
  CHECK(rig.stop() == 0);
}
