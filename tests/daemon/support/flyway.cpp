#include "tests/daemon/support/flyway.h"

#include <zlib.h>

#include <cstdint>

namespace tidemark::test {

std::string create_flyway_ledger(const std::string& table) {
  return "CREATE TABLE " + table + R"sql( (
    installed_rank integer NOT NULL PRIMARY KEY,
    version        character varying(50),
    description    character varying(200) NOT NULL,
    type           character varying(20) NOT NULL,
    script         character varying(1000) NOT NULL,
    checksum       integer,
    installed_by   character varying(100) NOT NULL,
    installed_on   timestamp without time zone NOT NULL DEFAULT now(),
    execution_time integer NOT NULL,
    success        boolean NOT NULL
  ))sql";
}

namespace {

// Independent of the product's: CRC-32 over the lines without their ends, signed. For contents
// without CR and BOM.
std::int32_t checksum(const std::string& content) {
  uLong crc = crc32(0, nullptr, 0);
  std::string line;
  for (const char c : content + "\n") {
    if (c != '\n') {
      line += c;
      continue;
    }
    crc = crc32(crc, reinterpret_cast<const Bytef*>(line.data()), static_cast<uInt>(line.size()));
    line.clear();
  }
  return static_cast<std::int32_t>(static_cast<std::uint32_t>(crc));
}

}  // namespace

std::string insert_flyway_row(const FlywayRow& row, const std::string& table) {
  const std::string version = row.version.empty() ? "NULL" : "'" + row.version + "'";
  return "INSERT INTO " + table + " VALUES (" + std::to_string(row.rank) + ", " + version + ", '" +
         row.description + "', '" + row.type + "', '" + row.script + "', " +
         std::to_string(checksum(row.content)) + ", 'flyway', now(), 12, " +
         (row.success ? "true" : "false") + ")";
}

std::string insert_users_and_orders(const std::string& users, const std::string& orders) {
  return insert_flyway_row({.rank = 1, .content = users}) + ";" +
         insert_flyway_row({.rank = 2,
                            .version = "2",
                            .description = "orders",
                            .script = "V2__orders.sql",
                            .content = orders});
}

std::string insert_hotfix() {
  return insert_flyway_row({.rank = 3,
                            .version = "147",
                            .description = "hotfix idx",
                            .script = "V147__hotfix_idx.sql",
                            .content = "x"});
}

}  // namespace tidemark::test
