#include "adapters/tools/custom.h"
#include "tests/adapters/tools/bench.h"

using namespace tidemark;
using namespace tidemark::test;

namespace {

LedgerSetting changes(const std::string& name, const std::string& checksum = "sha") {
  LedgerSetting setting;
  setting.custom = custom_ledger({.key = "name",
                                  .version = "",
                                  .checksum = checksum,
                                  .algorithm = "sha256",
                                  .applied_at = "ts",
                                  .applied_by = "",
                                  .success_column = "",
                                  .success_equals = ""});
  setting.tool = setting.custom.get();
  setting.table = TableName{"public", name};
  return setting;
}

const std::string ddl =
    "CREATE TABLE changes (name text PRIMARY KEY, sha bytea, ts timestamptz);"
    "INSERT INTO changes VALUES ('002_b.sql', sha256('b'), '2026-04-18 12:00Z'),"
    " ('001_a.sql', NULL, '2026-04-17 12:00Z'); CREATE VIEW seen AS SELECT * FROM changes;";

}  // namespace

TEST_CASE("a table of people's own is read by the columns that the config names") {
  Bench bench;
  bench.sql(ddl);
  for (const auto* name : {"changes", "seen"}) {
    CAPTURE(name);
    bench.observe(changes(name));
    const auto seen = bench.see();
    CHECK(seen.tool == "custom");
    CHECK(seen.table == "public." + std::string(name));
    REQUIRE(seen.rows.size() == 2);
    CHECK(seen.rows[0].key.value == "001_a.sql");
    CHECK(seen.rows[1].checksum == "sha256:" + sha256("b").hex());
    CHECK(seen.rows[1].at == parse_time("2026-04-18T12:00:00Z"));
    CHECK(seen.rows[1].token.empty() == (std::string(name) == "seen"));
  }
}

TEST_CASE("what PostgreSQL's types make of people's values is what their files have") {
  Bench bench;
  bench.sql(
      "CREATE DOMAIN step AS text; CREATE DOMAIN hash AS character varying(64);"
      "CREATE TABLE padded (name character(20), sha character(80), ts timestamp, ok boolean);"
      "INSERT INTO padded VALUES ('001_a.sql', md5('a'), '2026-04-17 12:00', true);"
      "CREATE TABLE own (name step, sha uuid, ts date, ok boolean);"
      "INSERT INTO own VALUES ('001_a.sql', md5('a')::uuid, '2026-04-17', true);"
      "CREATE TABLE texts (name varchar, sha hash, ts timestamptz, ok character(9));"
      "INSERT INTO texts VALUES ('001_a.sql', upper(md5('a')), '2026-04-17 12:00Z', 'true');");
  for (const auto* name : {"padded", "own", "texts"}) {
    CAPTURE(name);
    LedgerSetting setting;
    setting.custom = custom_ledger({.key = "name",
                                    .version = "",
                                    .checksum = "sha",
                                    .algorithm = "md5",
                                    .applied_at = "ts",
                                    .applied_by = "",
                                    .success_column = "ok",
                                    .success_equals = "true"});
    setting.tool = setting.custom.get();
    setting.table = TableName{"public", name};
    bench.observe(setting);
    const auto seen = bench.see();
    REQUIRE(seen.rows.size() == 1);
    CHECK(seen.rows[0].key.value == "001_a.sql");
    CHECK(seen.rows[0].checksum == custom_checksums("md5", "a")[0]);
    CHECK(seen.rows[0].state == Row::State::applied);
    CHECK(seen.rows[0].at);
  }
}

TEST_CASE("checksums of another algorithm than the config says are told at the first look") {
  Bench bench;
  bench.sql(ddl + "UPDATE changes SET sha = decode(md5('a'), 'hex')");
  bench.observe(changes("changes"));
  const auto seen = bench.see();
  CHECK(seen.ledger == Observation::Ledger::unreadable);
  CHECK(seen.trouble ==
        "by the config column sha has the sha256 of a file, of 64 digits, and no row has one: 32 "
        "digits are the most, as of md5");
  bench.sql("UPDATE changes SET sha = sha256('a')");
  CHECK(bench.see().ledger == Observation::Ledger::read);
}

TEST_CASE("a table of people's own that has not these columns is told at the first look") {
  Bench bench;
  bench.sql(ddl);
  bench.observe(changes("changes", "hash"));
  const auto seen = bench.see();
  CHECK(seen.ledger == Observation::Ledger::unreadable);
  CHECK(seen.trouble ==
        "their_ledger names public.changes, which has no column hash, which checksum names");
}
