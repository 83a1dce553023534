#include <string>

#include "adapters/tools/tool.h"
#include "tests/adapters/tools/bench.h"

using namespace tidemark;
using namespace tidemark::test;

namespace {

// As Rails 5 and newer make them.
const std::string rails_5 = R"(
  CREATE TABLE "schema_migrations" ("version" character varying NOT NULL PRIMARY KEY);
  CREATE TABLE "ar_internal_metadata" ("key" character varying NOT NULL PRIMARY KEY,
    "value" character varying, "created_at" timestamp(6) NOT NULL,
    "updated_at" timestamp(6) NOT NULL);
  INSERT INTO "ar_internal_metadata" VALUES ('environment', 'production', now(), now());
)";

std::string version(const std::string& number) {
  return "INSERT INTO schema_migrations VALUES ('" + number + "');";
}

std::vector<std::string> keys(const Observation& seen) {
  std::vector<std::string> all;
  for (const auto& row : seen.rows) {
    all.push_back(row.key.value);
  }
  return all;
}

using Keys = std::vector<std::string>;

}  // namespace

TEST_SUITE_BEGIN("Rails on a server" * doctest::skip(!PostgresServer::available()));

TEST_CASE("Rails 5 and newer: the ledger is found beside its metadata and read") {
  Bench bench;
  bench.sql(rails_5 + version("20260101000000") + version("002") + version("10"));
  const auto seen = bench.see();
  CHECK(seen.ledger == Observation::Ledger::read);
  CHECK(seen.tool == "rails");
  CHECK(seen.table == "public.schema_migrations");
  CHECK(seen.trouble.empty());
  CHECK(keys(seen) == Keys{"2", "10", "20260101000000"});
  CHECK(bench.look().shape.evidence ==
        "a version alone, beside ar_internal_metadata: Rails 5 and newer");
}

TEST_CASE("Rails 4.2 and before: an index instead of a primary key") {
  for (const std::string type : {"character varying", "character varying(255)"}) {
    CAPTURE(type);
    Bench bench;
    bench.sql("CREATE TABLE schema_migrations (version " + type + " NOT NULL);" +
              "CREATE UNIQUE INDEX unique_schema_migrations ON schema_migrations (version);" +
              version("1"));
    const auto seen = bench.see();
    CHECK(seen.tool == "rails");
    CHECK(keys(seen) == Keys{"1"});
  }
}

TEST_CASE("Rails: with a prefix, in another schema") {
  Bench bench;
  bench.sql("CREATE SCHEMA shop; SET search_path = shop;" + rails_5 + version("1") +
            "ALTER TABLE schema_migrations RENAME TO eu_schema_migrations_x;"
            "ALTER TABLE ar_internal_metadata RENAME TO eu_ar_internal_metadata_x;");
  const auto seen = bench.see();
  CHECK(seen.tool == "rails");
  CHECK(seen.table == "shop.eu_schema_migrations_x");
  CHECK(keys(seen) == Keys{"1"});
}

TEST_CASE("Rails: nothing applied yet is an empty ledger") {
  Bench bench;
  bench.sql(rails_5);
  const auto seen = bench.see();
  CHECK(seen.ledger == Observation::Ledger::read);
  CHECK(seen.rows.empty());
}

TEST_CASE("Rails: a row that is written again is another one, a row that is read again is not") {
  Bench bench;
  bench.sql(rails_5 + version("1") + version("2"));
  const auto before = bench.see();
  CHECK_FALSE(before.rows.at(0).token.empty());
  CHECK(bench.see().rows == before.rows);
  bench.sql("DELETE FROM schema_migrations WHERE version = '2';");
  bench.sql(version("2"));
  const auto after = bench.see();
  CHECK(after.rows.at(0).token == before.rows.at(0).token);
  CHECK(after.rows.at(1).token != before.rows.at(1).token);
}

TEST_CASE("Rails: a view that is named in the config is read without what views do not have") {
  Bench bench;
  bench.sql(rails_5 + version("1") + "CREATE VIEW ledger AS SELECT version FROM schema_migrations");
  bench.observe({find_tool("rails"), TableName{"public", "ledger"}});
  const auto seen = bench.see();
  CHECK(seen.ledger == Observation::Ledger::read);
  CHECK(keys(seen) == Keys{"1"});
  CHECK(bench.see().rows == seen.rows);
}

TEST_CASE("Rails: a partitioned copy is read like a table") {
  Bench bench;
  bench.sql(
      "CREATE TABLE schema_migrations (version character varying NOT NULL PRIMARY KEY)"
      " PARTITION BY HASH (version);"
      "CREATE TABLE part PARTITION OF schema_migrations FOR VALUES WITH (MODULUS 1, REMAINDER 0);" +
      version("1"));
  bench.observe({find_tool("rails")});  // without its companion it could be dbmate's
  CHECK(keys(bench.see()) == Keys{"1"});
}

TEST_CASE("Rails: of a large ledger the end shows what is new") {
  Bench bench;
  bench.sql(rails_5 +
            "INSERT INTO schema_migrations SELECT (20250101000000 + n)::text"
            " FROM generate_series(1, 200) AS n");
  bench.see();
  CHECK(bench.see().rows.size() == 200);
  CHECK(bench.glance());
  bench.sql(version("20260101000000"));
  CHECK_FALSE(bench.glance());
  CHECK(bench.see().rows.size() == 201);
}

TEST_CASE("Rails: whoever holds its lock is at work") {
  Bench bench;
  bench.sql(rails_5 + version("1"));
  PostgresSession session(PostgresServer::shared(), bench.database());
  const auto salt = find_tool("rails")->advisory_locks({}, bench.database()).front();
  session.run("SELECT pg_advisory_lock(" + std::to_string(salt) + ")");
  CHECK(bench.see().at_work.starts_with("pid "));
  session.run("SELECT pg_advisory_unlock(" + std::to_string(salt) + ")");
  CHECK(bench.see().at_work.empty());
}

TEST_SUITE_END();
