#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <sys/types.h>

#include "tests/support/postgres_process.h"

namespace tidemark::test {

// A real PostgreSQL in a folder of its own, gone with the object, and with the process whatever
// ends that. Trusts everybody on its Unix socket.
//
//   if (!PostgresServer::available()) {
//     return;
//   }
//   auto& server = PostgresServer::shared();
//   const auto shop = server.create_database("shop");
//   server.run("CREATE TABLE t (id int)", shop);
//   const auto target = parse_target(server.address(shop));
class PostgresServer {
 public:
  struct Options {
    bool tcp = false;                            // listen on 127.0.0.1 too, on a free port
    std::string tcp_auth = "trust";              // as in pg_hba.conf: scram-sha-256, reject, …
    std::vector<std::string> settings{};         // "ssl=on"
    const PostgresServer* standby_of = nullptr;  // follows it, until SELECT pg_promote()
  };
  // immediate is a crash: the next start recovers. killed is one of the postmaster alone, after
  // which its children find out by themselves.
  enum class Stop { fast, immediate, killed };

  // Whether PostgreSQL is installed here. When not, says on stdout that tests are skipped.
  static bool available();

  // One for the whole test program, with the default options, started at first use.
  static PostgresServer& shared();

  PostgresServer();
  explicit PostgresServer(Options options);
  ~PostgresServer();
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;

  std::string socket_dir() const { return folder_.string(); }
  int port() const { return port_; }
  std::string user() const { return "postgres"; }  // superuser, without a password
  const std::filesystem::path& folder() const { return folder_; }

  // postgresql:// over the Unix socket; over TCP without TLS.
  std::string address(const std::string& database, const std::string& user = "postgres") const;
  std::string tcp_address(const std::string& database, const std::string& user = "postgres") const;

  // Returns its name, which no other call returned: shop_1.
  std::string create_database(const std::string& name);

  // Runs SQL as superuser and returns the last statement's first value, "" for none or NULL.
  // Throws std::runtime_error with the SQL and the server's words.
  std::string run(const std::string& sql, const std::string& database = "postgres");

  void stop(Stop mode = Stop::fast);
  void start();
  void restart(Stop mode = Stop::fast);

 private:
  void initialise();
  void create();
  void copy_from(const PostgresServer& primary);
  void wait_until_ready();

  Options options_;
  std::filesystem::path folder_;
  FolderKeeper keeper_;
  int port_;
  pid_t process_ = -1;
};

// A session of a superuser that stays open: to hold a lock, or a transaction.
class PostgresSession {
 public:
  PostgresSession(const PostgresServer& server, const std::string& database);
  ~PostgresSession();
  PostgresSession(const PostgresSession&) = delete;
  PostgresSession& operator=(const PostgresSession&) = delete;

  std::string run(const std::string& sql);

 private:
  struct Connection;
  std::unique_ptr<Connection> connection_;
};

}  // namespace tidemark::test
