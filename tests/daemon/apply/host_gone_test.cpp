#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <future>
#include <string>
#include <thread>

#include <doctest/doctest.h>

#include "tests/daemon/apply/beside.h"

using namespace tidemark::test;

namespace {

int option(int socket, int level, int name) {
  int value = 0;
  socklen_t size = sizeof(value);
  return getsockopt(socket, level, name, &value, &size) == 0 ? value : -1;
}

// Calls `look` with each socket of another process that is connected to a port of ours.
template <class Look>
int each_socket_to(int port, pid_t of, const Look& look) {
  const int process = static_cast<int>(syscall(SYS_pidfd_open, of, 0));
  int found = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator("/proc/" + std::to_string(of) + "/fd")) {
    const int fd = static_cast<int>(
        syscall(SYS_pidfd_getfd, process, std::stoi(entry.path().filename().string()), 0));
    sockaddr_in peer{};
    socklen_t size = sizeof(peer);
    if (getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) == 0 &&
        peer.sin_family == AF_INET && ntohs(peer.sin_port) == port) {
      ++found;
      look(fd);
    }
    close(fd);
  }
  close(process);
  return found;
}

}  // namespace

TEST_CASE(
    "our host gone in the middle of a transaction: its locks are let go, and nothing is left") {
  if (!PostgresServer::available()) {
    return;
  }
  using Clock = std::chrono::steady_clock;
  using namespace std::chrono_literals;
  Applying rig;
  rig.file("001_users.sql", "CREATE TABLE users (id int);\n");
  rig.begin();
  REQUIRE(rig.apply().outcome() == "applied");
  rig.migration("002_name",
                "ALTER TABLE users ADD name text;\nSELECT pg_sleep(1);\n"
                "CREATE TABLE other (id int);\n");
  auto applied = std::async(std::launch::async, [&] {
    return rig.request("POST", "/v1/apps/shop/environments/dev/apply", "{}");
  });
  REQUIRE(migration_runs(rig, "SELECT pg_sleep"));
  rig.send(SIGSTOP);
  REQUIRE(rig.eventually(
      [&] { return state_of_migration(rig, "SELECT pg_sleep") == "idle in transaction"; }));
  const auto idle = Clock::now();
  rig.sql("SELECT count(*) FROM users");  // waits for the lock
  const auto waited = Clock::now() - idle;
  MESSAGE("the lock was let go after "
          << std::chrono::duration_cast<std::chrono::milliseconds>(waited).count() << " ms");
  CHECK(waited > 1s);
  CHECK(waited < 16s);
  rig.send(SIGCONT);
  applied.get();
  CHECK(rig.eventually([&] { return rig.cell_of("002_name") == "failed"; }));
  CHECK_FALSE(rig.exists("other"));
  CHECK(nothing_stays_behind(rig));
  CHECK(rig.eventually([&] { return rig.apply().outcome() == "applied"; }));
  CHECK(rig.exists("other"));
  CHECK(rig.cell_of("002_name") == "applied");
}

// The kernel does the rest: who sends nothing, and acknowledges nothing, is gone after 15 s.
TEST_CASE("their host gone in the middle of a statement without end: the network tells of it") {
  if (!PostgresServer::available()) {
    return;
  }
  PostgresServer server({.tcp = true});
  Applying rig("        poll: 1h\n", server);
  rig.configure("      - name: dev\n        database: " + server.tcp_address(rig.database()) +
                "\n        poll: 1h\n");
  rig.file("001_slow.sql", "SELECT pg_sleep(2);\n");
  rig.begin();
  auto applied = std::async(std::launch::async, [&] { return rig.apply(); });
  REQUIRE(migration_runs(rig, "SELECT pg_sleep"));
  int guarded = 0;
  const int sockets = each_socket_to(server.port(), rig.pid(), [&](int socket) {
    guarded += option(socket, SOL_SOCKET, SO_KEEPALIVE) == 1 &&
                       option(socket, IPPROTO_TCP, TCP_KEEPIDLE) == 5 &&
                       option(socket, IPPROTO_TCP, TCP_KEEPINTVL) == 3 &&
                       option(socket, IPPROTO_TCP, TCP_KEEPCNT) == 3 &&
                       option(socket, IPPROTO_TCP, TCP_USER_TIMEOUT) == 15000
                   ? 1
                   : 0;
  });
  CHECK(sockets >= 2);
  CHECK(guarded >= 2);  // the session that migrates, and the one that looks on
  CHECK(applied.get().outcome() == "applied");
}
