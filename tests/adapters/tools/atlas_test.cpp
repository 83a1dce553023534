#include <doctest/doctest.h>

#include <map>

#include <rapidcheck.h>

#include "adapters/tools/atlas_sum.h"
#include "adapters/tools/hash.h"
#include "tests/adapters/tools/polled.h"
#include "tests/adapters/tools/relations.h"
#include "tests/adapters/tools/statements.h"

using namespace tidemark;
using namespace tidemark::test;

namespace {

using Role = FileEntry::Role;
using Verdict = Recognition::Verdict;

const Tool& tool() {
  return *find_tool("atlas");
}

std::optional<FileEntry> entry(std::string_view path, std::string_view bytes = "") {
  const auto entries = tool().entries(path, bytes);
  return entries.empty() ? std::nullopt : std::optional(entries.front());
}

std::string key(std::string_view path) {
  const auto found = entry(path);
  return found ? found->key.value : "(none)";
}

Relation ledger() {
  return table("atlas_schema_revisions",
               "atlas_schema_revisions",
               {"version character varying!",
                "description character varying!",
                "type bigint!",
                "applied bigint!",
                "total bigint!",
                "executed_at timestamp with time zone!",
                "execution_time bigint!",
                "error text",
                "error_stmt text",
                "hash character varying!",
                "partial_hashes jsonb",
                "operator_version character varying!"},
               {"version"});
}

// What Atlas would write into its ledger for these files, by name.
std::map<std::string, std::string> hashes(const Files& files) {
  AtlasSum sum;
  std::map<std::string, std::string> all;
  for (const auto& [path, bytes] : files) {
    all[path] = sum.add(path, bytes);
  }
  return all;
}

std::string total(const Files& files) {
  AtlasSum sum;
  for (const auto& [path, bytes] : files) {
    sum.add(path, bytes);
  }
  return sum.total();
}

struct Revision {
  std::string version;
  std::string hash;
  std::string type = "2";
  std::string applied = "1";
  std::string total = "1";
  bool error = false;
  std::string at = "1776522120123";
};

std::vector<Row> revisions(const std::vector<Revision>& all) {
  std::vector<Values> values;
  for (const auto& one : all) {
    values.push_back({one.version,
                      "x",
                      one.type,
                      one.applied,
                      one.total,
                      one.at,
                      one.error ? "t" : "f",
                      one.hash});
  }
  return rows_of(tool(), std::move(values));
}

// All of `files`, applied in their order when the directory held them as they are.
std::vector<Revision> all_applied(const Files& files) {
  const auto hash = hashes(files);
  std::vector<Revision> all;
  for (const auto& [path, bytes] : files) {
    all.push_back({path.substr(0, path.find('_')), hash.at(path)});
  }
  return all;
}

const Files four{{"1_x.sql", "SELECT 1;\n"},
                 {"2_x.sql", "SELECT 2;\n"},
                 {"3_x.sql", "SELECT 3;\n"},
                 {"4_x.sql", "SELECT 4;\n"}};

Files edited(Files files, const std::string& path) {
  files.at(path) += "-- more\n";
  return files;
}

Files with_crlf_throughout(Files files) {
  for (auto& [path, bytes] : files) {
    bytes = with_crlf(bytes);
  }
  return files;
}

Files with_sum(Files files, const std::string& first_line) {
  files["atlas.sum"] = first_line + "\n1_x.sql h1:…\n";
  return files;
}

}  // namespace

TEST_CASE("Atlas' sum of its own test files is what it says itself") {
  AtlasSum sum;
  CHECK(sum.add("1.sql", "CREATE TABLE `users` (`id` int NOT NULL PRIMARY KEY);") ==
        "twN+zPVp8JzWEUcPPfNIT6/62Wa08dfxxZhT4gZxBzg=");
  CHECK(sum.add("2.sql", "ALTER TABLE `users` ADD COLUMN `happy` boolean NOT NULL DEFAULT true;") ==
        "KHLlrSPwSjbp4+KrpQHwYZf8zlSIiAR7MS3H2yd1yeE=");
  CHECK(sum.add("3.sql",
                "CREATE TABLE `pets` (`id` int NOT NULL PRIMARY KEY);\n"
                "ALTER TABLE `pets` ADD COLUMN `happy` boolean NULL;") ==
        "osHrPgu8uNgd6j09XCiyBQWWEh9aAmwjRgzdZZgm68M=");
  CHECK(sum.total() == "h1:oNV0f9HzMMCf2pzF+sA6CmsSHGjdkWYmcTjoc/lWxLs=");
}

TEST_CASE("Atlas' sum of two files with line ends") {
  AtlasSum sum;
  CHECK(sum.add("1_a.sql", "SELECT 1;\n") == "oHx7vmeRbxB72kdSGUkFhE08red3y82zeqcbzCxkGjo=");
  CHECK(sum.add("2_b.sql", "SELECT 2;\n") == "jqdn/UCU1bnj96EwRLYv9FRnrwv3yIEfGHtJessEvPM=");
  CHECK(sum.total() == "h1:VNvw0pDgavFX/sdOa4OQ4cdfXK8LyCjaMKnLrKqiXHs=");
}

TEST_CASE("a file that asks to be left out of the sum is in it by its name alone") {
  for (const std::string head : {"-- atlas:sum ignore",
                                 "atlas:sum ignore\nSELECT 1;",
                                 "# atlas:sum atlas:sum   ignored",
                                 "-- atlas:sum ignore\r\n"}) {
    CAPTURE(head);
    AtlasSum sum;
    CHECK(sum.add("1_a.sql", head).empty());
    AtlasSum other;
    CHECK(other.add("1_a.sql", "-- atlas:sum ignore\nand more").empty());
    CHECK(sum.add("2_b.sql", "b") == other.add("2_b.sql", "b"));
    CHECK(sum.total() == other.total());
    AtlasSum renamed;
    renamed.add("1_c.sql", head);
    CHECK(renamed.add("2_b.sql", "b") != other.add("2_b.sql", "b"));
  }
  for (const std::string head : {"\n-- atlas:sum ignore",
                                 "-- atlas:sumignore",
                                 "-- atlas:sum\tignore",
                                 "\t-- atlas:sum ignore"}) {
    CAPTURE(head);
    CHECK_FALSE(AtlasSum().add("1_a.sql", head).empty());
  }
}

TEST_CASE("Atlas' version is what is before the first underscore, as text") {
  const auto found = entry("migrations/20260101000000_add_phone.sql");
  REQUIRE(found);
  CHECK(found->role == Role::versioned);
  CHECK(found->key.value == "20260101000000");
  CHECK(found->id.value == "20260101000000_add_phone");
  CHECK(found->version_text == "20260101000000");
  CHECK(found->description == "add phone");
  CHECK(key("20260101000000.sql") == "20260101000000");
  CHECK(key("0001_a.sql") == "0001");
  CHECK(key("init.sql") == "init");
  CHECK(key("_a.sql") == "(none)");
  CHECK(key(".sql") == "(none)");
  CHECK(key(".1_a.sql") == "(none)");
  CHECK(key("1_a.sql~") == "(none)");
  CHECK(key("1_a.txt") == "(none)");
  CHECK(key("schema.sql") == "(none)");
}

TEST_CASE("Atlas' versions are ordered as text") {
  CHECK(rc::check([] {
    const auto number = *rc::gen::inRange(1, 10000);
    const auto other = *rc::gen::inRange(1, 10000);
    const auto a = std::to_string(number);
    const auto b = std::to_string(other);
    RC_ASSERT((entry(a + "_a.sql")->version < entry(b + "_b.sql")->version) == (a < b));
  }));
}

TEST_CASE("in a directory of pairs that Atlas sums up, the down file rolls back") {
  CHECK(entry("1_a.up.sql")->id.value == "1_a");
  CHECK(entry("1_a.down.sql")->role == Role::rollback);
  CHECK(entry("1_a.down.sql")->key.value == "1");
}

TEST_CASE("a checkpoint says so in the comments that it begins with") {
  const auto role = [](std::string_view bytes) { return entry("1_a.sql", bytes)->role; };
  CHECK(role("-- atlas:checkpoint\n\nCREATE TABLE a ();") == Role::baseline);
  CHECK(role("-- why\n--  atlas:checkpoint v1\r\n\r\n") == Role::baseline);
  CHECK(role("-- atlas:checkpoint") == Role::baseline);
  CHECK(role("# atlas:checkpoint\n-- why\n \nCREATE TABLE a ();") == Role::baseline);
  CHECK(role("CREATE TABLE a ();\n-- atlas:checkpoint\n") == Role::versioned);
  CHECK(role("-- why\n\n-- atlas:checkpoint\n\n") == Role::versioned);
  // Atlas takes what no empty line parts from the statements for a comment of the first of them.
  CHECK(role("-- atlas:checkpoint\nCREATE TABLE a ();") == Role::versioned);
  CHECK(role("-- atlas:checkpoints\n") == Role::versioned);
  CHECK(role("") == Role::versioned);
}

TEST_CASE("a directory with atlas.sum is Atlas', as far as its files are not another tool's") {
  CHECK(evidence_of(tool(), alike({"atlas.sum", "1_a.sql", "2_b.sql"})) == "marked 2");
  CHECK(evidence_of(tool(), alike({"atlas.sum", "1_a.sql", "seeds/2_b.sql"})) == "marked 1");
  CHECK(evidence_of(tool(), alike({"db/atlas.sum", "db/1_a.sql"})) == "marked 1");
  CHECK(evidence_of(tool(), alike({"1_a.down.sql", "1_a.up.sql", "atlas.sum"})) == "possible 1");
  CHECK(evidence_of(tool(), alike({"V1__a.sql", "atlas.sum"})) == "named 1");
  CHECK(evidence_of(tool(), alike({"1_a.sql", "atlas.sum"}, "-- migrate:up\n")) == "named 1");
  CHECK(evidence_of(tool(), alike({"20260101000000_a.sql"})) == "possible 1");
  CHECK(evidence_of(tool(), alike({"20260101000000_a.sql"}, "-- +goose Up\n")) == "none 1");
  CHECK(evidence_of(tool(), alike({"1_a.sql"})) == "none 0");
}

TEST_CASE("where Atlas only sums up what another tool applies, the ledger decides") {
  const auto files = alike({"1_a.down.sql", "1_a.up.sql", "atlas.sum"});
  CHECK(layout_of(files) == "(none)");
  CHECK(layout_of(files, "atlas") == "atlas");
  CHECK(layout_of(files, "golang-migrate") == "golang-migrate");
}

TEST_CASE("only what lies beside atlas.sum is a migration, else what has a number in front") {
  const Files files{{"db/1_a.sql", "a"}, {"db/init.sql", "i"}, {"other/2_b.sql", "b"}};
  CHECK(ids_of(catalog_of(tool(), files)) == Strings{"1_a", "2_b"});
  CHECK(ids_of(catalog_of(tool(), {{"db/1_a.sql", "a"}, {"db/old/2_b.sql", "b"}})) ==
        Strings{"1_a"});
  auto summed = files;
  summed["db/atlas.sum"] = "h1:";
  CHECK(ids_of(catalog_of(tool(), summed)) == Strings{"1_a", "init"});
}

TEST_CASE("Atlas' table is recognised by its columns, whatever it is called") {
  CHECK(tool().recognise(ledger(), {}).words == "the columns of an Atlas ledger");
  auto early = ledger();
  std::erase_if(early.columns, [](const auto& column) {
    return column.name == "error_stmt" || column.name == "partial_hashes";
  });
  early.name = {"ops", "applied"};
  CHECK(tool().recognise(early, {}).verdict == Verdict::ledger);
  auto near = ledger();
  column(near, "total").type = "integer";
  CHECK(tool().recognise(near, {}).words ==
        "looks like an Atlas ledger, but total is integer instead of bigint");
  auto view = ledger();
  view.kind = 'v';
  CHECK(tool().recognise(view, {}).verdict == Verdict::near_miss);
  CHECK(tool().recognise(flyway_table(), {}).verdict == Verdict::no);
  CHECK(tool()
            .recognise(table("public",
                             "_sqlx_migrations",
                             {"version bigint!",
                              "description text!",
                              "installed_on timestamp with time zone!",
                              "success boolean!",
                              "checksum bytea!",
                              "execution_time bigint!"}),
                       {})
            .verdict == Verdict::no);
}

TEST_CASE("all that Atlas applied is verified by its hashes, and what follows is pending") {
  auto rows = all_applied(four);
  rows.pop_back();
  const auto after = poll(tool(), four, revisions(rows));
  CHECK(after.states() == "1 applied, 2 applied, 3 applied, 4 pending");
  CHECK(after.findings().empty());
  for (const std::string applied : {"1", "2", "3"}) {
    CHECK(after.cell(applied).content == ContentVerdict::verified);
    CHECK(after.note(applied).empty());
  }
}

TEST_CASE("one edit, however early, is one finding though all later hashes of Atlas' differ") {
  for (const auto& [path, bytes] : four) {
    CAPTURE(path);
    const auto after = poll(tool(), edited(four, path), revisions(all_applied(four)));
    CHECK(after.findings() == "checksum " + path.substr(0, 1));
  }
}

TEST_CASE("two edits are told one after the other, and what was applied since is verified") {
  const auto twice = edited(edited(four, "1_x.sql"), "3_x.sql");
  auto rows = all_applied(four);
  rows.pop_back();
  rows.push_back(all_applied(twice).back());
  const auto after = poll(tool(), twice, revisions(rows));
  CHECK(after.findings() == "checksum 1");
  CHECK(after.cell("3").content == ContentVerdict::unverifiable);
  CHECK(after.cell("4").content == ContentVerdict::verified);
}

TEST_CASE("other line endings throughout are no edit of an Atlas directory") {
  for (const bool windows_first : {false, true}) {
    const auto windows = with_crlf_throughout(four);
    const auto after = poll(tool(),
                            windows_first ? four : windows,
                            revisions(all_applied(windows_first ? windows : four)));
    CHECK(after.findings().empty());
    CHECK(after.cell("4").content == ContentVerdict::verified);
  }
  const auto after =
      poll(tool(), edited(with_crlf_throughout(four), "2_x.sql"), revisions(all_applied(four)));
  CHECK(after.findings() == "checksum 2");
}

TEST_CASE("a file that comes in between says nothing of those after it") {
  const auto before = without(four, "2_x.sql");
  const auto after = poll(tool(), four, revisions(all_applied(before)));
  CHECK(after.states() == "1 applied, 2 pending out_of_order, 3 applied, 4 applied");
  CHECK(after.findings().empty());
}

TEST_CASE("a file that was applied late says nothing of those that were there before it") {
  const auto before = without(without(four, "2_x.sql"), "4_x.sql");
  auto rows = all_applied(before);
  const auto now = hashes(four);
  rows.push_back({"2", now.at("2_x.sql")});
  rows.push_back({"4", now.at("4_x.sql")});
  const auto after = poll(tool(), four, revisions(rows));
  CHECK(after.findings() == "out_of_order 2");
  CHECK(after.cell("2").content == ContentVerdict::verified);
  CHECK(after.cell("3").content == ContentVerdict::unverifiable);
  CHECK(after.cell("4").content == ContentVerdict::verified);
}

TEST_CASE("a file that is gone is one finding, and those after it none") {
  const auto fewer = without(four, "2_x.sql");
  const auto after = poll(tool(), fewer, revisions(all_applied(four)));
  CHECK(after.findings() == "foreign 2");
}

TEST_CASE("a file deleted from an Atlas directory whose sum was made anew is all that is removed") {
  for (const auto& [gone, bytes] : four) {
    CAPTURE(gone);
    auto rest = without(four, gone);
    const auto removed = "removed " + gone.substr(0, 1);
    auto rows = all_applied(four);
    const auto before = poll(tool(), with_sum(four, total(four)), revisions(rows));
    CHECK(before.findings().empty());
    const auto short_of_one =
        poll(tool(), with_sum(rest, total(rest)), revisions(rows), before.records);
    CHECK(short_of_one.findings() == removed);
    CHECK(catalog_of(tool(), with_sum(rest, total(rest))).problems.empty());
    // What comes next is hashed without it, and what is edited then is still told.
    rest["5_x.sql"] = "SELECT 5;\n";
    rows.push_back(all_applied(rest).back());
    const auto after =
        poll(tool(), with_sum(rest, total(rest)), revisions(rows), short_of_one.records);
    CHECK(after.findings() == removed);
    CHECK(after.cell("5").content == ContentVerdict::verified);
    const auto& third = std::next(rest.begin(), 2)->first;
    const auto later = edited(rest, third);
    CHECK(poll(tool(), with_sum(later, total(later)), revisions(rows), after.records).findings() ==
          "edited " + third.substr(0, 1) + ", " + removed);
  }
}

TEST_CASE("a file that Atlas leaves out of the sum is never compared") {
  auto files = four;
  files["2_x.sql"] = "-- atlas:sum ignore\nSELECT 2;\n";
  const auto rows = revisions(all_applied(files));
  CHECK(poll(tool(), files, rows).findings().empty());
  files["2_x.sql"] += "SELECT 22;\n";
  const auto anew = poll(tool(), files, rows);
  CHECK(anew.findings().empty());
  CHECK(poll(tool(), edited(files, "3_x.sql"), rows, anew.records).findings() == "edited 3");
}

TEST_CASE("a revision of Atlas' that is half applied, or says an error, is dirty") {
  auto rows = all_applied(four);
  rows[2].applied = "1";
  rows[2].total = "3";
  rows[3].error = true;
  const auto after = poll(tool(), four, revisions(rows));
  CHECK(after.states() == "1 applied, 2 applied, 3 drifted, 4 drifted");
  CHECK(after.findings() == "dirty 3, dirty 4");
}

TEST_CASE("a revision of Atlas' that was resolved by hand is applied, whatever it says besides") {
  for (const std::string type : {"4", "6"}) {
    auto rows = all_applied(four);
    rows[3].type = type;
    rows[3].total = "3";
    rows[3].error = true;
    CHECK(poll(tool(), four, revisions(rows)).findings().empty());
  }
}

TEST_CASE("what Atlas keeps for itself in its ledger is no migration") {
  CHECK(revisions({{".atlas_cloud_identifier", "x"}, {"1", "x", "0"}, {"2", "x", "8"}, {"", "x"}})
            .empty());
}

TEST_CASE("a baseline of Atlas' stands for everything up to it") {
  auto rows = all_applied(four);
  rows.erase(rows.begin(), rows.begin() + 2);
  rows.insert(rows.begin(), {"2", "", "1", "0", "0"});
  const auto after = poll(tool(), four, revisions(rows));
  CHECK(after.states() ==
        "1 applied below_baseline, 2 applied below_baseline, 3 applied, 4 applied");
  CHECK(after.findings().empty());
}

TEST_CASE("files below a baseline of Atlas' may go, and what was applied upon it rests on them") {
  const Revision baseline{"2", "", "1", "0", "0"};
  const auto rest = without(without(four, "1_x.sql"), "2_x.sql");
  const auto all = all_applied(four);
  // They were there when it was applied, or had gone before.
  for (const auto& applied : {std::vector{baseline, all[2], all[3]},
                              std::vector{baseline, all_applied(rest)[0], all_applied(rest)[1]}}) {
    const auto first = poll(tool(), rest, revisions(applied));
    CHECK(first.states() == "3 applied, 4 applied");
    CHECK(first.findings().empty());
    CHECK(poll(tool(), edited(rest, "3_x.sql"), revisions(applied), first.records).findings() ==
          "edited 3");
  }
  CHECK(poll(tool(),
             edited(rest, "4_x.sql"),
             revisions({baseline, all_applied(rest)[0], all_applied(rest)[1]}))
            .findings() == "checksum 4");
}

TEST_CASE(
    "what lay between Atlas' files without being run, and went, is no edit of those after it") {
  for (const std::string text : {"-- atlas:checkpoint\n\nSELECT 2;\n", "SELECT 2;\n"}) {
    CAPTURE(text);
    auto files = four;
    files["2_x.sql"] = text;
    auto rows = all_applied(files);
    rows.erase(rows.begin() + 1);
    const auto before = poll(tool(), files, revisions(rows));
    CHECK(before.cell("3").content == ContentVerdict::verified);
    const auto rest = without(files, "2_x.sql");
    const auto after = poll(tool(), rest, revisions(rows), before.records);
    CHECK(after.findings().empty());
    CHECK(after.states() == "1 applied, 3 applied, 4 applied");
    CHECK(after.cell("3").content == ContentVerdict::unverifiable);
    CHECK(poll(tool(), edited(rest, "3_x.sql"), revisions(rows), after.records).findings() ==
          "edited 3");
  }
}

TEST_CASE("what failed half-way, was mended and then went on is what Atlas applied") {
  auto rows = all_applied(four);
  rows.pop_back();
  rows[2].total = "2";
  rows[2].error = true;
  const auto before = poll(tool(), four, revisions(rows));
  CHECK(before.findings() == "dirty 3");
  std::vector<StoredFinding> open;
  open.emplace_back().finding = before.standing.findings.front();
  // The hash stays that of the first attempt.
  rows[2].applied = "2";
  rows[2].error = false;
  auto mended = edited(four, "3_x.sql");
  const auto after = poll(
      catalog_of(tool(), mended), observed(tool(), revisions(rows)), before.records, false, open);
  CHECK(after.findings().empty());
  CHECK(after.states() == "1 applied, 2 applied, 3 applied, 4 pending");
  CHECK(poll(tool(), edited(mended, "3_x.sql"), revisions(rows), after.records).findings() ==
        "edited 3");
  // Who has not seen it fail cannot tell it from an edit.
  CHECK(poll(tool(), mended, revisions(rows)).findings() == "checksum 3");
}

TEST_CASE("an empty database starts from Atlas' last checkpoint, one that goes on passes it by") {
  auto files = four;
  files["3_x.sql"] = "-- atlas:checkpoint\n\nSELECT 3;\n";
  CHECK(poll(tool(), files, {}).states() ==
        "1 not_due below_baseline, 2 not_due below_baseline, 3 pending, 4 pending");
  const auto rows = all_applied(files);
  CHECK(poll(tool(), files, revisions({rows[2], rows[3]})).states() ==
        "1 applied below_baseline, 2 applied below_baseline, 3 applied, 4 applied");
  CHECK(poll(tool(), files, revisions({rows[0], rows[1], rows[3]})).states() ==
        "1 applied, 2 applied, 3 not_due skipped, 4 applied");
}

TEST_CASE("versions of Atlas' with fewer digits are in the order of text, late is late by it") {
  const Files files{{"10_x.sql", "a"}, {"1_x.sql", "b"}, {"2_x.sql", "c"}};
  CHECK(poll(tool(), files, revisions({{"1", ""}, {"2", ""}})).states() ==
        "1 applied, 10 pending out_of_order, 2 applied");
}

TEST_CASE("a rename is a note for Atlas; hashes with their prefix count") {
  const Files files{*four.begin()};
  auto rows = all_applied(files);
  rows[0].hash = "h1:" + rows[0].hash;
  const auto before = poll(tool(), files, revisions(rows));
  CHECK(before.cell("1").content == ContentVerdict::verified);
  auto renamed = revisions({{"1", ""}});
  renamed[0].id.value = "1_old";
  CHECK(poll(tool(), files, renamed, before.records).note("1") == "renamed");
}

TEST_CASE("a sum that is not of its files is told, with whatever line endings") {
  const auto problems = [](const Files& files) {
    return catalog_of(tool(), files).problems.size();
  };
  CHECK(problems(with_sum(four, total(four))) == 0);
  CHECK(problems(with_sum(with_crlf_throughout(four), total(four) + "\r")) == 0);
  CHECK(problems(with_sum(edited(four, "1_x.sql"), total(four))) == 1);
  CHECK(problems(with_sum(four, "")) == 0);
  auto with_schema = with_sum(four, "h1:x");
  with_schema["atlas.sum"] += "schema.sql h1:y\n";
  CHECK(problems(with_schema) == 0);  // ours would be another sum than Atlas'
}

TEST_CASE(
    "of files that are named as another tool's a mismatch with Atlas' hashes proves nothing") {
  for (const Files& files :
       {Files{{"1_x.down.sql", "b"}, {"1_x.up.sql", "a"}, {"atlas.sum", "h1:x\n"}},
        Files{{"V1__x.sql", "a"}, {"atlas.sum", "h1:x\n"}}}) {
    const auto catalog = catalog_of(tool(), files);
    REQUIRE(catalog.migrations.size() == 1);
    CHECK_FALSE(catalog.migrations.front().checksums.complete);
    CHECK_FALSE(catalog.migrations.front().checksums.accepted.empty());
    CHECK(catalog.problems.empty());
  }
}

TEST_CASE("with Flyway's names Atlas' versions are without their letter, in folders too") {
  const Files files{{"V1__a.sql", "a"},
                    {"U1__a.sql", "-a"},
                    {"v2/V2_1__b_c.sql", "b"},
                    {"R__views.sql", "r"},
                    {"atlas.sum", "h1:x\n"}};
  const auto catalog = catalog_of(tool(), files);
  CHECK(keys_of(catalog) == Strings{"1", "2_1"});
  CHECK(ids_of(catalog) == Strings{"1_a", "2_1_b_c"});
  CHECK(catalog.migrations[0].rollback->file == "U1__a.sql");
  CHECK(catalog.problems.empty());
  // With ?format=flyway, and with the names as they are.
  const Values flyways{"1", "a", "2", "1", "1", "1776522120123", "f", "x"};
  const Values plain{"V1", "_a", "2", "1", "1", "1776522120123", "f", "x"};
  for (const auto& row : {flyways, plain}) {
    const auto after = poll(catalog, seen(tool(), {row}));
    CHECK(after.states() == "1 applied, 2_1 pending");
    CHECK(after.findings().empty());
    CHECK(after.note("1").empty());
  }
  CHECK(key("V1_a.sql") == "V1");
  CHECK(rows_of(tool(), {{"V1", "a", "2", "1", "1", "1", "f", "x"}}).front().key.value == "V1");
  CHECK(evidence_of(tool(), alike({"V20260101000000__a.sql"})) == "none 0");
  CHECK(catalog_of(tool(), {{"v2/V2__b.sql", "b"}, {"atlas.sum", "h1:x\n"}}).problems.empty());
}

TEST_CASE("with Atlas' own names, Flyway's names in folders below are nothing") {
  const Files files{
      {"20260101000000_a.sql", "a"}, {"atlas.sum", "h1:x\n"}, {"legacy/V1__old.sql", "o"}};
  const auto catalog = catalog_of(tool(), files);
  CHECK(keys_of(catalog) == Strings{"20260101000000"});
  CHECK(catalog.migrations.front().checksums.complete);
  CHECK(evidence_of(tool(), files) == "marked 1");
}

TEST_CASE("a baseline with Flyway's name is another file than the version it stands for") {
  const Files both{
      {"B2__all.sql", "ab"}, {"V1__a.sql", "a"}, {"V2__b.sql", "b"}, {"atlas.sum", "h1:x\n"}};
  const auto catalog = catalog_of(tool(), both);
  auto keys = keys_of(catalog);
  std::ranges::sort(keys);
  CHECK(keys == Strings{"1", "2", "B2"});
  CHECK(catalog.problems.empty());
  CHECK(keys_of(catalog_of(tool(), without(both, "V2__b.sql"))) == Strings{"1", "2"});
  const Values alone{"B2", "_all", "2", "1", "1", "1776522120123", "f", "x"};
  const Values other{"V2", "_b", "2", "1", "1", "1776522120124", "f", "x"};
  const Values native{"B2", "all", "2", "1", "1", "1776522120123", "f", "x"};
  CHECK(rows_of(tool(), {alone}).front().key.value == "2");
  CHECK(rows_of(tool(), {alone}).front().id.value == "2_all");
  CHECK(rows_of(tool(), {alone, other}).front().key.value == "B2");
  CHECK(rows_of(tool(), {alone, other}).back().key.value == "2");
  CHECK(rows_of(tool(), {native}).front().key.value == "B2");
}

TEST_CASE("goose's and dbmate's files that Atlas applies have its versions as text") {
  const Files files{{"00001_a.sql", "-- +goose Up\nSELECT 1;\n"},
                    {"00002_b.sql", "-- +goose Up\n"}};
  auto rows = all_applied(files);
  rows.pop_back();
  const auto after = poll(tool(), files, revisions(rows));
  CHECK(after.states() == "00001 applied, 00002 pending");
  CHECK(after.findings().empty());
}

TEST_CASE("what cannot be read stops the sums, and proves nothing of what follows") {
  const auto failing_with = [&](Errc code) {
    return tool().arrange(
        scanned(tool(), four), [&](const ScannedFile& file) -> Result<std::string> {
          return file.path == "2_x.sql" ? Result<std::string>(fail(code, "no")) : "SELECT 1;\n";
        });
  };
  const auto catalog = failing_with(Errc::invalid);
  REQUIRE(catalog);
  CHECK(catalog->migrations[0].checksums.complete);
  for (const std::size_t i : {1U, 2U, 3U}) {
    CHECK(catalog->migrations[i].checksums == TheirChecksums{{}, false});
  }
  CHECK(failing_with(Errc::conflict).error().code == Errc::conflict);
}

TEST_CASE("Atlas' advisory lock is a hash of its name") {
  CHECK(tool().advisory_locks(ledger(), "shop") == std::vector<std::int64_t>{2686470616});
}

TEST_CASE("what Atlas' ledger is asked is documented") {
  auto relation = ledger();
  CHECK(is_documented(tool().select_rows(relation)));
  CHECK(is_documented(*tool().select_tail(relation)));
  relation.primary_key.clear();
  CHECK_FALSE(tool().select_tail(relation));
}
