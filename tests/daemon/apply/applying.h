#pragma once

#include <string>
#include <vector>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "tests/daemon/support/rig.h"
#include "tests/support/postgres_server.h"

namespace tidemark::test {

// A managed environment shop/dev on a database of its own, and migrations of our own layout.
class Applying : public Rig {
 public:
  // `keys` are further lines of the environment: "        lock_retries: 1\n".
  explicit Applying(const std::string& keys = "",
                    PostgresServer& server = PostgresServer::shared());

  PostgresServer& server() { return server_; }
  const std::string& database() const { return database_; }
  std::string sql(const std::string& statement) { return server_.run(statement, database_); }
  bool exists(const std::string& relation) {
    return sql("SELECT to_regclass('" + relation + "') IS NOT NULL") == "t";
  }

  // Starts, and waits until the database was looked at; `wrapper` as for start().
  void begin(const std::vector<std::string>& wrapper = {});
  // Adds a migration and waits until it is known.
  void migration(const std::string& id, const std::string& content);

  // The lines that an apply told, of which the last one is "finished".
  struct Told {
    int status = 0;
    std::vector<boost::json::object> lines;
    std::string problem;  // its detail, where it was refused
    std::string outcome() const;
    std::string message() const;
    // Those of one type.
    std::vector<boost::json::object> of(const std::string& type) const;
  };
  Told post(const std::string& command, const std::string& body = "{}");
  Told apply(const std::string& body = "{}") { return post("apply", body); }
  boost::json::object plan(const std::string& body = "{}");

  std::string cell_of(const std::string& id) { return cell("dev", id); }

 private:
  PostgresServer& server_;
  std::string database_;
};

}  // namespace tidemark::test
