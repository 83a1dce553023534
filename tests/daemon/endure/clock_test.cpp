// The wall clock is set while the daemon runs.

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <set>
#include <sstream>
#include <string>

#include <doctest/doctest.h>
#include <boost/json/parse.hpp>

#include "tests/daemon/support/flyway.h"
#include "tests/daemon/support/rig.h"
#include "tests/support/postgres_server.h"

using namespace tidemark::test;
using namespace std::chrono_literals;

namespace {

using Clock = std::chrono::steady_clock;

const std::string users = "CREATE TABLE users (id int);\n";

// The clock of a daemon that runs in wrapper().
class WallClock {
 public:
  explicit WallClock(std::filesystem::path file) : file_(std::move(file)) {
    const int fd = ::open(file_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    REQUIRE(::ftruncate(fd, sizeof(Seconds)) == 0);
    void* at = ::mmap(nullptr, sizeof(Seconds), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    REQUIRE(at != MAP_FAILED);
    ::close(fd);
    ahead_ = static_cast<Seconds*>(at);
  }
  ~WallClock() { ::munmap(ahead_, sizeof(Seconds)); }
  WallClock(const WallClock&) = delete;
  WallClock& operator=(const WallClock&) = delete;

  void set(std::chrono::seconds ahead) { *ahead_ = ahead.count(); }
  std::vector<std::string> wrapper() const {
    return {"env", "LD_PRELOAD=" MOVED_CLOCK, "MOVED_CLOCK=" + file_.string()};
  }

 private:
  using Seconds = std::atomic<std::int64_t>;
  std::filesystem::path file_;
  Seconds* ahead_ = nullptr;
};

// One environment that is polled every second, and one every hour.
struct Shop : Rig {
  Shop() : clock(folder() / "clock") {
    file("V1__users.sql", users);
    file("V2__orders.sql", "CREATE TABLE orders (id int);\n");
    auto& server = PostgresServer::shared();
    for (auto* database : {&often, &rarely}) {
      *database = server.create_database("shop");
      server.run(create_flyway_ledger(), *database);
      server.run(insert_flyway_row({.content = users}), *database);
    }
    configure(
        "      - name: often\n        mode: reconcile_only\n        poll: 1s\n        database: " +
        server.address(often) +
        "\n      - name: rarely\n        mode: reconcile_only\n        poll: 1h\n"
        "        database: " +
        server.address(rarely) + "\n");
    start(clock.wrapper());
    for (const auto* environment : {"often", "rarely"}) {
      REQUIRE(eventually([&] { return cell(environment, "V1__users") == "applied"; }));
    }
  }

  bool stale(const std::string& environment) { return status(environment).at("stale").as_bool(); }

  WallClock clock;
  std::string often;
  std::string rarely;
};

// At their rhythm: neither in a hurry nor late. What else this machine does makes them later only.
void check_polls_go_on(Shop& shop) {
  const auto began = Clock::now();
  const int before = shop.polls("often");
  CHECK(shop.eventually([&] { return shop.polls("often") >= before + 4; }, 60));
  const std::chrono::duration<double> took = Clock::now() - began;
  CHECK(shop.polls("often") - before <= 1.5 * took.count() + 3);
}

// What is measured in seconds is not negative.
void check_ages(Shop& shop) {
  std::istringstream page(shop.get("/metrics"));
  for (std::string line; std::getline(page, line);) {
    const auto value = line.rfind(' ');
    if (!line.starts_with('#') && line.find("_seconds") != std::string::npos) {
      CHECK_MESSAGE(std::stod(line.substr(value)) >= 0, line);
    }
  }
  for (const auto* environment : {"often", "rarely"}) {
    const auto status = shop.status(environment);
    if (const auto* lag = status.at("lag").if_object(); lag != nullptr) {
      CHECK(lag->at("seconds").as_int64() >= 0);
    }
  }
  CHECK(shop.metric("tidemark_task_restarts_total") == 0);
}

void check_drift_is_seen(Shop& shop) {
  shop.file("V1__users.sql", "edited\n");
  CHECK(shop.eventually([&] { return shop.cell("often", "V1__users") == "drifted edited"; }, 60));
  shop.file("V1__users.sql", users);
  CHECK(shop.eventually([&] { return shop.cell("often", "V1__users") == "applied"; }, 60));
}

// The order in which it happened, whatever the clock said.
void check_audit(Shop& shop) {
  CHECK(shop.json({"audit", "verify"}).at("ok").as_bool());
  std::istringstream lines(shop.tidemark({"audit", "--json"}).out);
  std::int64_t last = 0;
  std::set<std::string> open;
  for (std::string line; std::getline(lines, line);) {
    const auto entry = boost::json::parse(line);
    CHECK(entry.at("seq").as_int64() == last + 1);
    last = entry.at("seq").as_int64();
    const auto& what = entry.at("what").as_string();
    if (what == "finding.opened") {
      CHECK(open.insert(entry.at("environment").as_string().c_str()).second);
    } else if (what == "finding.resolved") {
      CHECK(open.erase(entry.at("environment").as_string().c_str()) == 1);
    }
  }
  CHECK(last > 20);
  CHECK(open.empty());
}

}  // namespace

TEST_CASE("the wall clock jumps by days, and all goes on as if nothing had been") {
  if (!PostgresServer::available()) {
    return;
  }
  Shop shop;
  for (const auto ahead : {24h, 0h, -24h, 24h, -24h, 240h, 0h}) {
    INFO("ahead by " << ahead.count() << " h");
    shop.clock.set(ahead);
    CHECK_FALSE(shop.stale("often"));
    CHECK_FALSE(shop.stale("rarely"));
    check_polls_go_on(shop);
    check_drift_is_seen(shop);
    CHECK_FALSE(shop.stale("often"));
    CHECK_FALSE(shop.stale("rarely"));
    check_ages(shop);
    CHECK(shop.running());
  }
  check_audit(shop);
  shop.clock.set(-24h);
  CHECK(shop.stop() == 0);
  shop.start(shop.clock.wrapper());
  CHECK(shop.eventually([&] { return shop.cell("often", "V1__users") == "applied"; }));
  check_polls_go_on(shop);
  check_audit(shop);
  CHECK(shop.stop() == 0);
}

TEST_CASE("that a database does not answer is told in time, whatever the wall clock says") {
  if (!PostgresServer::available()) {
    return;
  }
  Shop shop;
  shop.clock.set(-24h);
  PostgresServer::shared().run("ALTER DATABASE " + shop.often +
                               " ALLOW_CONNECTIONS false; "
                               "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                               "WHERE datname = '" +
                               shop.often + "'");
  CHECK(shop.eventually([&] { return shop.stale("often"); }, 60));
  CHECK(shop.cell("often", "V1__users") == "applied");
  shop.clock.set(24h);
  CHECK(shop.stale("often"));
  PostgresServer::shared().run("ALTER DATABASE " + shop.often + " ALLOW_CONNECTIONS true");
  shop.clock.set(-48h);
  CHECK(shop.eventually([&] { return !shop.stale("often"); }, 120));
  check_ages(shop);
  CHECK(shop.stop() == 0);
}
