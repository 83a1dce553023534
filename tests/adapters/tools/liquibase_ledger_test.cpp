#include <doctest/doctest.h>

#include "tests/adapters/tools/bench.h"

using namespace tidemark;
using namespace tidemark::test;

namespace {

using Ledger = Observation::Ledger;

std::string create_changelog(const std::string& table) {
  return "CREATE TABLE " + table +
         " (ID VARCHAR(255) NOT NULL, AUTHOR VARCHAR(255) NOT NULL, FILENAME VARCHAR(255) NOT "
         "NULL, DATEEXECUTED TIMESTAMP WITHOUT TIME ZONE NOT NULL, ORDEREXECUTED INTEGER NOT NULL, "
         "EXECTYPE VARCHAR(10) NOT NULL, MD5SUM VARCHAR(35), DESCRIPTION VARCHAR(255), COMMENTS "
         "VARCHAR(255), TAG VARCHAR(255), LIQUIBASE VARCHAR(20), CONTEXTS VARCHAR(255), LABELS "
         "VARCHAR(255), DEPLOYMENT_ID VARCHAR(10));";
}

std::string create_lock(const std::string& table) {
  return "CREATE TABLE " + table +
         " (ID INTEGER NOT NULL, LOCKED BOOLEAN NOT NULL, LOCKGRANTED TIMESTAMP WITHOUT TIME ZONE, "
         "LOCKEDBY VARCHAR(255), PRIMARY KEY (ID)); INSERT INTO " +
         table + " (ID, LOCKED) VALUES (1, FALSE);";
}

std::string ran(const std::string& table, const std::string& id, int order) {
  return "INSERT INTO " + table +
         " (ID, AUTHOR, FILENAME, DATEEXECUTED, ORDEREXECUTED, EXECTYPE, MD5SUM, DESCRIPTION) "
         "VALUES ('" +
         id + "', 'ana', 'db/a.sql', '2026-04-18 12:00:00.5', " + std::to_string(order) +
         ", 'EXECUTED', '9:0123456789abcdef0123456789abcdef', 'sql');";
}

}  // namespace

TEST_SUITE_BEGIN("on a server" * doctest::skip(!PostgresServer::available()));

TEST_CASE("a ledger of Liquibase is found and read in the order in which it ran") {
  Bench bench;
  bench.sql(create_changelog("databasechangelog") + create_lock("databasechangeloglock") +
            ran("databasechangelog", "two", 2) + ran("databasechangelog", "one", 1));
  const auto looked = bench.look();
  REQUIRE(looked.observation);
  CHECK(looked.shape.evidence == "the columns of Liquibase");
  const auto& seen = *looked.observation;
  CHECK(seen.ledger == Ledger::read);
  CHECK(seen.tool == "liquibase");
  CHECK(seen.table == "public.databasechangelog");
  REQUIRE(seen.rows.size() == 2);
  CHECK(seen.rows[0].key.value == "db/a.sql::one::ana");
  CHECK(seen.rows[0].at == *parse_time("2026-04-18T12:00:00.500Z"));
  CHECK(seen.rows[0].token == "2026-04-18 12:00:00.5 #1");
  CHECK(seen.rows[1].key.value == "db/a.sql::two::ana");
  CHECK(seen.at_work.empty());
  CHECK(bench.glance());
}

TEST_CASE("a table of Liquibase 2 in another schema is read, and one in upper case") {
  Bench bench;
  bench.sql(
      "CREATE SCHEMA ops; CREATE TABLE ops.log (id varchar(63) NOT NULL, author varchar(63) NOT "
      "NULL, filename varchar(200) NOT NULL, dateexecuted timestamp with time zone NOT NULL, "
      "orderexecuted int NOT NULL, exectype varchar(10) NOT NULL, md5sum varchar(35), description "
      "varchar(255), comments varchar(255), tag varchar(255), liquibase varchar(20), PRIMARY KEY "
      "(id, author, filename)); CREATE TABLE ops.loglock (id int PRIMARY KEY, locked boolean NOT "
      "NULL, lockgranted timestamp with time zone, lockedby varchar(255)); INSERT INTO ops.loglock "
      "VALUES (1, false);" +
      ran("ops.log", "one", 1) + ran("ops.log", "two", 2) +
      "UPDATE ops.log SET dateexecuted = '2012-11-07 15:03:00.25+02' WHERE id = 'one'; UPDATE "
      "ops.log SET dateexecuted = 'infinity' WHERE id = 'two';");
  const auto seen = bench.see();
  CHECK(seen.table == "ops.log");
  REQUIRE(seen.rows.size() == 2);
  CHECK(seen.rows[0].at == *parse_time("2012-11-07T13:03:00.250Z"));
  CHECK_FALSE(seen.rows[1].at);
  CHECK(seen.at_work.empty());
  bench.sql("UPDATE ops.loglock SET locked = true, lockedby = 'ci', lockgranted = now()");
  CHECK(bench.see().at_work.starts_with("ci since "));
  bench.sql("UPDATE ops.loglock SET lockgranted = now() - interval '2 hours'");
  CHECK(bench.see().at_work.empty());

  Bench upper;
  upper.sql(
      R"(CREATE TABLE "DATABASECHANGELOG" ("ID" varchar(255) NOT NULL, "AUTHOR" varchar(255) NOT NULL,
         "FILENAME" varchar(255) NOT NULL, "DATEEXECUTED" timestamp NOT NULL, "ORDEREXECUTED" int NOT NULL,
         "EXECTYPE" varchar(10) NOT NULL, "MD5SUM" varchar(35), "DESCRIPTION" varchar(255));
         CREATE TABLE "DATABASECHANGELOGLOCK" ("ID" int PRIMARY KEY, "LOCKED" boolean NOT NULL,
         "LOCKGRANTED" timestamp, "LOCKEDBY" varchar(255));
         INSERT INTO "DATABASECHANGELOG" VALUES ('1', 'ana', 'a.xml', 'infinity', 1, 'EXECUTED', NULL, NULL);
         INSERT INTO "DATABASECHANGELOGLOCK" VALUES (1, true, now() AT TIME ZONE current_setting('TimeZone'),
                                                     'host (10.0.0.1)');)");
  const auto looked = upper.look();
  REQUIRE(looked.observation);
  CHECK(looked.observation->at_work.starts_with("host (10.0.0.1) since "));
  upper.sql(R"(UPDATE "DATABASECHANGELOGLOCK" SET "LOCKED" = false)");
  const auto after = upper.see();
  REQUIRE(after.rows.size() == 1);
  CHECK_FALSE(after.rows[0].at);
  CHECK_FALSE(after.rows[0].checksum);
}

TEST_CASE("whoever holds Liquibase's lock is at work, until it is old") {
  Bench bench;
  bench.sql(create_changelog("databasechangelog") + create_lock("databasechangeloglock") +
            ran("databasechangelog", "one", 1));
  CHECK(bench.see().at_work.empty());
  bench.sql(
      "UPDATE databasechangeloglock SET locked = true, lockedby = 'ci-7 (10.0.0.7)', lockgranted = "
      "now() AT TIME ZONE (SELECT reset_val FROM pg_settings WHERE name = 'TimeZone')");
  CHECK_FALSE(bench.glance());
  CHECK(bench.see().at_work.starts_with("ci-7 (10.0.0.7) since "));
  bench.sql("UPDATE databasechangeloglock SET lockgranted = lockgranted - interval '2 hours'");
  const auto looked = bench.look();
  REQUIRE(looked.observation);
  CHECK(looked.observation->at_work.empty());
  CHECK(looked.observation->rows.size() == 1);
  CHECK(looked.shape.note.find("databasechangeloglock is locked by ci-7") != std::string::npos);
  bench.sql("UPDATE databasechangeloglock SET locked = true, lockgranted = NULL, lockedby = NULL");
  CHECK(bench.see().at_work == "somebody");
}

TEST_CASE("a rewritten checksum is the same run, a second run is another") {
  Bench bench;
  bench.sql(create_changelog("databasechangelog") + ran("databasechangelog", "one", 1));
  const auto before = bench.see().rows.at(0);
  bench.sql(
      "UPDATE databasechangelog SET md5sum = '8:0123456789abcdef0123456789abcdef', tag = 'x'");
  const auto rewritten = bench.see().rows.at(0);
  CHECK(rewritten.token == before.token);
  CHECK(rewritten.checksum != before.checksum);
  bench.sql(
      "UPDATE databasechangelog SET dateexecuted = dateexecuted + interval '1 day', "
      "orderexecuted = 2, exectype = 'RERAN'");
  CHECK(bench.see().rows.at(0).token != before.token);
}

TEST_SUITE_END();
