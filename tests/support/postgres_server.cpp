#include "tests/support/postgres_server.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <thread>

#include <arpa/inet.h>
#include <libpq-fe.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace tidemark::test {
namespace {

using namespace std::chrono_literals;

// Those that TIDEMARK_TEST_POSTGRES names, or the newest that Debian's packages have installed;
// empty when there is none.
std::filesystem::path programs() {
  if (const char* named = std::getenv("TIDEMARK_TEST_POSTGRES")) {
    return named;
  }
  int newest = 0;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/usr/lib/postgresql", error)) {
    if (std::filesystem::exists(entry.path() / "bin" / "initdb", error)) {
      newest = std::max(newest, std::atoi(entry.path().filename().c_str()));
    }
  }
  return newest == 0 ? "" : "/usr/lib/postgresql/" + std::to_string(newest) + "/bin";
}

int free_port() {
  const int probe = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(probe, generic, size) != 0 || ::getsockname(probe, generic, &size) != 0) {
    throw std::runtime_error("no free port");
  }
  ::close(probe);
  return ntohs(address.sin_port);
}

}  // namespace

bool PostgresServer::available() {
  static const bool found = [] {
    const bool installed = !programs().empty();
    if (!installed) {
      std::puts("SKIPPED: tests that need PostgreSQL, none is under /usr/lib/postgresql");
    }
    return installed;
  }();
  return found;
}

PostgresServer& PostgresServer::shared() {
  static PostgresServer server;
  return server;
}

PostgresServer::PostgresServer() : PostgresServer(Options{}) {}

PostgresServer::PostgresServer(Options options)
    : options_(std::move(options)),
      folder_(make_server_folder()),
      keeper_(folder_),
      port_(options_.tcp ? free_port() : 5432) {
  initialise();
  start();
}

PostgresServer::~PostgresServer() {
  stop(Stop::immediate);
}

void PostgresServer::copy_from(const PostgresServer& primary) {
  const auto data = folder_ / "data";
  run_program({programs() / "pg_basebackup",
               "--no-sync",
               "--checkpoint=fast",
               "--host=" + primary.socket_dir(),
               "--port=" + std::to_string(primary.port()),
               "--username=" + primary.user(),
               "--pgdata=" + data.string()},
              folder_ / "initdb.log");
  write_file(data / "standby.signal", "", 0600);
  options_.settings.push_back("primary_conninfo = 'host=" + primary.socket_dir() + " port=" +
                              std::to_string(primary.port()) + " user=" + primary.user() + "'");
}

void PostgresServer::create() {
  const auto data = folder_ / "data";
  run_program({programs() / "initdb",
               "--no-sync",
               "--auth=trust",
               "--username=postgres",
               "--locale=C.UTF-8",
               "--encoding=UTF8",
               "--pgdata=" + data.string()},
              folder_ / "initdb.log");
}

void PostgresServer::initialise() {
  if (options_.standby_of != nullptr) {
    copy_from(*options_.standby_of);
  } else {
    create();
  }
  const auto data = folder_ / "data";
  write_file(data / "pg_hba.conf",
             "local all all trust\n"
             "local replication all trust\n"
             "host all all 127.0.0.1/32 " +
                 options_.tcp_auth + "\n",
             0600);
  std::string settings =
      "fsync = off\n"
      "full_page_writes = off\n"
      "shared_buffers = 16MB\n"
      "max_connections = 40\n"
      "listen_addresses = '" +
      std::string(options_.tcp ? "127.0.0.1" : "") + "'\nport = " + std::to_string(port_) +
      "\nunix_socket_directories = '" + folder_.string() + "'\n";
  for (const auto& setting : options_.settings) {
    settings += setting + "\n";
  }
  write_file(data / "postgresql.auto.conf", settings, 0600);
}

void PostgresServer::start() {
  process_ = start_program({programs() / "postgres", "-D", (folder_ / "data").string()},
                           folder_ / "server.log");
  wait_until_ready();
}

void PostgresServer::wait_until_ready() {
  const auto port = std::to_string(port_);
  const std::array<const char*, 4> names = {"host", "port", "dbname", nullptr};
  const std::array<const char*, 4> values = {folder_.c_str(), port.c_str(), "postgres", nullptr};
  const auto patience = std::chrono::steady_clock::now() + 30s;
  while (PQpingParams(names.data(), values.data(), 0) != PQPING_OK) {
    if (has_ended(process_)) {
      process_ = -1;
    }
    if (process_ < 0 || std::chrono::steady_clock::now() > patience) {
      throw std::runtime_error("PostgreSQL does not start:\n" + end_of(folder_ / "server.log"));
    }
    std::this_thread::sleep_for(5ms);
  }
}

namespace {

int signal_for(PostgresServer::Stop mode) {
  switch (mode) {
    case PostgresServer::Stop::fast:
      return SIGINT;
    case PostgresServer::Stop::immediate:
      return SIGQUIT;
    case PostgresServer::Stop::killed:
      return SIGKILL;
  }
  return SIGKILL;
}

std::vector<pid_t> children_of(pid_t process) {
  const auto id = std::to_string(process);
  std::ifstream in("/proc/" + id + "/task/" + id + "/children");
  return {std::istream_iterator<pid_t>(in), {}};
}

}  // namespace

void PostgresServer::stop(Stop mode) {
  if (process_ > 0) {
    const auto children = mode == Stop::killed ? children_of(process_) : std::vector<pid_t>();
    stop_program(process_, signal_for(mode));
    process_ = -1;
    // Two servers at work in one folder would ruin it.
    for (const auto child : children) {
      const auto patience = std::chrono::steady_clock::now() + 10s;
      while (::kill(child, 0) == 0 && std::chrono::steady_clock::now() < patience) {
        std::this_thread::sleep_for(2ms);
      }
    }
    // Whoever has its number later is none of ours.
    std::error_code ignored;
    std::filesystem::remove(folder_ / "data" / "postmaster.pid", ignored);
  }
}

void PostgresServer::restart(Stop mode) {
  stop(mode);
  start();
}

std::string PostgresServer::address(const std::string& database, const std::string& user) const {
  return "postgresql://" + user + "@/" + database + "?host=" + folder_.string() +
         "&port=" + std::to_string(port_);
}

std::string PostgresServer::tcp_address(const std::string& database,
                                        const std::string& user) const {
  return "postgresql://" + user + "@127.0.0.1:" + std::to_string(port_) + "/" + database +
         "?sslmode=disable";
}

std::string PostgresServer::create_database(const std::string& name) {
  static std::atomic<int> counter = 0;
  const auto database = name + "_" + std::to_string(++counter);
  run("CREATE DATABASE \"" + database + "\"");
  return database;
}

std::string PostgresServer::run(const std::string& sql, const std::string& database) {
  return PostgresSession(*this, database).run(sql);
}

struct PostgresSession::Connection {
  PGconn* pg;
};

PostgresSession::PostgresSession(const PostgresServer& server, const std::string& database)
    : connection_(new Connection{PQconnectdb(server.address(database).c_str())}) {
  if (PQstatus(connection_->pg) != CONNECTION_OK) {
    const std::string why = PQerrorMessage(connection_->pg);
    PQfinish(connection_->pg);
    throw std::runtime_error("cannot connect to the test server: " + why);
  }
  PQsetNoticeReceiver(
      connection_->pg, [](void*, const PGresult*) {}, nullptr);
}

PostgresSession::~PostgresSession() {
  PQfinish(connection_->pg);
}

std::string PostgresSession::run(const std::string& sql) {
  const std::unique_ptr<PGresult, void (*)(PGresult*)> result(PQexec(connection_->pg, sql.c_str()),
                                                              PQclear);
  const auto status = PQresultStatus(result.get());
  if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
    throw std::runtime_error(sql + "\n" + PQerrorMessage(connection_->pg));
  }
  const bool any = PQntuples(result.get()) > 0 && PQnfields(result.get()) > 0;
  return any ? PQgetvalue(result.get(), 0, 0) : "";
}

}  // namespace tidemark::test
