#include "adapters/tools/row_versions.h"

#include <doctest/doctest.h>

#include <string>

#include "adapters/tools/custom.h"
#include "tests/adapters/tools/bench.h"

using namespace tidemark;
using namespace tidemark::test;

namespace {

// A ledger with 200 rows; the key of row n is "k" and n.
struct Large {
  std::string tool;
  std::string table;
  std::string key;
  std::string ddl;
  std::string row;  // of n
};

const std::string prisma_columns =
    "id varchar(36) PRIMARY KEY, checksum varchar(64) NOT NULL, finished_at timestamptz, "
    "migration_name varchar(255) NOT NULL, logs text, rolled_back_at timestamptz, "
    "started_at timestamptz NOT NULL DEFAULT now(), applied_steps_count int NOT NULL DEFAULT 0";
const std::string sqitch_columns =
    "change text NOT NULL DEFAULT 'c', project text NOT NULL DEFAULT 'p', "
    "note text NOT NULL DEFAULT '', committed_at timestamptz NOT NULL DEFAULT now(), "
    "committer_name text NOT NULL DEFAULT 'Ana', committer_email text NOT NULL DEFAULT '', "
    "planned_at timestamptz NOT NULL DEFAULT now(), planner_name text NOT NULL DEFAULT 'Ana', "
    "planner_email text NOT NULL DEFAULT ''";

const Large prisma{"prisma",
                   "_prisma_migrations",
                   "id",
                   "CREATE TABLE _prisma_migrations (" + prisma_columns + ");",
                   "'k' || n, 'sum', now(), n || '_step'"};

const Large ledgers[]{
    prisma,
    {"liquibase",
     "databasechangelog",
     "id",
     "CREATE TABLE databasechangelog (id varchar(255) NOT NULL, author varchar(255) NOT NULL, "
     "filename varchar(255) NOT NULL, dateexecuted timestamp NOT NULL, orderexecuted int NOT NULL, "
     "exectype varchar(10) NOT NULL, md5sum varchar(35), description varchar(255));",
     "'k' || n, 'ana', 'a.sql', now(), n, 'EXECUTED'"},
    {"sequelize",
     "\"SequelizeMeta\"",
     "name",
     "CREATE TABLE \"SequelizeMeta\" (name varchar(255) PRIMARY KEY);",
     "'k' || n"},
    {"sqitch",
     "sqitch.changes",
     "change_id",
     "CREATE SCHEMA sqitch; CREATE TABLE sqitch.changes (change_id text PRIMARY KEY, script_hash "
     "text, " +
         sqitch_columns +
         "); CREATE TABLE sqitch.events (event text NOT NULL, change_id text NOT NULL, " +
         sqitch_columns + ");",
     "'k' || n, 'hash' || n"},
    {"custom", "changes", "name", "CREATE TABLE changes (name text PRIMARY KEY);", "'k' || n"}};

LedgerSetting setting_of(const Large& ledger) {
  if (ledger.tool != "custom") {
    return {find_tool(ledger.tool)};
  }
  CustomColumns columns;
  columns.key = "name";
  auto custom = custom_ledger(columns);
  return {custom.get(), TableName{"public", "changes"}, false, custom};
}

std::string insert(const Large& ledger, int first, int last) {
  return "INSERT INTO " + ledger.table + " SELECT " + ledger.row + " FROM generate_series(" +
         std::to_string(first) + ", " + std::to_string(last) + ") AS n;";
}

// A server that counts no changes: so it is not by its counters that one shows.
void make(Bench& bench, const Large& ledger) {
  bench.sql("ALTER DATABASE " + bench.database() + " SET track_counts = off");
  bench.sql(ledger.ddl + insert(ledger, 1, 200));
}

std::size_t look_until_known(Bench& bench) {
  bench.see();
  const auto rows = bench.see().rows.size();  // how to glance is known from the second look on
  CHECK(bench.glance());
  return rows;
}

}  // namespace

TEST_SUITE_BEGIN("on a server" * doctest::skip(!PostgresServer::available()));

TEST_CASE(
    "of a large ledger whose newest rows no index knows, any row that changes shows at the next "
    "poll") {
  for (const auto& ledger : ledgers) {
    CAPTURE(ledger.tool);
    Bench bench;
    make(bench, ledger);
    bench.observe(setting_of(ledger));
    CHECK(look_until_known(bench) == 200);
    bench.sql(insert(ledger, 201, 201));
    CHECK_FALSE(bench.glance());
    CHECK(look_until_known(bench) == 201);
    bench.sql("UPDATE " + ledger.table + " SET " + ledger.key + " = 'other' WHERE " + ledger.key +
              " = 'k77'");
    CHECK_FALSE(bench.glance());
    CHECK(look_until_known(bench) == 201);
    bench.sql("DELETE FROM " + ledger.table + " WHERE " + ledger.key + " = 'k3'");
    CHECK_FALSE(bench.glance());
    CHECK(look_until_known(bench) == 200);
    bench.sql("BEGIN; DELETE FROM " + ledger.table + " WHERE " + ledger.key + " = 'k4';" +
              insert(ledger, 4, 4) + "COMMIT");
    CHECK_FALSE(bench.glance());
    CHECK(look_until_known(bench) == 200);
    bench.sql("VACUUM (FREEZE) " + ledger.table);
    CHECK(bench.glance());
  }
}

TEST_CASE("what happened to a change in a large registry of Sqitch shows though none is deployed") {
  Bench bench;
  make(bench, ledgers[3]);
  look_until_known(bench);
  bench.sql("INSERT INTO sqitch.events (event, change_id) VALUES ('fail', 'k201')");
  CHECK_FALSE(bench.glance());
  CHECK(look_until_known(bench) == 201);
  bench.sql("UPDATE sqitch.events SET committed_at = 'infinity'");
  CHECK_FALSE(bench.glance());
}

TEST_CASE("a large ledger of which single columns are granted is read at each look") {
  Bench bench("single_columns");
  bench.sql(prisma.ddl + insert(prisma, 1, 200) +
            "GRANT SELECT (id, checksum, finished_at, migration_name, logs, rolled_back_at, "
            "started_at) ON _prisma_migrations TO single_columns");
  CHECK(look_until_known(bench) == 200);
  bench.sql(insert(prisma, 201, 201));
  CHECK_FALSE(bench.glance());
  CHECK(look_until_known(bench) == 201);
}

TEST_SUITE_END();
