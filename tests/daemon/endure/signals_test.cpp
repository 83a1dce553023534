// Stopping and reloading at any moment.

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <random>
#include <thread>

#include <doctest/doctest.h>

#include "adapters/loop/timer.h"
#include "adapters/store/ledger.h"
#include "tests/daemon/support/flyway.h"
#include "tests/daemon/support/rig.h"
#include "tests/support/alive.h"
#include "tests/support/postgres_server.h"

using namespace tidemark::test;
using namespace std::chrono_literals;

namespace {

using Clock = std::chrono::steady_clock;

constexpr auto unit_gives = 30s;  // TimeoutStopSec in tidemark.service, see unit_test.py
#ifdef TIDEMARK_FEW_ROUNDS
constexpr int stops = 8;
constexpr int reloads = 40;
#else
constexpr int stops = 60;
constexpr int reloads = 300;
#endif

// How the daemon ended, and whether its unit would have had the patience.
int stop_in_time(Rig& rig) {
  const auto told = Clock::now();
  rig.send(SIGTERM);
  const int status = rig.stop(SIGTERM);  // a second one does no harm
  CHECK(Clock::now() - told < unit_gives);
  return status;
}

// Opened as the daemon does it: whole, and not older than what was said of it.
void check_ledger(const Rig& rig) {
  auto opened = tidemark::Ledger::open(rig.ledger(), tidemark::wall_clock_now());
  REQUIRE_MESSAGE(opened, opened.error().detail);
  CHECK(opened->audit_problem == "");
  CHECK(opened->restored == "");
}

// 100 GiB of nothing: minutes of hashing. Gone before the rig looks through its files.
class HugeFile {
 public:
  explicit HugeFile(std::filesystem::path path) : path_(std::move(path)) {
    write_file(path_, "");
    std::filesystem::resize_file(path_, 100ULL << 30U);
  }
  ~HugeFile() { std::filesystem::remove(path_); }
  HugeFile(const HugeFile&) = delete;
  HugeFile& operator=(const HugeFile&) = delete;

 private:
  std::filesystem::path path_;
};

// Connections are made by the kernel, and nobody ever reads what comes over them.
class BlackHole {
 public:
  BlackHole() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* any = reinterpret_cast<sockaddr*>(&address);
    socklen_t size = sizeof address;
    REQUIRE(::bind(fd_, any, size) == 0);
    REQUIRE(::listen(fd_, 16) == 0);
    REQUIRE(::getsockname(fd_, any, &size) == 0);
    port_ = ntohs(address.sin_port);
  }
  ~BlackHole() { ::close(fd_); }
  BlackHole(const BlackHole&) = delete;
  BlackHole& operator=(const BlackHole&) = delete;

  int port() const { return port_; }
  bool somebody_waits() const {
    pollfd waiting{fd_, POLLIN, 0};
    return ::poll(&waiting, 1, 0) == 1;
  }

 private:
  int fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int port_ = 0;
};

// Lets every thread of a process but its first stand still, as if each waited for a disk that does
// not answer, until the process has ended. In a process of its own, which takes leave of them.
class FrozenThreads {
 public:
  explicit FrozenThreads(pid_t of) {
    std::array<int, 2> ready{};
    REQUIRE(::pipe2(ready.data(), O_CLOEXEC) == 0);
    tracer_ = ::fork();
    if (tracer_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      const char frozen = freeze(of) ? '1' : '0';
      [[maybe_unused]] const auto told = ::write(ready[1], &frozen, 1);
      while (::waitpid(-1, nullptr, __WALL) > 0 || errno == EINTR) {
      }
      ::_exit(0);
    }
    ::close(ready[1]);
    char frozen = '0';
    worked_ = ::read(ready[0], &frozen, 1) == 1 && frozen == '1';
    ::close(ready[0]);
  }
  ~FrozenThreads() {
    ::kill(tracer_, SIGKILL);
    ::waitpid(tracer_, nullptr, 0);
  }
  FrozenThreads(const FrozenThreads&) = delete;
  FrozenThreads& operator=(const FrozenThreads&) = delete;

  bool worked() const { return worked_; }

 private:
  static bool freeze(pid_t of) {
    bool any = false;
    for (const auto& entry :
         std::filesystem::directory_iterator("/proc/" + std::to_string(of) + "/task")) {
      const pid_t thread = std::stoi(entry.path().filename().string());
      if (thread != of && ::ptrace(PTRACE_SEIZE, thread, nullptr, nullptr) == 0) {
        any = ::ptrace(PTRACE_INTERRUPT, thread, nullptr, nullptr) == 0 || any;
      }
    }
    return any;
  }

  pid_t tracer_ = -1;
  bool worked_ = false;
};

// A shop with many files, polled all the time.
struct BusyShop : Rig {
  BusyShop() {
    for (int i = 1; i <= 1'500; ++i) {
      const auto number = std::to_string(i);
      file("V" + number + "__x.sql", "CREATE TABLE t" + number + " (id int);\n");
    }
    if (PostgresServer::available()) {
      database = PostgresServer::shared().create_database("shop");
      PostgresServer::shared().run(create_flyway_ledger(), database);
      PostgresServer::shared().run(
          insert_flyway_row({.script = "V1__x.sql", .content = "CREATE TABLE t1 (id int);\n"}),
          database);
    }
    poll_every("1s");
  }
  void poll_every(const std::string& pause) {
    std::string environments = "      - name: prod\n";
    if (!database.empty()) {
      environments =
          "      - name: staging\n        mode: reconcile_only\n        poll: " + pause +
          "\n        @password\n        database: " + PostgresServer::shared().address(database) +
          "\n" + environments;
    }
    configure(environments);
  }
  std::string database;
};

}  // namespace

TEST_CASE("told to stop at any moment, it ends in time, with success and a ledger that is whole") {
  BusyShop shop;
  std::minstd_rand random(20261125);
  std::uniform_int_distribution<int> early(1, 150);
  std::uniform_int_distribution<int> late(1, 2'500);
  int unborn = 0;
  for (int round = 0; round < stops; ++round) {
    INFO("round " << round);
    const auto logged = shop.log().size();
    shop.start({}, false);
    const auto moment = std::chrono::milliseconds(round % 2 == 0 ? early(random) : late(random));
    std::this_thread::sleep_for(moment / 2);
    if (round % 4 == 1) {
      shop.poll_every(round % 8 == 1 ? "2s" : "1s");
      shop.send(SIGHUP);
    }
    if (round % 4 == 3) {
      shop.file("V2__x.sql", "-- " + std::to_string(round) + "\n");
    }
    std::this_thread::sleep_for(moment / 2);
    const int status = stop_in_time(shop);
    // Before main() nobody can have arranged for anything.
    const bool before_main = shop.log().size() == logged && status != 0;
    unborn += before_main ? 1 : 0;
    CHECK_MESSAGE((before_main || status == 0), status << ": " << shop.log());
    if (std::filesystem::exists(shop.ledger())) {
      check_ledger(shop);
    }
  }
  CHECK(unborn <= stops * 3 / 4);  // on a busy machine main() is a long way off
  shop.start();
  CHECK(shop.json({"audit", "verify"}).at("ok").as_bool());
  CHECK(shop.eventually([&] { return shop.cell("prod", "V3__x") != "unknown"; }));
}

TEST_CASE(
    "told to reload hundreds of times, from the first moment, it ends up with the last config") {
  BusyShop shop;
  shop.start({}, false);
  for (int i = 0; i < reloads; ++i) {
    if (i % 30 == 0) {
      shop.poll_every(std::to_string(1 + i / 30) + "s");
    }
    if (i > 0 ||
        shop.eventually([&] { return shop.log().find("listening") != std::string::npos; })) {
      shop.send(SIGHUP);
    }
    std::this_thread::sleep_for(5ms);
  }
  shop.poll_every("77s");
  shop.send(SIGHUP);
  REQUIRE(shop.eventually([&] { return shop.ready(); }, 60));
  if (!shop.database.empty()) {
    CHECK(shop.eventually([&] { return shop.cell("staging", "V1__x") == "applied"; }));
  }
  shop.configure("      - name: last\n");
  shop.send(SIGHUP);
  CHECK(shop.eventually(
      [&] { return shop.get("/v1/status").find("\"last\"") != std::string::npos; }, 30));
  CHECK(shop.running());
  CHECK(stop_in_time(shop) == 0);
  check_ledger(shop);
}

TEST_CASE("a file of any size is left when it is time to stop, or another config comes") {
  Rig rig;
  rig.file("V1__x.sql", "x\n");
  const HugeFile huge(rig.migrations() / "V2__huge.sql");
  rig.configure("      - name: prod\n");
  rig.start({}, false);
  REQUIRE(rig.eventually([&] { return rig.log().find("started") != std::string::npos; }));
  std::this_thread::sleep_for(500ms);  // reading by now
  SUBCASE("stop") {
    CHECK(stop_in_time(rig) == 0);
    CHECK(rig.log().find("without waiting") == std::string::npos);
  }
  SUBCASE("reload") {
    rig.configure("      - name: other\n");
    rig.send(SIGHUP);
    CHECK(rig.eventually([&] { return rig.log().find("config reloaded") != std::string::npos; }));
    CHECK(stop_in_time(rig) == 0);
  }
}

TEST_CASE("a command that is asked for a password and hangs ends with the daemon") {
  Rig rig;
  const auto pid_file = rig.folder() / "pid";
  write_file(rig.folder() / "secret.sh",
             "#!/bin/sh\nsleep 600 & echo $! > " + pid_file.string() + ".new\nmv " +
                 pid_file.string() + ".new " + pid_file.string() + "\nwait\n",
             0700);
  rig.configure(
      "      - name: staging\n        mode: reconcile_only\n        password: {command: [" +
      (rig.folder() / "secret.sh").string() +
      "]}\n        database: postgresql://x@127.0.0.1:1/x?sslmode=disable\n");
  rig.start({}, false);
  REQUIRE(rig.eventually([&] { return std::filesystem::exists(pid_file); }));
  pid_t sleeper = 0;
  std::ifstream(pid_file) >> sleeper;
  REQUIRE(alive(sleeper));
  CHECK(stop_in_time(rig) == 0);
  CHECK(rig.eventually([&] { return !alive(sleeper); }));
}

TEST_CASE("a server that takes connections and says nothing does not hold a stop") {
  const BlackHole hole;
  Rig rig;
  rig.configure(
      "      - name: staging\n        mode: reconcile_only\n        @password\n"
      "        database: postgresql://x@127.0.0.1:" +
      std::to_string(hole.port()) + "/x?sslmode=disable\n");
  rig.start({}, false);
  REQUIRE(rig.eventually([&] { return hole.somebody_waits(); }));
  CHECK(stop_in_time(rig) == 0);
  CHECK(rig.log().find("without waiting") == std::string::npos);
  check_ledger(rig);
}

TEST_CASE("what cannot be stopped is not waited for beyond the time that a stop may take") {
  Rig rig;
  rig.file("V1__x.sql", "x\n");
  rig.configure("      - name: prod\n");
  rig.start();
  REQUIRE(rig.tidemark({"mark", "shop/prod", "V1", "--reason", "before"}).status == 0);
  const FrozenThreads frozen(rig.pid());
  if (!frozen.worked()) {
    MESSAGE("skipped: threads cannot be traced here");
    return;
  }
  std::thread asking([&] {
    run({"curl",
         "-sS",
         "-m",
         "20",
         "--unix-socket",
         rig.socket().string(),
         "-X",
         "POST",
         "-H",
         "Content-Type: application/json",
         "--data-binary",
         R"({"migrations": ["V1"], "reason": "never written"})",
         "http://localhost/v1/apps/shop/environments/prod/unmark"});
  });
  std::this_thread::sleep_for(500ms);
  CHECK(stop_in_time(rig) == 0);
  asking.join();
  CHECK(rig.log().find("stopped without waiting for what hangs") != std::string::npos);
  check_ledger(rig);
  rig.start();
  CHECK(rig.cell("prod", "V1__x") == "applied");
}

TEST_CASE("a disk that hangs when our ledger is closed does not hold a stop") {
  Rig rig;
  rig.file("V1__x.sql", "x\n");
  rig.configure("      - name: prod\n");
  const auto hung = rig.folder() / "hung";
  rig.start({"env", "LD_PRELOAD=" HUNG_DISK, "HUNG_DISK=" + hung.string()});
  REQUIRE(rig.tidemark({"mark", "shop/prod", "V1", "--reason", "before"}).status == 0);
  write_file(hung, "");
  CHECK(stop_in_time(rig) == 0);
  CHECK(rig.log().find("stopped without waiting for what hangs") != std::string::npos);
  check_ledger(rig);
}
