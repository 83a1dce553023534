#include <doctest/doctest.h>

#include "adapters/tools/discovery.h"
#include "tests/adapters/tools/polled.h"
#include "tests/adapters/tools/relations.h"
#include "tests/adapters/tools/statements.h"

using namespace tidemark;
using namespace tidemark::test;

namespace {

using Verdict = Recognition::Verdict;

const Tool& tool() {
  return *find_tool("dbmate");
}

std::optional<FileEntry> entry(std::string_view path) {
  const auto entries = tool().entries(path, "-- migrate:up\n");
  return entries.empty() ? std::nullopt : std::optional(entries.front());
}

std::string key(std::string_view path) {
  const auto found = entry(path);
  return found ? found->key.value : "(none)";
}

Relation ledger(const std::string& type, std::vector<std::string> primary_key = {"version"}) {
  return table("public", "schema_migrations", {"version " + type + "!"}, std::move(primary_key));
}

Verdict verdict(const Relation& relation, const std::vector<Relation>& all = {}) {
  return tool().recognise(relation, all).verdict;
}

Relation metadata(const std::string& name = "ar_internal_metadata") {
  return table("public",
               name,
               {"key character varying!",
                "value character varying",
                "created_at timestamp(6) without time zone!",
                "updated_at timestamp(6) without time zone!"},
               {"key"});
}

std::vector<Row> applied(const std::vector<std::string>& versions) {
  std::vector<Values> values;
  for (const auto& version : versions) {
    values.push_back({version, "7" + version});
  }
  return rows_of(tool(), std::move(values));
}

}  // namespace

TEST_CASE("dbmate's version is the digits in front, as text") {
  const auto found = entry("db/migrations/20260101000000_add_phone.sql");
  REQUIRE(found);
  CHECK(found->role == FileEntry::Role::versioned);
  CHECK(found->key.value == "20260101000000");
  CHECK(found->id.value == "20260101000000_add_phone");
  CHECK(found->version_text == "20260101000000");
  CHECK(found->description == "add phone");
  CHECK(key("001_a.sql") == "001");
  CHECK(key("1_a.sql") == "1");
  CHECK(key("1.sql") == "1");
  CHECK(key("1add.sql") == "1");
  CHECK(entry("1-add.sql")->description == "add");
}

TEST_CASE("what is none of dbmate's is not taken for one") {
  for (const std::string path : {"a_1.sql",
                                 "schema.sql",
                                 ".1_a.sql",
                                 "1_a.sql~",
                                 "1_a.sql.orig",
                                 "1_a.SQL",
                                 "1_a.rb",
                                 "1_a_BACKUP_4711.sql"}) {
    CAPTURE(path);
    CHECK(key(path) == "(none)");
  }
}

TEST_CASE("a directory is dbmate's by what is written in its files") {
  const Strings paths{"1_a.sql", "2_b.sql", "README.md"};
  for (const std::string head : {"-- migrate:up\n",
                                 "--migrate:up",
                                 "/* why */\r\n--  migrate:down\r\n",
                                 "\n-- migrate:up transaction:false\n"}) {
    CAPTURE(head);
    CHECK(evidence_of(tool(), alike(paths, head)) == "named 2");
  }
  for (const std::string head : {"",
                                 "CREATE TABLE a ();",
                                 " -- migrate:up\n",
                                 "-- migrate:upwards\n",
                                 "-- migrated:up\n",
                                 "-- +goose Up\n",
                                 "- migrate:up"}) {
    CAPTURE(head);
    CHECK(evidence_of(tool(), alike(paths, head)) == "none 0");
  }
  CHECK(layout_of(alike(paths, "--migrate:up\n")) == "dbmate");
}

TEST_CASE("dbmate applies in the order of the files' names") {
  const auto catalog = catalog_of(tool(), {{"2_c.sql", "c"}, {"10_b.sql", "b"}, {"1_a.sql", "a"}});
  std::string order;
  for (const auto& migration : catalog.migrations) {
    order += migration.key.value + " ";
  }
  CHECK(order == "10 1 2 ");
}

TEST_CASE("dbmate's files of several directories are one list, and a version is in it once") {
  const auto catalog =
      catalog_of(tool(), {{"b/1_a.sql", "a"}, {"a/2_b.sql", "b"}, {"b/3_c.sql", "c"}});
  CHECK(ids_of(catalog) == Strings{"1_a", "2_b", "3_c"});
  CHECK(catalog.problems.empty());
  CHECK(problems_of(catalog_of(tool(), {{"b/1_a.sql", "a"}, {"a/1_b.sql", "b"}})) ==
        Strings{"b/1_a.sql is the same migration as a/1_b.sql"});
}

TEST_CASE("dbmate's tables of each of its versions are told from those of others") {
  CHECK(verdict(ledger("character varying(128)")) == Verdict::ledger);
  CHECK(verdict(ledger("character varying(255)")) == Verdict::ledger);
  CHECK(verdict(ledger("character varying")) == Verdict::possible);
  auto renamed = ledger("character varying(128)");
  renamed.name = {"ops", "applied"};
  CHECK(verdict(renamed) == Verdict::ledger);
}

TEST_CASE("look-alikes of dbmate's table are not its") {
  CHECK(verdict(ledger("character varying(14)")) == Verdict::no);
  CHECK(verdict(ledger("text")) == Verdict::no);
  CHECK(verdict(ledger("bigint")) == Verdict::no);
  CHECK(verdict(ledger("character varying", {})) == Verdict::no);
  CHECK(verdict(ledger("character varying(255)", {})) == Verdict::no);
  CHECK(verdict(table("public",
                      "schema_migrations",
                      {"version character varying!", "dirty boolean!"},
                      {"version"})) == Verdict::no);
  auto auth = ledger("character varying(255)");
  auth.name.schema = "auth";
  CHECK(verdict(auth) == Verdict::no);
  auto view = ledger("character varying");
  view.kind = 'v';
  CHECK(verdict(view) == Verdict::no);
  auto versions = table("public", "app", {"version character varying"});
  CHECK(verdict(versions) == Verdict::no);
}

TEST_CASE("beside ar_internal_metadata it is a ledger of Rails', whatever its length") {
  for (const std::string type :
       {"character varying", "character varying(128)", "character varying(255)"}) {
    const auto rails = ledger(type);
    CHECK(verdict(rails, {metadata(), rails}) == Verdict::no);
    CHECK(verdict(rails, {metadata("shop_ar_internal_metadata_v2"), rails}) == Verdict::no);
    auto elsewhere = metadata();
    elsewhere.name.schema = "other";
    CHECK(verdict(rails, {elsewhere, rails}) != Verdict::no);
    const auto other = table("public", "ar_internal_metadata", {"name text", "value text"});
    CHECK(verdict(rails, {other, rails}) != Verdict::no);
    const auto settings =
        table("public", "ar_internal_metadata", {"key character varying!", "value text"});
    CHECK(verdict(rails, {settings, rails}) != Verdict::no);  // nor does Rails take it for its own
  }
}

TEST_CASE("what discovery asks for includes what tells Rails from dbmate") {
  const auto telltales = *discovery_query(std::nullopt, "").values.front();
  CHECK(telltales.find("\"version  1\"") != std::string::npos);
  CHECK(telltales.find("\"key value 4\"") != std::string::npos);
}

TEST_CASE("a copy of dbmate's ledger is one when its name speaks of migrations") {
  auto copy = table("public", "schema_migrations_old", {"version character varying(128)"});
  CHECK(tool().recognise(copy, {}).words ==
        "the columns of a dbmate ledger; version is character varying(128), version is nullable; "
        "no primary key, as in a copy");
  CHECK(verdict(copy) == Verdict::ledger);
  copy.columns.front().type = "character varying";
  CHECK(verdict(copy) == Verdict::possible);
}

TEST_CASE("dbmate's rows are versions, and the rest is what the files say") {
  const auto rows = applied({"001", "2"});
  CHECK(rows.front().token == "7001");
  CHECK_FALSE(rows.front().checksum);
  const Files files{{"001_a.sql", "a"}, {"002_b.sql", "b"}, {"2_c.sql", "c"}};
  const auto after = poll(tool(), files, rows);
  CHECK(after.states() == "001 applied, 002 pending, 2 applied");
  CHECK(after.findings().empty());
  CHECK(after.note("2").empty());
  CHECK(after.cell("2").content == ContentVerdict::unverifiable);
}

TEST_CASE("a file that comes late is pending like any other, for dbmate runs it") {
  const Files files{{"1_a.sql", "a"}, {"2_b.sql", "b"}, {"3_c.sql", "c"}};
  const auto before = poll(tool(), files, applied({"1", "3"}));
  CHECK(before.states() == "1 applied, 2 pending, 3 applied");
  CHECK(poll(tool(), files, applied({"1", "2", "3"}), before.records).findings().empty());
}

TEST_CASE("dbmate's rollback deletes the row, and the row that comes back is another one") {
  const Files files{{"1_a.sql", "a"}, {"2_b.sql", "b"}};
  const auto before = poll(tool(), files, applied({"1", "2"}));
  const auto after = poll(tool(), files, applied({"1"}), before.records);
  CHECK(after.findings() == "vanished 2");
  CHECK(poll(tool(), files, applied({"1", "2"}), after.records).findings().empty());
}

TEST_CASE("a rename and other line endings are no drift for dbmate, an edit is") {
  const auto rows = applied({"1"});
  const auto before = poll(tool(), {{"1_a.sql", "SELECT 1;\nSELECT 2;\n"}}, rows);
  const auto after =
      poll(tool(), {{"1_b.sql", "SELECT 1;\r\nSELECT 2;\r\n"}}, rows, before.records);
  CHECK(after.findings().empty());
  CHECK(poll(tool(), {{"1_b.sql", "SELECT 3;"}}, rows, after.records).findings() == "edited 1");
}

TEST_CASE("what dbmate's ledger is asked is documented") {
  auto relation = ledger("character varying(128)");
  CHECK(is_documented(tool().select_rows(relation)));
  CHECK(is_documented(*tool().select_tail(relation)));
  relation.kind = 'v';
  CHECK(is_documented(tool().select_rows(relation)));
  relation.primary_key.clear();
  CHECK_FALSE(tool().select_tail(relation));
}
