#pragma once

#include <string>

#include <sys/types.h>

#include "tests/support/postgres_server.h"

namespace tidemark::test {

// A real PgBouncer in transaction mode before a server, with one server connection for each
// database, so that all clients share it. Listens on a Unix socket in the server's folder.
class PgBouncer {
 public:
  static bool available();

  // Another port than the server's is one where nobody listens.
  explicit PgBouncer(const PostgresServer& server) : PgBouncer(server, server.port()) {}
  PgBouncer(const PostgresServer& server, int server_port)
      : PgBouncer(server, server_port, "transaction", 1) {}
  // Another mode, with so many server connections for each database.
  PgBouncer(const PostgresServer& server, int server_port, const std::string& mode, int pool_size);
  ~PgBouncer();
  PgBouncer(const PgBouncer&) = delete;
  PgBouncer& operator=(const PgBouncer&) = delete;

  std::string address(const std::string& database) const;

 private:
  std::string folder_;
  pid_t process_ = -1;
};

}  // namespace tidemark::test
