#include <csignal>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/daemon/chaos/chaos.h"

using namespace tidemark::test;

namespace {

// Takes connections, which the kernel does, and says nothing; who is connected hears nothing more.
class Frozen {
 public:
  explicit Frozen(const PostgresServer& server) {
    pid_t first = 0;
    std::ifstream(server.folder() / "data" / "postmaster.pid") >> first;
    REQUIRE(first > 1);
    stop(first);  // so that it starts no others
    for (const auto child : children_of(first)) {
      stop(child);
    }
  }
  ~Frozen() {
    for (const auto process : std::vector(stopped_.rbegin(), stopped_.rend())) {
      ::kill(process, SIGCONT);
    }
  }
  Frozen(const Frozen&) = delete;
  Frozen& operator=(const Frozen&) = delete;

 private:
  void stop(pid_t process) {
    ::kill(process, SIGSTOP);
    stopped_.push_back(process);
  }
  static std::vector<pid_t> children_of(pid_t parent) {
    const auto process = std::to_string(parent);
    std::ifstream list("/proc/" + process + "/task/" + process + "/children");
    std::vector<pid_t> children;
    for (pid_t child = 0; list >> child;) {
      children.push_back(child);
    }
    return children;
  }

  std::vector<pid_t> stopped_;
};

}  // namespace

TEST_CASE("a server that hangs, with many environments, holds up nobody on another server") {
  if (!PostgresServer::available()) {
    return;
  }
  PostgresServer hanging({.tcp = true});
  ChaosShop shop(hanging);
  auto& other = PostgresServer::shared();
  const auto good = other.create_database("good");
  other.run(create_flyway_ledger() + ";" + insert_flyway_row({.content = shop.users}), good);
  std::string more = shop.environment("good", other.address(good));
  for (int i = 0; i < 12; ++i) {
    const auto database = hanging.create_database("hung");
    more += shop.environment("hung" + std::to_string(i),
                             i % 2 == 0 ? hanging.tcp_address(database) : hanging.address(database),
                             i % 3 == 0 ? "        connection: per_poll\n" : "");
  }
  shop.start_and_look("", more);
  REQUIRE(shop.looks("good"));
  REQUIRE(shop.looks("hung11"));
  for (int round = 0; round < 2; ++round) {
    INFO("round " << round);
    {
      std::unique_ptr<LookUnderWay> look;
      if (round == 1) {
        look = std::make_unique<LookUnderWay>(shop);
      }
      const Frozen frozen(hanging);
      const int seen = shop.polls("staging", "ok");
      CHECK(shop.looks("good", 60));
      CHECK(shop.tidemark({"poll", "shop/good"}).status == 0);
      CHECK(shop.polls("staging", "ok") <= seen + 1);
      // Given up by and by; that holds nobody up either.
      REQUIRE(shop.eventually([&] { return !shop.reachable(); }, 60));
      CHECK_MESSAGE(shop.problem().find(hanging.socket_dir()) != std::string::npos, shop.problem());
      CHECK(shop.looks("good", 30));
      CHECK(shop.cell("staging", "V1__users") == "applied");
      CHECK(shop.failures("good") == 0);
      shop.check_never_failed();
    }
    REQUIRE(shop.eventually([&] { return shop.reachable(); }, 60));
    shop.check_as_before();
  }
}
