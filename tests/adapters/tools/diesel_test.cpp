#include <doctest/doctest.h>

#include <algorithm>

#include <rapidcheck.h>

#include "tests/adapters/tools/polled.h"
#include "tests/adapters/tools/relations.h"
#include "tests/adapters/tools/statements.h"

using namespace tidemark;
using namespace tidemark::test;

namespace {

using Role = FileEntry::Role;

const Tool& tool() {
  return *find_tool("diesel");
}

std::optional<FileEntry> entry(std::string_view path) {
  const auto entries = tool().entries(path, "SELECT 1;\n");
  return entries.empty() || entries.front().role == Role::part ? std::nullopt
                                                               : std::optional(entries.front());
}

std::string key(std::string_view path) {
  const auto found = entry(path);
  return found ? found->key.value : "(none)";
}

Relation ledger() {
  return table("public",
               "__diesel_schema_migrations",
               {"version character varying(50)!", "run_on timestamp without time zone!"},
               {"version"});
}

const std::string setup = "00000000000000_diesel_initial_setup";
const Files three{{setup + "/up.sql", "CREATE FUNCTION a();\n"},
                  {setup + "/down.sql", "DROP FUNCTION a();\n"},
                  {"2026-01-01-000000_users/up.sql", "CREATE TABLE users ();\n"},
                  {"2026-01-01-000000_users/down.sql", "DROP TABLE users;\n"},
                  {"2026-01-02-000000_orders/up.sql", "CREATE TABLE orders ();\n"}};

std::vector<Row> applied(const Strings& versions) {
  std::vector<Values> values;
  for (const auto& version : versions) {
    values.push_back({version, std::to_string(1776513600000 + 1000 * values.size())});
  }
  return rows_of(tool(), std::move(values));
}

// Whether the migration in the folder with this metadata.toml runs in no transaction.
bool outside(const std::string& toml) {
  const auto catalog = catalog_of(tool(), {{"1_a/up.sql", ""}, {"1_a/metadata.toml", toml}});
  CHECK(problems_of(catalog).empty());
  return catalog.migrations.front().outside_transaction;
}

}  // namespace

TEST_CASE("a Diesel migration is a folder with an up.sql, and its version has no dashes") {
  const auto up = entry("migrations/2026-01-01-000000_add_users/up.sql");
  REQUIRE(up);
  CHECK(up->role == Role::versioned);
  CHECK(up->key.value == "20260101000000");
  CHECK(up->id.value == "2026-01-01-000000_add_users");
  CHECK(up->version_text == "20260101000000");
  CHECK(up->description == "add users");
  CHECK_FALSE(up->checksums.complete);
  const auto down = entry("migrations/2026-01-01-000000_add_users/down.sql");
  REQUIRE(down);
  CHECK(down->role == Role::rollback);
  CHECK(down->key == up->key);
  CHECK(key(setup + "/up.sql") == "00000000000000");
  CHECK(key("20151219180527_create_users/up.sql") == "20151219180527");
  CHECK(key("2026-01-01-000000/up.sql") == "20260101000000");
  CHECK(entry("2026-01-01-000000/up.sql")->description.empty());
  CHECK(key("initial/up.sql") == "initial");
  CHECK(key("00_a-b/up.sql") == "00");
}

TEST_CASE("what is none of Diesel's is not taken for one") {
  for (const std::string path : {"up.sql",
                                 "2026-01-01-000000_users.sql",
                                 "2026-01-01-000000_users/UP.SQL",
                                 "2026-01-01-000000_users/up.sql~",
                                 "2026-01-01-000000_users/migration.sql",
                                 ".2026-01-01-000000_users/up.sql",
                                 "_users/up.sql",
                                 "-/up.sql"}) {
    CAPTURE(path);
    CHECK(key(path) == "(none)");
  }
}

TEST_CASE("Diesel's catalog is in the order of versions as text, and pairs up with down") {
  const auto catalog = catalog_of(tool(), three);
  CHECK(keys_of(catalog) == Strings{"00000000000000", "20260101000000", "20260102000000"});
  CHECK(catalog.migrations[0].rollback);
  CHECK(catalog.migrations[1].rollback);
  CHECK_FALSE(catalog.migrations[2].rollback);
  CHECK(problems_of(catalog).empty());
  CHECK(keys_of(catalog_of(tool(), alike({"2_b/up.sql", "10_c/up.sql", "1_a/up.sql"}))) ==
        Strings{"1", "10", "2"});
}

TEST_CASE("what lies in folders below Diesel's is none of its") {
  CHECK(keys_of(catalog_of(tool(),
                           {{"2026/notes.md", ""},
                            {"2026/migrations/1_a/up.sql", ""},
                            {"2026/migrations/1_a/old/up.sql", ""},
                            {"2026/migrations/2_b/up.sql", ""}})) == Strings{"1", "2"});
}

TEST_CASE("an up.sql that lies elsewhere is none of Diesel's, and hides none of its") {
  const Files real{{"db/migrations/2026-01-01-000000_a/up.sql", ""},
                   {"db/migrations/initial/up.sql", ""}};
  for (const std::string stray : {"db/up.sql", "fixtures/legacy/up.sql", "db/legacy/up.sql"}) {
    CAPTURE(stray);
    auto files = real;
    files[stray] = "";
    const auto catalog = catalog_of(tool(), files);
    CHECK(keys_of(catalog) == Strings{"20260101000000", "initial"});
    CHECK(problems_of(catalog).empty());
  }
  CHECK(keys_of(catalog_of(tool(), alike({"a/up.sql", "m/b/up.sql"}))) == Strings{"a", "b"});
}

TEST_CASE("folders with one version, dashes or not, are one migration of Diesel's and a problem") {
  CHECK(problems_of(
            catalog_of(tool(), alike({"2026-01-01-000000_a/up.sql", "20260101000000_b/up.sql"}))) ==
        Strings{"20260101000000_b/up.sql is the same migration as 2026-01-01-000000_a/up.sql"});
  CHECK(keys_of(catalog_of(tool(), alike({"1_a/up.sql", "01_b/up.sql"}))) == Strings{"01", "1"});
}

TEST_CASE("a folder without an up.sql, for which Diesel refuses to run, is a problem") {
  auto files = three;
  files["2026-01-03-000000_tax/metadata.toml"] = "run_in_transaction = true\n";
  files["2026-01-03-000000_tax/notes.md"] = "";
  CHECK(problems_of(catalog_of(tool(), files)) ==
        Strings{"2026-01-03-000000_tax/metadata.toml lies in a folder without an up.sql, for "
                "which Diesel refuses to run"});
  CHECK(problems_of(catalog_of(tool(), {{"1_a/up.sql", ""}, {"2_b/down.sql", ""}})) ==
        Strings{"2_b/down.sql rolls back a migration that is not here"});
  CHECK(problems_of(catalog_of(tool(), {{"m/1_a/up.sql", ""}, {"1_other/a.txt", ""}})).empty());
}

TEST_CASE("a metadata.toml says whether Diesel runs a migration in a transaction") {
  CHECK(outside("run_in_transaction = false\n"));
  CHECK(outside("# why\r\nname = \"x\"\r\nrun_in_transaction=false # yes\r\n[more]\r\n"));
  CHECK_FALSE(outside("run_in_transaction = true\n"));
  CHECK_FALSE(outside("run_in_transaction = \"false\"\n"));  // Diesel takes such a file for none
  // One that does not say is as one that says no.
  CHECK(outside(""));
  CHECK(outside("[more]\nrun_in_transaction = true\n"));
  CHECK_FALSE(catalog_of(tool(), three).migrations.front().outside_transaction);
  const auto two = catalog_of(tool(),
                              {{"1_a/up.sql", ""},
                               {"2_b/up.sql", ""},
                               {"2_b/metadata.toml", "run_in_transaction = false\n"}});
  CHECK_FALSE(two.migrations.front().outside_transaction);
  CHECK(catalog_of(
            tool(),
            {{"initial/up.sql", ""}, {"initial/metadata.toml", "run_in_transaction = false\n"}})
            .migrations.front()
            .outside_transaction);
  CHECK(two.migrations.back().outside_transaction);
}

TEST_CASE("what Diesel removes of a name is the same for a ledger, whatever the dashes") {
  CHECK(rc::check([] {
    const auto digits =
        *rc::gen::nonEmpty(rc::gen::container<std::string>(rc::gen::elementOf(std::string("019"))));
    std::string dashed;
    for (const char c : digits) {
      dashed += std::string(*rc::gen::inRange<std::size_t>(0, 2), '-') + c;
    }
    RC_ASSERT(key(dashed + "_a-b/up.sql") == digits);
  }));
}

TEST_CASE("folders with an up.sql are Diesel's, unless they are numbered like Hasura's") {
  CHECK(evidence_of(tool(), three) == "marked 3");
  CHECK(evidence_of(tool(), alike({"diesel.toml", "migrations/1_a/up.sql"})) == "marked 1");
  CHECK(evidence_of(tool(), alike({"2026-01-01-000000_users/up.sql"})) == "named 1");
  CHECK(evidence_of(tool(), alike({"20260101000000_users/up.sql"})) == "possible 1");
  CHECK(evidence_of(tool(), alike({"1776522600000_users/up.sql"})) == "none 1");
  CHECK(evidence_of(tool(), alike({"1776522600000_users/up.sql", "diesel.toml"})) == "marked 1");
  CHECK(evidence_of(tool(), alike({"users/up.sql"})) == "none 0");
  CHECK(evidence_of(tool(), alike({"2026-01-01-000000_users/down.sql"})) == "none 0");
  CHECK(layout_of(three) == "diesel");
  CHECK(layout_of(alike({"1776522600000_users/up.sql"})) == "own");
  CHECK(layout_of(alike({"1776522600000_users/up.sql"}), "diesel") == "diesel");
}

TEST_CASE("Diesel's table is recognised by its columns, whatever it is called") {
  CHECK(verdict(tool(), ledger()) == "ledger");
  auto renamed = ledger();
  renamed.name = {"ops", "applied"};
  renamed.columns.back().not_null = false;
  renamed.primary_key.clear();
  CHECK(tool().recognise(renamed, {}).words ==
        "the columns of a Diesel ledger; run_on is nullable; no primary key on version, as in a "
        "copy");
  auto view = ledger();
  view.kind = 'v';
  CHECK(verdict(tool(), view) == "near_miss: has the columns of a Diesel ledger, but is a view");
}

TEST_CASE("look-alikes of Diesel's table are not its") {
  CHECK(verdict(tool(),
                table("public",
                      "pgmigrations",
                      {"id integer!",
                       "name character varying(255)!",
                       "run_on timestamp without time zone!"},
                      {"id"})) == "no");
  CHECK(verdict(
            tool(),
            table("public",
                  "migration_versions",
                  {"version character varying(14)!", "executed_at timestamp(0) without time zone!"},
                  {"version"})) == "no");
  CHECK(verdict(tool(), table("public", "schema_migrations", {"version character varying!"})) ==
        "no");
  CHECK(verdict(tool(),
                table("public",
                      "t",
                      {"version bigint!", "run_on timestamp without time zone!"},
                      {"version"})) == "no");
  CHECK(verdict(tool(),
                table("public",
                      "t",
                      {"version character varying(50)!", "run_on timestamp with time zone!"},
                      {"version"})) == "no");
  auto wider = ledger();
  wider.columns.push_back({"note", "text", false});
  CHECK(verdict(tool(), wider) == "ledger");  // people's own, for nobody else's has its name
  wider.name.name = "applied";
  CHECK(verdict(tool(), wider) == "no");
}

TEST_CASE("a row of Diesel's is applied and has its time, and the rest is pending") {
  const auto rows = applied({"00000000000000", "20260101000000"});
  CHECK(rows.front().at == parse_time("2026-04-18T12:00:00Z"));
  const auto after = poll(tool(), three, rows);
  CHECK(after.states() == "00000000000000 applied, 20260101000000 applied, 20260102000000 pending");
  CHECK(after.findings().empty());
  CHECK(after.note("20260101000000").empty());
  CHECK(after.cell("20260101000000").content == ContentVerdict::unverifiable);
}

TEST_CASE("Diesel compares versions as text: other zeros are another migration") {
  const auto after = poll(tool(), alike({"01_a/up.sql"}), applied({"1"}));
  CHECK(after.states() == "01 pending, 1 drifted");
  CHECK(after.findings() == "foreign 1");
}

TEST_CASE("a late folder is run by Diesel next, and no drift") {
  const auto rows = applied({"00000000000000", "20260102000000"});
  const auto after = poll(tool(), three, rows);
  CHECK(after.state("20260101000000") == "pending");
  CHECK(after.reason("20260101000000").empty());
  const auto all = applied({"00000000000000", "20260102000000", "20260101000000"});
  CHECK(poll(tool(), three, all, after.records).findings().empty());
}

TEST_CASE("what Diesel reverted has vanished, what was edited or removed is told") {
  const auto rows = applied({"00000000000000", "20260101000000", "20260102000000"});
  const auto before = poll(tool(), three, rows);
  CHECK(poll(tool(), three, applied({"00000000000000", "20260101000000"}), before.records)
            .findings() == "vanished 20260102000000");
  auto edited = three;
  edited["2026-01-01-000000_users/up.sql"] += "-- more\n";
  CHECK(poll(tool(), edited, rows, before.records).findings() == "edited 20260101000000");
  edited = three;
  edited["2026-01-01-000000_users/down.sql"] += "-- more\n";
  CHECK(poll(tool(), edited, rows, before.records).findings().empty());
  CHECK(poll(tool(), without(three, "2026-01-02-000000_orders/up.sql"), rows, before.records)
            .findings() == "removed 20260102000000");
}

TEST_CASE("a folder of Diesel's with another name is the same migration, and a note") {
  const auto rows = applied({"00000000000000", "20260101000000", "20260102000000"});
  const auto before = poll(tool(), three, rows);
  auto files = without(three, "2026-01-02-000000_orders/up.sql");
  files["20260102000000_sales/up.sql"] = three.at("2026-01-02-000000_orders/up.sql");
  const auto after = poll(tool(), files, rows, before.records);
  CHECK(after.findings().empty());
  CHECK(after.note("20260102000000") == "renamed");
}

TEST_CASE("an answer of Diesel's ledger with another width is broken, and one of NULLs is none") {
  ResultSet answer;
  answer.rows = {{"1"}};
  CHECK(tool().rows(answer).error().code == Errc::broken);
  answer.rows = {Values(2)};
  CHECK(tool().rows(answer)->empty());
  CHECK(tool().advisory_locks(ledger(), "shop").empty());  // it takes none
}

TEST_CASE("what Diesel's ledger is asked is documented") {
  CHECK(is_documented(tool().select_rows(ledger())));
  CHECK(is_documented(*tool().select_tail(ledger())));
  auto copy = ledger();
  copy.primary_key.clear();
  CHECK_FALSE(tool().select_tail(copy));
}
