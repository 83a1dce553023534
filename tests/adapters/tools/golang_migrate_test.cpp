#include <doctest/doctest.h>

#include <rapidcheck.h>

#include "tests/adapters/tools/polled.h"
#include "tests/adapters/tools/relations.h"
#include "tests/adapters/tools/statements.h"

using namespace tidemark;
using namespace tidemark::test;
using namespace std::string_literals;

namespace {

using Role = FileEntry::Role;
using Verdict = Recognition::Verdict;

const Tool& tool() {
  return *find_tool("golang-migrate");
}

std::optional<FileEntry> entry(std::string_view path) {
  const auto entries = tool().entries(path, "SELECT 1;\n");
  return entries.empty() ? std::nullopt : std::optional(entries.front());
}

std::string key(std::string_view path) {
  const auto found = entry(path);
  return found ? found->key.value : "(none)";
}

std::vector<Row> mark(const std::string& version, bool dirty = false) {
  return rows_of(tool(), {{version, dirty ? "t" : "f"}});
}

Relation ledger() {
  return table("public", "schema_migrations", {"version bigint!", "dirty boolean!"}, {"version"});
}

std::vector<StoredFinding> open_in(const Polled& polled) {
  std::vector<StoredFinding> open;
  for (const auto& finding : polled.standing.findings) {
    open.emplace_back().finding = finding;
  }
  return open;
}

const Files three{{"000001_users.up.sql", "CREATE TABLE users ();"},
                  {"000001_users.down.sql", "DROP TABLE users;"},
                  {"000002_orders.up.sql", "CREATE TABLE orders ();"},
                  {"000003_tax.up.sql", "CREATE TABLE tax ();"}};

}  // namespace

TEST_CASE("golang-migrate's 000001_init.up.sql is migration 1, and its down file rolls it back") {
  const auto up = entry("db/migrations/000001_init_users.up.sql");
  REQUIRE(up);
  CHECK(up->role == Role::versioned);
  CHECK(up->key.value == "1");
  CHECK(up->id.value == "000001_init_users");
  CHECK(up->version == Version::parse("1"));
  CHECK(up->version_text == "1");
  CHECK(up->description == "init users");
  const auto down = entry("db/migrations/000001_init_users.down.sql");
  REQUIRE(down);
  CHECK(down->role == Role::rollback);
  CHECK(down->key.value == "1");
}

TEST_CASE("golang-migrate's versions are 64-bit numbers, and a name may be empty or hold dots") {
  CHECK(key("0_a.up.sql") == "0");
  CHECK(key("20260418143000_.up.sql") == "20260418143000");
  CHECK(key("18446744073709551615_a.up.sql") == "18446744073709551615");
  CHECK(key("18446744073709551616_a.up.sql") == "(none)");
  CHECK(entry("1_a.up.b.up.sql")->id.value == "1_a.up.b");
  CHECK(entry("1_a.down.up.sql")->role == Role::versioned);
  CHECK(key("7_a.up.PSQL") == "7");
  CHECK(entry("7_a.up.pg.sql")->id.value == "7_a");
  CHECK(entry("7_a.up.b.down.sql")->role == Role::rollback);
}

TEST_CASE("what is none of golang-migrate's is not taken for one") {
  for (const std::string path : {"1_a.sql",
                                 "a_1.up.sql",
                                 "1.up.sql",
                                 "1-a.up.sql",
                                 "_a.up.sql",
                                 "1_a.up",
                                 "1_a.up.",
                                 "1_a.upsql",
                                 "1_a.up.sql~",
                                 "1_a.up.sql.orig",
                                 "1_a.up.rej",
                                 "1_a.up.sql.bak",
                                 "1_a.up_BACKUP_4711.sql",
                                 "1_a.up.fizz",
                                 ".1_a.up.sql",
                                 "x1_a.up.sql",
                                 "1_a_BACKUP_4711.up.sql.swp"}) {
    CAPTURE(path);
    CHECK(key(path) == "(none)");
  }
}

TEST_CASE("golang-migrate's files are the same by their names alone, and have no checksum") {
  const auto checksums = entry("1_a.up.sql")->checksums;
  CHECK(checksums.accepted.empty());
  CHECK_FALSE(checksums.complete);
  CHECK(tool().entries_by_name("1_a.up.sql").front() == *entry("1_a.up.sql"));
}

TEST_CASE("golang-migrate reads one folder, and nothing below it") {
  const Files files{{"m/1_a.up.sql", "a"},
                    {"m/archive/2_b.up.sql", "b"},
                    {"m/archive/old/3_c.up.sql", "c"},
                    {"other/4_d.up.sql", "d"},
                    {"more/5_e.up.sql", "e"}};
  CHECK(ids_of(catalog_of(tool(), files)) == Strings{"1_a", "4_d", "5_e"});
  CHECK(ids_of(catalog_of(tool(), {{"1_a.up.sql", "a"}, {"m/2_b.up.sql", "b"}})) == Strings{"1_a"});
  CHECK(ids_of(catalog_of(tool(), {{"mm/1_a.up.sql", "a"}, {"m/2_b.up.sql", "b"}})) ==
        Strings{"1_a", "2_b"});
}

TEST_CASE("two files of one version and direction are a problem, as golang-migrate refuses them") {
  CHECK(problems_of(catalog_of(tool(),
                               {{"0001_b.up.sql", "b"},
                                {"1_a.down.sql", "-a"},
                                {"1_a.up.sql", "a"},
                                {"1_b.down.sql", "-b"}})) ==
        Strings{"1_a.up.sql is the same migration as 0001_b.up.sql",
                "1_b.down.sql rolls back the same migration as 1_a.down.sql"});
  CHECK(catalog_of(tool(), {{"1_a.up.sql", "a"}, {"1_b.down.sql", "-b"}}).problems.empty());
}

TEST_CASE("whatever the zeros, golang-migrate's key is the number and numbers are in order") {
  CHECK(rc::check([] {
    const auto number = *rc::gen::arbitrary<std::uint32_t>();
    const auto other = *rc::gen::arbitrary<std::uint32_t>();
    const auto zeros = *rc::gen::inRange<std::size_t>(0, 9);
    const auto a = entry(std::string(zeros, '0') + std::to_string(number) + "_a.up.sql");
    const auto b = entry(std::to_string(other) + "_b.up.sql");
    RC_ASSERT(a && b);
    RC_ASSERT(a->key.value == std::to_string(number));
    RC_ASSERT((a->version < b->version) == (number < other));
    RC_ASSERT((a->key == b->key) == (number == other));
  }));
}

TEST_CASE("pairs of up and down could be others' than golang-migrate's, and a ledger decides") {
  const Strings paths{"1_a.down.sql", "1_a.up.sql", "2_b.up.sql"};
  CHECK(evidence_of(tool(), alike(paths)) == "possible 2");
  CHECK(evidence_of(tool(), alike(paths, "-- +goose Up\n")) == "none 0");
  CHECK(evidence_of(tool(), alike({"1_a.down.sql"})) == "none 0");
  CHECK(layout_of(alike(paths), "golang-migrate") == "golang-migrate");
}

TEST_CASE("numbered seeds beside golang-migrate's pairs are in nobody's way") {
  CHECK(layout_of(alike(
            {"db/migrations/1_a.down.sql", "db/migrations/1_a.up.sql", "db/seeds/01_demo.sql"})) ==
        "golang-migrate");
}

TEST_CASE("golang-migrate's table is a version and whether it is dirty, whatever it is called") {
  CHECK(tool().recognise(ledger(), {}).verdict == Verdict::ledger);
  auto renamed = ledger();
  renamed.name = {"ops", "applied"};
  renamed.columns.front().not_null = false;
  CHECK(tool().recognise(renamed, {}).words ==
        "the columns of a golang-migrate ledger; version is nullable");
}

TEST_CASE("look-alikes of golang-migrate's table are not its") {
  const auto verdict = [](const Relation& relation) {
    return tool().recognise(relation, {}).verdict;
  };
  auto hasura = ledger();
  hasura.name = {"hdb_catalog", "schema_migrations"};
  CHECK(verdict(hasura) == Verdict::no);
  CHECK(verdict(table("public", "schema_migrations", {"version bigint!"}, {"version"})) ==
        Verdict::no);
  CHECK(verdict(table("public",
                      "schema_migrations",
                      {"version bigint!", "inserted_at timestamp(0) without time zone"},
                      {"version"})) == Verdict::no);
  CHECK(verdict(table("public", "t", {"version text!", "dirty boolean!"})) == Verdict::no);
  CHECK(verdict(table("public", "t", {"version bigint!", "dirty boolean!", "id integer"})) ==
        Verdict::no);
  auto view = ledger();
  view.kind = 'v';
  CHECK(verdict(view) == Verdict::near_miss);
}

TEST_CASE("golang-migrate's one row says that everything up to its version is applied") {
  const auto rows = mark("2");
  REQUIRE(rows.size() == 1);
  CHECK(rows.front().key.value == "2");
  CHECK(rows.front().state == Row::State::applied);
  CHECK(rows.front().reach == Row::Reach::up_to);
  const auto after = poll(tool(), three, rows);
  CHECK(after.states() == "1 applied, 2 applied, 3 pending");
  CHECK(after.findings().empty());
  CHECK(after.note("2").empty());
}

TEST_CASE("an empty ledger of golang-migrate's has applied nothing") {
  CHECK(poll(tool(), three, {}).states() == "1 pending, 2 pending, 3 pending");
}

TEST_CASE("the mark of golang-migrate's moving up teaches what is new, and nothing twice") {
  const auto first = poll(tool(), three, mark("1"));
  CHECK(first.records.size() == 1);
  const auto last = poll(tool(), three, mark("3"), first.records);
  CHECK(last.records.size() == 3);
  CHECK(poll(tool(), three, mark("3"), last.records).records.size() == 3);
}

TEST_CASE("a dirty version of golang-migrate's is half applied, and what is below it is certain") {
  const auto after = poll(tool(), three, mark("2", true));
  CHECK(after.states() == "1 applied, 2 drifted, 3 pending");
  CHECK(after.findings() == "dirty 2");
}

TEST_CASE("golang-migrate's -1 is the first migration half rolled back, and no version 1") {
  const auto rows = mark("-1", true);
  CHECK(rows.front().version.empty());
  const auto after = poll(tool(), three, rows);
  CHECK(after.states() == "1 pending, 2 pending, 3 pending, -1 drifted");
  CHECK(after.findings() == "dirty -1");
}

TEST_CASE("golang-migrate's -1 that is not dirty is a ledger that has applied nothing") {
  CHECK(mark("-1").empty());
}

TEST_CASE("a dirty version of golang-migrate's may be of a rollback of the one after it") {
  const auto after = poll(tool(), three, mark("2", true));
  CHECK(
      after.standing.findings.front().summary ==
      "their ledger says that it failed here and may be half applied, or what comes after it half "
      "rolled back");
  // So it is where that was applied.
  const auto before = poll(tool(), three, mark("3"));
  CHECK(poll(tool(), three, mark("2", true), before.records).findings() == "dirty 2, vanished 3");
}

TEST_CASE("a late file that golang-migrate ran after it had gone back below it is applied") {
  const auto files = without(three, "000002_orders.up.sql");
  const auto at_3 = poll(tool(), files, mark("3"));
  const auto late = poll(tool(), three, mark("3"), at_3.records);
  CHECK(late.states() == "1 applied, 2 not_due skipped, 3 applied");
  const auto back = poll(tool(), three, mark("1"), late.records);
  CHECK(back.states() == "1 applied, 2 pending, 3 drifted");
  CHECK(back.findings() == "vanished 3");
  const auto catalog = catalog_of(tool(), three);
  const auto again = poll(catalog, observed(tool(), mark("3")), back.records, false, open_in(back));
  CHECK(again.states() == "1 applied, 2 applied, 3 applied");
  CHECK(again.findings().empty());
}

TEST_CASE("a file that comes late, below golang-migrate's mark, is skipped for ever") {
  const auto before = poll(tool(), three, mark("3"));
  auto files = three;
  files["000000_late.up.sql"] = files["000002_orders.up.sql"];
  CHECK(poll(tool(), files, mark("3"), before.records).states() ==
        "0 not_due skipped, 1 applied, 2 applied, 3 applied");
  CHECK(tool().rules().late == LayoutRules::Late::skipped);
}

TEST_CASE("a version of golang-migrate's that no file has was applied from elsewhere") {
  const auto after = poll(tool(), three, mark("7"));
  CHECK(after.states() == "1 applied, 2 applied, 3 applied, 7 drifted");
  CHECK(after.findings() == "foreign 7");
}

TEST_CASE("golang-migrate's mark moving down tells what was rolled back") {
  const auto before = poll(tool(), three, mark("3"));
  const auto after = poll(tool(), three, mark("1"), before.records);
  CHECK(after.states() == "1 applied, 2 drifted, 3 drifted");
  CHECK(after.findings() == "vanished 2, vanished 3");
}

TEST_CASE("renaming a file of golang-migrate's or giving it other line endings is no drift") {
  const auto before = poll(tool(), {{"1_a.up.sql", "SELECT 1;\nSELECT 2;\n"}}, mark("1"));
  const auto after =
      poll(tool(), {{"0001_b.up.sql", "SELECT 1;\r\nSELECT 2;\r\n"}}, mark("1"), before.records);
  CHECK(after.states() == "1 applied");
  CHECK(after.findings().empty());
}

TEST_CASE("two rows are not golang-migrate's, and an answer of another width is an error") {
  ResultSet answer;
  answer.rows = {{"1", "f"}, {"2", "f"}};
  const auto rows = tool().rows(answer);
  REQUIRE_FALSE(rows);
  CHECK(rows.error().code == Errc::invalid);
  answer.rows = {{"1"}};
  CHECK(tool().rows(answer).error().code == Errc::broken);
}

TEST_CASE("golang-migrate's advisory lock is a hash of the schema, the table and the database") {
  // crc32("public\0schema_migrations\0shop") * 1486364155, modulo 2^32; then its older forms.
  CHECK(tool().advisory_locks(ledger(), "shop") ==
        std::vector<std::int64_t>{3689236698, 3845299699, 1192721622});
  auto renamed = ledger();
  renamed.name = {"ops", "shop migrations"};
  CHECK(tool().advisory_locks(renamed, "shop").front() == 3666522638);
}

TEST_CASE("what golang-migrate's ledger is asked is documented") {
  CHECK(is_documented(tool().select_rows(ledger())));
  CHECK_FALSE(tool().select_tail(ledger()));
}
