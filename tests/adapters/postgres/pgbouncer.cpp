#include "tests/adapters/postgres/pgbouncer.h"

#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <stdexcept>
#include <thread>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace tidemark::test {
namespace {

using namespace std::chrono_literals;

constexpr auto program = "/usr/sbin/pgbouncer";
constexpr auto port = "6432";

bool listens(const std::string& path) {
  const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  const bool connected = ::connect(socket, generic, sizeof(address)) == 0;
  ::close(socket);
  return connected;
}

}  // namespace

bool PgBouncer::available() {
  if (!std::filesystem::exists(program)) {
    std::puts("SKIPPED: tests that need PgBouncer, there is no /usr/sbin/pgbouncer");
    return false;
  }
  return PostgresServer::available();
}

PgBouncer::PgBouncer(const PostgresServer& server,
                     int server_port,
                     const std::string& mode,
                     int pool_size)
    : folder_(server.socket_dir()) {
  const std::filesystem::path folder = folder_;
  write_file(folder / "users.txt", "\"postgres\" \"\"\n");
  write_file(folder / "pgbouncer.ini",
             "[databases]\n* = host=" + folder_ + " port=" + std::to_string(server_port) +
                 "\n[pgbouncer]\n"
                 "listen_addr =\n"
                 "listen_port = " +
                 port +
                 "\n"
                 "unix_socket_dir = " +
                 folder_ +
                 "\n"
                 "auth_type = trust\n"
                 "auth_file = " +
                 folder_ +
                 "/users.txt\n"
                 "pidfile = " +
                 folder_ +
                 "/pgbouncer.pid\n"
                 "pool_mode = " +
                 mode +
                 "\n"
                 "default_pool_size = " +
                 std::to_string(pool_size) + "\n");
  process_ =
      start_program({program, (folder / "pgbouncer.ini").string()}, folder / "pgbouncer.log");
  const auto patience = std::chrono::steady_clock::now() + 10s;
  while (!listens(folder / (std::string(".s.PGSQL.") + port))) {
    if (has_ended(process_) || std::chrono::steady_clock::now() > patience) {
      throw std::runtime_error("PgBouncer does not start:\n" + end_of(folder / "pgbouncer.log"));
    }
    std::this_thread::sleep_for(2ms);
  }
}

PgBouncer::~PgBouncer() {
  stop_program(process_, SIGQUIT);
  std::error_code ignored;
  std::filesystem::remove(std::filesystem::path(folder_) / "pgbouncer.pid", ignored);
}

std::string PgBouncer::address(const std::string& database) const {
  return "postgresql://postgres@/" + database + "?host=" + folder_ + "&port=" + port;
}

}  // namespace tidemark::test
