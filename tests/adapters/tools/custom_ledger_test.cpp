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
    "INSERT INTO changes VALUES ('002_b.sql', '\\x0102', '2026-04-18 12:00Z'),"
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
    CHECK(seen.rows[1].checksum == "sha256:0102");
    CHECK(seen.rows[1].at == parse_time("2026-04-18T12:00:00Z"));
    CHECK(seen.rows[1].token.empty() == (std::string(name) == "seen"));
  }
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
