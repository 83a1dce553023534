#include <doctest/doctest.h>

#include <rapidcheck.h>

#include "tests/adapters/tools/polled.h"
#include "tests/adapters/tools/relations.h"
#include "tests/adapters/tools/statements.h"

using namespace tidemark;
using namespace tidemark::test;

namespace {

using Verdict = Recognition::Verdict;

const Tool& tool() {
  return *find_tool("goose");
}

std::optional<FileEntry> entry(std::string_view path) {
  const auto entries = tool().entries(path, "-- +goose Up\n");
  return entries.empty() ? std::nullopt : std::optional(entries.front());
}

std::string key(std::string_view path) {
  const auto found = entry(path);
  return found ? found->key.value : "(none)";
}

Relation ledger() {
  return table("public",
               "goose_db_version",
               {"id integer!",
                "version_id bigint!",
                "is_applied boolean!",
                "tstamp timestamp without time zone!"},
               {"id"});
}

// Their rows, in order: "+3" is applied, "-3" rolled back.
std::vector<Row> log(const std::vector<std::string>& entries) {
  std::vector<Values> values{{"1", "0", "t", "1776522120123"}};
  for (const auto& one : entries) {
    values.push_back({std::to_string(values.size() + 1),
                      one.substr(1),
                      one.front() == '+' ? "t" : "f",
                      "1776522120123"});
  }
  return rows_of(tool(), std::move(values));
}

const Files three{{"00001_a.sql", "-- +goose Up\na"},
                  {"00002_b.go", "package migrations"},
                  {"00003_c.sql", "-- +goose Up\nc"}};

}  // namespace

TEST_CASE("goose's version is the number before the first underscore, of SQL and of Go") {
  const auto found = entry("migrations/00002_rename_root.sql");
  REQUIRE(found);
  CHECK(found->role == FileEntry::Role::versioned);
  CHECK(found->key.value == "2");
  CHECK(found->id.value == "00002_rename_root");
  CHECK(found->version_text == "2");
  CHECK(found->description == "rename root");
  CHECK(key("20260101000000_add_phone.go") == "20260101000000");
  CHECK(entry("20260101000000_add_phone.go")->id.value == "20260101000000_add_phone");
  CHECK(key("9223372036854775807_a.sql") == "9223372036854775807");
}

TEST_CASE("what is none of goose's is not taken for one") {
  for (const std::string path : {"0_a.sql",
                                 "9223372036854775808_a.sql",
                                 "1.sql",
                                 "1-a.sql",
                                 "a_1.sql",
                                 "main.go",
                                 "00001_a_test.go",
                                 "1_a.sql~",
                                 "1_a.go.orig",
                                 ".1_a.sql",
                                 "-1_a.sql",
                                 "1_a_LOCAL_4711.sql"}) {
    CAPTURE(path);
    CHECK(key(path) == "(none)");
  }
}

TEST_CASE("whatever the zeros, goose's key is the number and numbers are in order") {
  CHECK(rc::check([] {
    const auto number = *rc::gen::inRange<std::int64_t>(1, 100000);
    const auto other = *rc::gen::inRange<std::int64_t>(1, 100000);
    const auto zeros = *rc::gen::inRange<std::size_t>(0, 9);
    const auto a = entry(std::string(zeros, '0') + std::to_string(number) + "_a.sql");
    const auto b = entry(std::to_string(other) + "_b.go");
    RC_ASSERT(a && b);
    RC_ASSERT(a->key.value == std::to_string(number));
    RC_ASSERT((a->version < b->version) == (number < other));
  }));
}

TEST_CASE("a directory is goose's by what is written in its files") {
  const Strings sql{"1_a.sql", "2_b.sql"};
  CHECK(evidence_of(tool(), alike(sql, "-- +goose Up\n")) == "named 2");
  CHECK(evidence_of(tool(), alike(sql, "/* why */\n  --+goose Up\n")) == "named 2");
  CHECK(evidence_of(tool(),
                    alike({"1_a.go"}, "func init() { goose.AddMigrationContext(up, down) }")) ==
        "named 1");
  CHECK(evidence_of(tool(),
                    alike({"1_a.go"}, "goose.AddNamedMigrationContext(\"1_a.go\", up, down)")) ==
        "named 1");
  CHECK(evidence_of(tool(), alike(sql, "-- +migrate Up\n")) == "none 0");
  CHECK(evidence_of(tool(), alike(sql, "CREATE TABLE a ();")) == "none 0");
  CHECK(evidence_of(tool(), alike({"main.go"}, "goose.AddMigration(up, down)")) == "none 0");
  CHECK(layout_of(alike(sql, "--+goose Up\n")) == "goose");
}

TEST_CASE("goose's table is recognised as each of its versions made it") {
  CHECK(tool().recognise(ledger(), {}).words == "the columns of a goose ledger");
  auto old = ledger();
  column(old, "tstamp").not_null = false;
  old.name = {"ops", "versions"};
  CHECK(tool().recognise(old, {}).words == "the columns of a goose ledger");
  CHECK(tool().recognise(old, {}).verdict == Verdict::ledger);
}

TEST_CASE("goose's table is the same where people made its numbers wider") {
  auto wider = ledger();
  column(wider, "id").type = "bigint";
  CHECK(tool().recognise(wider, {}).verdict == Verdict::ledger);
}

TEST_CASE("goose reads one folder, and nothing below it") {
  CHECK(ids_of(catalog_of(tool(),
                          {{"m/1_a.sql", "-- +goose Up\n"},
                           {"m/seeds/2_b.sql", "-- +goose Up\n"},
                           {"n/3_c.go", "package n"}})) == Strings{"1_a", "3_c"});
  // A program with such a name may be anybody's.
  CHECK(ids_of(catalog_of(tool(), {{"2_x.go", "package x"}, {"m/1_a.sql", "-- +goose Up\n"}})) ==
        Strings{"1_a", "2_x"});
}

TEST_CASE("a file that strayed above goose's folder does not hide all of it, and both are told") {
  const std::string sql = "-- +goose Up\n";
  const auto catalog = catalog_of(
      tool(), alike({"99_fix.sql", "db/migrations/1_a.sql", "db/migrations/2_b.sql"}, sql));
  CHECK(keys_of(catalog) == Strings{"1", "2", "99"});
  CHECK(problems_of(catalog) ==
        Strings{"99_fix.sql lies above db/migrations/, which has more files: those of both folders "
                "count"});
}

TEST_CASE("each folder below goose's that is left out is told, but for what was put away") {
  const auto catalog =
      catalog_of(tool(),
                 alike({"m/1_a.sql", "m/archive/2_b.sql", "m/archive/3_c.sql", "m/demo/4_d.sql"},
                       "-- +goose Up\n"));
  CHECK(keys_of(catalog) == Strings{"1"});
  CHECK(problems_of(catalog) ==
        Strings{"m/demo/4_d.sql lies below m/ and is not looked at, nor is anything else in "
                "m/demo/"});
}

TEST_CASE("two files of one version are a problem, as goose refuses them") {
  CHECK(problems_of(catalog_of(tool(), {{"1_a.sql", "a"}, {"01_b.go", "b"}})) ==
        Strings{"1_a.sql is the same migration as 01_b.go"});
}

TEST_CASE("near misses of goose's table say what is in the way, other tables are nobody's") {
  auto near = ledger();
  column(near, "version_id").type = "text";
  CHECK(tool().recognise(near, {}).words ==
        "looks like a goose ledger, but version_id is text instead of bigint");
  CHECK(tool().recognise(near, {}).verdict == Verdict::near_miss);
  auto more = ledger();
  more.columns.push_back({"note", "text", false});
  CHECK(tool().recognise(more, {}).verdict == Verdict::ledger);  // people's own
  more.name.name = "history";
  CHECK(tool().recognise(more, {}).verdict == Verdict::no);
  auto view = ledger();
  view.kind = 'v';
  CHECK(tool().recognise(view, {}).verdict == Verdict::near_miss);
}

TEST_CASE("goose's row 0 is a marker, and the others are what was applied when") {
  const auto rows = log({"+1", "+2"});
  REQUIRE(rows.size() == 2);
  CHECK(rows.front().key.value == "1");
  CHECK(rows.front().token == "2");
  CHECK(rows.front().at == parse_time("2026-04-18T14:22:00.123Z"));
  const auto after = poll(tool(), three, rows);
  CHECK(after.states() == "1 applied, 2 applied, 3 pending");
  CHECK(after.findings().empty());
  CHECK(after.note("1").empty());
}

TEST_CASE(
    "an old goose's second row says that a version was rolled back, a third that it is back") {
  const auto gone = poll(tool(), three, log({"+1", "+2", "-2"}));
  CHECK(gone.states() == "1 applied, 2 pending, 3 pending");
  const auto back = poll(tool(), three, log({"+1", "+2", "-2", "+2"}), gone.records);
  CHECK(back.states() == "1 applied, 2 applied, 3 pending");
  const auto after = poll(tool(), three, log({"+1", "+2", "-2", "+2", "-2"}), back.records);
  CHECK(after.findings() == "vanished 2");
}

TEST_CASE("a version that only ever was rolled back is not applied for goose") {
  CHECK(poll(tool(), three, log({"-1"})).states() == "1 pending, 2 pending, 3 pending");
}

TEST_CASE("nothing is late for goose behind what was rolled back") {
  CHECK(poll(tool(), three, log({"+1", "+3", "-3"})).states() == "1 applied, 2 pending, 3 pending");
}

TEST_CASE("goose refuses a file that comes late, and tells one that was allowed to") {
  const auto before = poll(tool(), three, log({"+1", "+3"}));
  CHECK(before.states() == "1 applied, 2 pending out_of_order, 3 applied");
  const auto after = poll(tool(), three, log({"+1", "+3", "+2"}), before.records);
  CHECK(after.findings() == "out_of_order 2");
}

TEST_CASE("a ledger of goose's with nothing but its marker has applied nothing") {
  CHECK(log(Strings{}).empty());
  CHECK(poll(tool(), three, log(Strings{})).states() == "1 pending, 2 pending, 3 pending");
}

TEST_CASE("what `goose fix` numbered anew after it ran is another migration, which goose refuses") {
  const auto before = poll(tool(),
                           {{"00001_a.sql", "a"}, {"20260101000000_b.sql", "b"}},
                           log({"+1", "+20260101000000"}));
  const auto after = poll(tool(),
                          {{"00001_a.sql", "a"}, {"00002_b.sql", "b"}},
                          log({"+1", "+20260101000000"}),
                          before.records);
  CHECK(after.states() == "1 applied, 2 pending out_of_order, 20260101000000 drifted");
  CHECK(after.findings() == "removed 20260101000000");
}

TEST_CASE("what goose does in Go alone is applied, and watched like a file of SQL") {
  const auto before = poll(tool(), three, log({"+1", "+2", "+3"}));
  auto edited = three;
  edited["00002_b.go"] += "\n// more\n";
  CHECK(poll(tool(), edited, log({"+1", "+2", "+3"}), before.records).findings() == "edited 2");
}

TEST_CASE("a restored ledger of goose's, a rename and line endings are no drift") {
  const auto before = poll(tool(), {{"1_a.sql", "a\nb\n"}, {"2_b.sql", "b"}}, log({"+1", "+2"}));
  auto restored = log({"+1", "+2"});
  restored[0].token = "11";
  restored[1].token = "12";
  const auto after =
      poll(tool(), {{"01_c.sql", "a\r\nb\r\n"}, {"2_b.sql", "b"}}, restored, before.records);
  CHECK(after.states() == "1 applied, 2 applied");
  CHECK(after.findings().empty());
}

TEST_CASE("an answer of another width is no ledger of goose's") {
  ResultSet answer;
  answer.rows = {{"1", "2"}};
  CHECK(tool().rows(answer).error().code == Errc::broken);
}

TEST_CASE("what goose's ledger is asked is documented") {
  auto relation = ledger();
  CHECK(is_documented(*tool().select_lock({})));
  CHECK(is_documented(tool().select_rows(relation)));
  CHECK(is_documented(*tool().select_tail(relation)));
  relation.primary_key.clear();
  CHECK_FALSE(tool().select_tail(relation));
}
