#pragma once

#include <functional>
#include <string>

#include "tests/daemon/support/flyway.h"
#include "tests/daemon/support/rig.h"
#include "tests/support/postgres_server.h"

namespace tidemark::test {

// A shop with Flyway's ledger of V1 and V2 on a server, V3 still to come, looked at so often that
// whatever is done to the server falls anywhere between polls or into one.
class ChaosShop : public Rig {
 public:
  // A role that can log in and read the ledger, and no more, is made for the daemon.
  explicit ChaosShop(PostgresServer& server);

  // As YAML, for configure(): `keys` are further keys of the environment.
  std::string environment(const std::string& name,
                          const std::string& address,
                          const std::string& keys = "") const;
  // Another address than the server's own; before the start.
  void watch_at(const std::string& address) { address_ = address; }
  // `more` are further environments. Where the ledger cannot be read, without a look that succeeds.
  void start_unread(const std::string& keys = "", const std::string& more = "");
  void start_and_look(const std::string& keys = "", const std::string& more = "");

  std::string sql(const std::string& statement) { return server().run(statement, database()); }
  PostgresServer& server() { return server_; }
  const std::string& database() const { return database_; }
  const std::string& role() const { return role_; }

  int failures(const std::string& environment);
  // Whether it succeeds this many times from now on.
  bool looks(const std::string& environment, int times = 3);
  bool reachable() { return status("staging").at("reachable").as_bool(); }
  std::string problem();  // why the last look failed

  // All that is said of the environment, but for when it was last looked at.
  std::string known();

  // The daemon that was started is still the one that runs, nothing in it failed, and it says what
  // it said first, with nothing ever found.
  void check_as_before();
  void check_never_failed();
  int found(bool all = true);  // findings; those that are open, or all that ever were

  const std::string users = "CREATE TABLE users (id int);\n";
  const std::string orders = "CREATE TABLE orders (id int);\n";

 private:
  PostgresServer& server_;
  std::string database_;
  std::string role_;
  std::string address_;
  std::string before_;
  pid_t started_ = -1;
};

// While this lives, a look at the ledger is under way and cannot go on: it waits for a lock that we
// hold. The server gives it up after half a second, and the next one comes.
class LookUnderWay {
 public:
  explicit LookUnderWay(ChaosShop& shop) : LookUnderWay(shop, shop.server()) {}
  // On a standby of the shop's server.
  LookUnderWay(ChaosShop& shop, PostgresServer& looked_at);
  // Done in the transaction that is in the way, and seen when that ends.
  void run(const std::string& sql) { holder_.run(sql); }
  void let_go() { holder_.run("COMMIT"); }

 private:
  PostgresSession holder_;
};

// Does it between looks, wherever that falls, and in the middle of one.
void anywhere(ChaosShop& shop, int times, const std::function<void()>& event);

}  // namespace tidemark::test
