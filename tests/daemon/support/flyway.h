#pragma once

#include <string>

namespace tidemark::test {

// Flyway's table, and rows as Flyway writes them.
std::string create_flyway_ledger(const std::string& table = "flyway_schema_history");

struct FlywayRow {
  int rank = 1;
  std::string version = "1";  // empty: a repeatable
  std::string description = "users";
  std::string script = "V1__users.sql";
  std::string content;  // the checksum is computed from it
  std::string type = "SQL";
  bool success = true;
};
std::string insert_flyway_row(const FlywayRow& row,
                              const std::string& table = "flyway_schema_history");

// V1__users.sql and V2__orders.sql with these contents, as rows 1 and 2.
std::string insert_users_and_orders(const std::string& users, const std::string& orders);
// V147__hotfix_idx.sql, which is in nobody's repository, as row 3.
std::string insert_hotfix();

}  // namespace tidemark::test
