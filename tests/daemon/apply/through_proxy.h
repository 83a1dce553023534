#pragma once

#include <string>

#include "tests/daemon/apply/marks.h"
#include "tests/daemon/apply/proxy.h"

namespace tidemark::test {

// Marks in a database that is looked at directly and applied to through a proxy. The server has to
// listen on TCP.
class ThroughProxy : public Marks {
 public:
  explicit ThroughProxy(PostgresServer& server) : Marks(server), proxy(server.port()) {
    configure("      - name: dev\n        database: " + server.address(database()) +
              "\n        direct: postgresql://postgres@127.0.0.1:" + std::to_string(proxy.port()) +
              "/" + database() + "?sslmode=disable\n");
  }

  Proxy proxy;
};

}  // namespace tidemark::test
