#include <doctest/doctest.h>

#include <map>

#include <rapidcheck.h>

#include "adapters/tools/atlas_sum.h"
#include "adapters/tools/hash.h"
#include "adapters/tools/layout.h"
#include "tests/adapters/tools/polls.h"
#include "tests/adapters/tools/relations.h"
#include "tests/adapters/tools/statements.h"

using namespace tidemark;
using namespace tidemark::test;

namespace {

using Role = FileEntry::Role;
using Strength = LayoutEvidence::Strength;
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

LayoutEvidence evidence(const std::vector<std::string>& paths, const std::string& head = "") {
  return tool().layout_evidence({paths, [&](const std::string&) { return head; }});
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
std::map<std::string, std::string> hashes(const TextFiles& files) {
  AtlasSum sum;
  std::map<std::string, std::string> all;
  for (const auto& file : files) {
    all[file.path] = sum.add(file.path, file.bytes);
  }
  return all;
}

std::string total(const TextFiles& files) {
  AtlasSum sum;
  for (const auto& file : files) {
    sum.add(file.path, file.bytes);
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
std::vector<Revision> all_applied(const TextFiles& files) {
  const auto hash = hashes(files);
  std::vector<Revision> all;
  for (const auto& file : files) {
    all.push_back({file.path.substr(0, file.path.find('_')), hash.at(file.path)});
  }
  return all;
}

const TextFiles four{{"1_x.sql", "SELECT 1;\n"},
                     {"2_x.sql", "SELECT 2;\n"},
                     {"3_x.sql", "SELECT 3;\n"},
                     {"4_x.sql", "SELECT 4;\n"}};

TextFiles edited(TextFiles files, std::size_t at) {
  files[at].bytes += "-- more\n";
  return files;
}

TextFiles with_crlf_throughout(TextFiles files) {
  for (auto& file : files) {
    file.bytes = with_crlf(file.bytes);
  }
  return files;
}

TextFiles with_sum(TextFiles files, const std::string& first_line) {
  files.push_back({"atlas.sum", first_line + "\n1_x.sql h1:…\n"});
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
  CHECK(role("CREATE TABLE a ();\n-- atlas:checkpoint\n") == Role::versioned);
  CHECK(role("-- atlas:checkpoints\n") == Role::versioned);
  CHECK(role("") == Role::versioned);
}

TEST_CASE("a directory with atlas.sum is Atlas', as far as its files are not another tool's") {
  CHECK(evidence({"atlas.sum", "1_a.sql", "2_b.sql"}).strength == Strength::marked);
  CHECK(evidence({"atlas.sum", "1_a.sql", "seeds/2_b.sql"}).files == 1);
  CHECK(evidence({"db/atlas.sum", "db/1_a.sql"}).strength == Strength::marked);
  CHECK(evidence({"1_a.down.sql", "1_a.up.sql", "atlas.sum"}).strength == Strength::possible);
  CHECK(evidence({"V1__a.sql", "atlas.sum"}).strength == Strength::named);
  CHECK(evidence({"1_a.sql", "atlas.sum"}, "-- migrate:up\n").strength == Strength::named);
  CHECK(evidence({"20260101000000_a.sql"}).strength == Strength::possible);
  CHECK(evidence({"20260101000000_a.sql"}, "-- +goose Up\n").strength == Strength::none);
  CHECK(evidence({"1_a.sql"}).strength == Strength::none);
}

TEST_CASE("where Atlas only sums up what another tool applies, the ledger decides") {
  const std::vector<std::string> paths{"1_a.down.sql", "1_a.up.sql", "atlas.sum"};
  const DirectoryView directory{paths, [](const std::string&) { return std::string(); }};
  CHECK(choose_layout("auto", directory).tool == nullptr);
  CHECK(choose_layout("auto", directory, "atlas").tool == &tool());
  CHECK(choose_layout("auto", directory, "golang-migrate").tool == find_tool("golang-migrate"));
}

TEST_CASE("only what lies beside atlas.sum is a migration, else what has a number in front") {
  const auto ids = [](const TextFiles& files) {
    std::string all;
    for (const auto& migration : arranged(tool(), files).migrations) {
      all += migration.id.value + " ";
    }
    return all;
  };
  const TextFiles files{{"db/1_a.sql", "a"}, {"db/init.sql", "i"}, {"other/2_b.sql", "b"}};
  CHECK(ids(files) == "1_a 2_b ");
  auto summed = files;
  summed.push_back({"db/atlas.sum", "h1:"});
  CHECK(ids(summed) == "1_a init ");
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
  Polls polls(tool());
  auto rows = all_applied(four);
  rows.pop_back();
  const auto& standing = polls.poll(four, revisions(rows));
  CHECK(states(standing) == "1 applied, 2 applied, 3 applied, 4 pending");
  CHECK(findings(standing).empty());
  for (const std::string applied : {"1", "2", "3"}) {
    CHECK(standing.find({applied})->cell.content == ContentVerdict::verified);
    CHECK(standing.find({applied})->cell.note.empty());
  }
}

TEST_CASE("one edit, however early, is one finding though all later hashes of Atlas' differ") {
  for (std::size_t i = 0; i < four.size(); ++i) {
    CAPTURE(i);
    Polls polls(tool());
    const auto& standing = polls.poll(edited(four, i), revisions(all_applied(four)));
    CHECK(findings(standing) == "checksum " + std::to_string(i + 1));
  }
}

TEST_CASE("two edits are told one after the other, and what was applied since is verified") {
  Polls polls(tool());
  const auto twice = edited(edited(four, 0), 2);
  auto rows = all_applied(four);
  rows.pop_back();
  rows.push_back(all_applied(twice).back());
  const auto& standing = polls.poll(twice, revisions(rows));
  CHECK(findings(standing) == "checksum 1");
  CHECK(standing.find({"3"})->cell.content == ContentVerdict::unverifiable);
  CHECK(standing.find({"4"})->cell.content == ContentVerdict::verified);
}

TEST_CASE("other line endings throughout are no edit of an Atlas directory") {
  for (const bool windows_first : {false, true}) {
    Polls polls(tool());
    const auto windows = with_crlf_throughout(four);
    const auto& standing = polls.poll(windows_first ? four : windows,
                                      revisions(all_applied(windows_first ? windows : four)));
    CHECK(findings(standing).empty());
    CHECK(standing.find({"4"})->cell.content == ContentVerdict::verified);
  }
  Polls polls(tool());
  const auto& standing =
      polls.poll(edited(with_crlf_throughout(four), 1), revisions(all_applied(four)));
  CHECK(findings(standing) == "checksum 2");
}

TEST_CASE("a file that comes in between says nothing of those after it") {
  Polls polls(tool());
  const TextFiles before{four[0], four[2], four[3]};
  const auto& standing = polls.poll(four, revisions(all_applied(before)));
  CHECK(states(standing) == "1 applied, 2 pending out_of_order, 3 applied, 4 applied");
  CHECK(findings(standing).empty());
}

TEST_CASE("a file that was applied late says nothing of those that were there before it") {
  const TextFiles before{four[0], four[2]};
  auto rows = all_applied(before);
  const auto now = hashes(four);
  rows.push_back({"2", now.at("2_x.sql")});
  rows.push_back({"4", now.at("4_x.sql")});
  Polls polls(tool());
  const auto& standing = polls.poll(four, revisions(rows));
  CHECK(findings(standing) == "out_of_order 2");
  CHECK(standing.find({"2"})->cell.content == ContentVerdict::verified);
  CHECK(standing.find({"3"})->cell.content == ContentVerdict::unverifiable);
  CHECK(standing.find({"4"})->cell.content == ContentVerdict::verified);
}

TEST_CASE("a file that is gone is one finding, and those after it none") {
  Polls polls(tool());
  const TextFiles fewer{four[0], four[2], four[3]};
  const auto& standing = polls.poll(fewer, revisions(all_applied(four)));
  CHECK(findings(standing) == "foreign 2");
}

TEST_CASE("a file deleted from an Atlas directory whose sum was made anew is all that is removed") {
  for (std::size_t gone = 0; gone < four.size(); ++gone) {
    CAPTURE(gone);
    auto rest = four;
    rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(gone));
    const auto removed = "removed " + std::to_string(gone + 1);
    Polls polls(tool());
    auto rows = all_applied(four);
    CHECK(findings(polls.poll(with_sum(four, total(four)), revisions(rows))).empty());
    CHECK(findings(polls.poll(with_sum(rest, total(rest)), revisions(rows))) == removed);
    CHECK(arranged(tool(), with_sum(rest, total(rest))).problems.empty());
    // What comes next is hashed without it, and what is edited then is still told.
    rest.push_back({"5_x.sql", "SELECT 5;\n"});
    rows.push_back(all_applied(rest).back());
    const auto& standing = polls.poll(with_sum(rest, total(rest)), revisions(rows));
    CHECK(findings(standing) == removed);
    CHECK(standing.find({"5"})->cell.content == ContentVerdict::verified);
    auto later = edited(rest, 2);
    const auto key = later[2].path.substr(0, 1);
    CHECK(findings(polls.poll(with_sum(later, total(later)), revisions(rows))) ==
          "edited " + key + ", " + removed);
  }
}

TEST_CASE("a file that Atlas leaves out of the sum is never compared") {
  auto files = four;
  files[1].bytes = "-- atlas:sum ignore\nSELECT 2;\n";
  Polls polls(tool());
  const auto rows = revisions(all_applied(files));
  CHECK(findings(polls.poll(files, rows)).empty());
  files[1].bytes += "SELECT 22;\n";
  Polls anew(tool());
  CHECK(findings(anew.poll(files, rows)).empty());
  CHECK(findings(anew.poll(edited(files, 2), rows)) == "edited 3");
}

TEST_CASE("a revision of Atlas' that is half applied, or says an error, is dirty") {
  Polls polls(tool());
  auto rows = all_applied(four);
  rows[2].applied = "1";
  rows[2].total = "3";
  rows[3].error = true;
  const auto& standing = polls.poll(four, revisions(rows));
  CHECK(states(standing) == "1 applied, 2 applied, 3 drifted, 4 drifted");
  CHECK(findings(standing) == "dirty 3, dirty 4");
}

TEST_CASE("a revision of Atlas' that was resolved by hand is applied, whatever it says besides") {
  for (const std::string type : {"4", "6"}) {
    Polls polls(tool());
    auto rows = all_applied(four);
    rows[3].type = type;
    rows[3].total = "3";
    rows[3].error = true;
    CHECK(findings(polls.poll(four, revisions(rows))).empty());
  }
}

TEST_CASE("what Atlas keeps for itself in its ledger is no migration") {
  CHECK(revisions({{".atlas_cloud_identifier", "x"}, {"1", "x", "0"}, {"2", "x", "8"}, {"", "x"}})
            .empty());
}

TEST_CASE("a baseline of Atlas' stands for everything up to it") {
  Polls polls(tool());
  auto rows = all_applied(four);
  rows.erase(rows.begin(), rows.begin() + 2);
  rows.insert(rows.begin(), {"2", "", "1", "0", "0"});
  const auto& standing = polls.poll(four, revisions(rows));
  CHECK(states(standing) ==
        "1 applied below_baseline, 2 applied below_baseline, 3 applied, 4 applied");
  CHECK(findings(standing).empty());
  // The files that it stands for need not be there: the first that is rests on nothing.
  Polls without(tool());
  const TextFiles rest{four[2], four[3]};
  auto later = all_applied(rest);
  later.insert(later.begin(), {"2", "", "1", "0", "0"});
  CHECK(findings(without.poll(edited(rest, 0), revisions(later))) == "checksum 3");
}

TEST_CASE("an empty database starts from Atlas' last checkpoint, one that goes on passes it by") {
  auto files = four;
  files[2].bytes = "-- atlas:checkpoint\n\nSELECT 3;\n";
  Polls empty(tool());
  CHECK(states(empty.poll(files, {})) ==
        "1 not_due below_baseline, 2 not_due below_baseline, 3 pending, 4 pending");
  const auto rows = all_applied(files);
  Polls started(tool());
  CHECK(states(started.poll(files, revisions({rows[2], rows[3]}))) ==
        "1 applied below_baseline, 2 applied below_baseline, 3 applied, 4 applied");
  Polls older(tool());
  CHECK(states(older.poll(files, revisions({rows[0], rows[1], rows[3]}))) ==
        "1 applied, 2 applied, 3 not_due skipped, 4 applied");
}

TEST_CASE("versions of Atlas' with fewer digits are in the order of text, late is late by it") {
  const TextFiles files{{"10_x.sql", "a"}, {"1_x.sql", "b"}, {"2_x.sql", "c"}};
  Polls polls(tool());
  CHECK(states(polls.poll(files, revisions({{"1", ""}, {"2", ""}}))) ==
        "1 applied, 10 pending out_of_order, 2 applied");
}

TEST_CASE("a rename is a note for Atlas; hashes with their prefix count") {
  Polls polls(tool());
  auto rows = all_applied({four[0]});
  rows[0].hash = "h1:" + rows[0].hash;
  CHECK(polls.poll({four[0]}, revisions(rows)).find({"1"})->cell.content ==
        ContentVerdict::verified);
  auto renamed = revisions({{"1", ""}});
  renamed[0].id.value = "1_old";
  CHECK(polls.poll({four[0]}, renamed).find({"1"})->cell.note == "renamed");
}

TEST_CASE("a sum that is not of its files is told, with whatever line endings") {
  const auto problems = [](const TextFiles& files) {
    return arranged(tool(), files).problems.size();
  };
  CHECK(problems(with_sum(four, total(four))) == 0);
  CHECK(problems(with_sum(with_crlf_throughout(four), total(four) + "\r")) == 0);
  CHECK(problems(with_sum(edited(four, 0), total(four))) == 1);
  CHECK(problems(with_sum(four, "")) == 0);
  auto with_schema = with_sum(four, "h1:x");
  with_schema.back().bytes += "schema.sql h1:y\n";
  CHECK(problems(with_schema) == 0);  // ours would be another sum than Atlas'
}

TEST_CASE(
    "of files that are named as another tool's a mismatch with Atlas' hashes proves nothing") {
  for (const TextFiles& files :
       {TextFiles{{"1_x.down.sql", "b"}, {"1_x.up.sql", "a"}, {"atlas.sum", "h1:x\n"}},
        TextFiles{{"V1__x.sql", "a"}, {"atlas.sum", "h1:x\n"}}}) {
    const auto catalog = arranged(tool(), files);
    REQUIRE(catalog.migrations.size() == 1);
    CHECK_FALSE(catalog.migrations.front().checksums.complete);
    CHECK_FALSE(catalog.migrations.front().checksums.accepted.empty());
    CHECK(catalog.problems.empty());
  }
}

TEST_CASE("what cannot be read stops the sums, and proves nothing of what follows") {
  std::vector<ScannedFile> scanned;
  for (const auto& file : four) {
    scanned.push_back({file.path, content_of(file.bytes), tool().entries(file.path, file.bytes)});
  }
  const auto failing_with = [&](Errc code) {
    return tool().arrange(scanned, [&](const ScannedFile& file) -> Result<std::string> {
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
