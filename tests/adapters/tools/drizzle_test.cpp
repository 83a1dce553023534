#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>

#include "adapters/tools/choice.h"
#include "adapters/tools/drizzle_journal.h"
#include "tests/adapters/tools/polled.h"
#include "tests/adapters/tools/relations.h"
#include "tests/adapters/tools/statements.h"

using namespace tidemark;
using namespace tidemark::test;

namespace {

using Verdict = Recognition::Verdict;

const Tool& drizzle() {
  return *find_tool("drizzle");
}

Relation table_of_0(std::string schema = "drizzle", std::string name = "__drizzle_migrations") {
  return table(std::move(schema),
               std::move(name),
               {"id integer!", "hash text!", "created_at bigint"},
               {"id"});
}

Relation table_of_1() {
  auto relation = table_of_0();
  relation.columns.push_back({"name", "text", false});
  relation.columns.push_back({"applied_at", "timestamp with time zone", false});
  return relation;
}

const std::string hash_of_a = "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb";
const std::string hash_of_b = "3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d";

// 2026-04-18 14:30:00.123 and 14:31:00 and 14:32:00, in UTC.
constexpr std::int64_t first = 1776522600123;
constexpr std::int64_t second = 1776522660000;
constexpr std::int64_t third = 1776522720000;

using FilesJournal = std::vector<std::pair<std::string, std::int64_t>>;

std::string journal(const FilesJournal& entries) {
  std::string text = R"({"version":"7","dialect":"postgresql","entries":[)";
  for (std::size_t i = 0; i < entries.size(); ++i) {
    text += (i == 0 ? "" : ",") + std::string(R"({"idx":)") + std::to_string(i) +
            R"(,"version":"7","when":)" + std::to_string(entries[i].second) + R"(,"tag":")" +
            entries[i].first + R"(","breakpoints":true})";
  }
  return text + "]}";
}

// A row of the ledger: hash, created_at, and since 1.0 a name.
struct Applied {
  std::string hash;
  std::optional<std::int64_t> created_at;
  std::optional<std::string> name{};
};

std::vector<Row> ledger(const std::vector<Applied>& rows) {
  std::vector<Values> values;
  for (const auto& row : rows) {
    values.push_back(
        {std::to_string(values.size() + 1),
         row.hash,
         row.created_at ? std::optional(std::to_string(*row.created_at)) : std::nullopt,
         row.name,
         row.name ? std::optional(std::string("60000")) : std::nullopt});
  }
  return rows_of(drizzle(), std::move(values));
}

Files project(const FilesJournal& entries, Files files) {
  files.emplace("meta/_journal.json", journal(entries));
  return files;
}

const Files two_of_0 =
    project({{"0000_a", first}, {"0001_b", second}}, {{"0000_a.sql", "a"}, {"0001_b.sql", "b"}});
const Files two_of_1{{"20260418143000_a/migration.sql", "a"},
                     {"20260418143000_a/snapshot.json", "{}"},
                     {"20260418143100_b/migration.sql", "b"},
                     {"20260418143100_b/snapshot.json", "{}"}};
const std::string key_of_a = "20260418143000";
const std::string key_of_b = "20260418143100";

// The key of what is not the first of its second.
std::string exact(std::int64_t ms) {
  return drizzle_second(ms) + "." + std::to_string(1000 + ms % 1000).substr(1);
}

}  // namespace

TEST_CASE("the journal gives Drizzle's files their times, and those are what the ledger knows") {
  const auto catalog = catalog_of(drizzle(), two_of_0);
  REQUIRE(ids_of(catalog) == Strings{"0000_a", "0001_b"});
  CHECK(catalog.problems.empty());
  const auto& a = catalog.migrations[0];
  CHECK(a.key.value == key_of_a);
  CHECK(a.version == Version::parse("20260418143000.123"));
  CHECK(a.version_text == "20260418143000.123");
  CHECK(a.description == "a");
  CHECK(a.file == "0000_a.sql");
  CHECK(catalog.migrations[1].version_text == "20260418143100");
  CHECK(catalog.rules.late == LayoutRules::Late::skipped);
}

TEST_CASE("since 1.0 a folder's name says of when a Drizzle migration is") {
  const auto catalog = catalog_of(drizzle(), two_of_1);
  REQUIRE(ids_of(catalog) == Strings{"20260418143000_a", "20260418143100_b"});
  CHECK(catalog.migrations[0].key.value == key_of_a);
  CHECK(catalog.migrations[0].description == "a");
  CHECK(catalog.rules.late == LayoutRules::Late::runs);
  CHECK(ids_of(catalog_of(drizzle(), {{"init/migration.sql", "a"}, *two_of_1.begin()})) ==
        Strings{"20260418143000_a"});
}

TEST_CASE("a file that the journal does not list is never run, and one that is gone is told") {
  const auto catalog = catalog_of(drizzle(),
                                  project({{"0000_a", first}, {"0001_gone", second}},
                                          {{"0000_a.sql", "a"},
                                           {"0002_draft.sql", "b"},
                                           {"seeds/first.sql", "c"},
                                           {"meta/0000_snapshot.json", "{}"}}));
  CHECK(ids_of(catalog) == Strings{"0000_a"});
  CHECK(catalog.problems ==
        std::vector<CatalogProblem>{
            {"0002_draft.sql", "is not in the journal: Drizzle does not run it"},
            {"meta/_journal.json", "lists 0001_gone, which is not here"}});
}

TEST_CASE("a journal that cannot be read fails aloud: nothing is concluded from it") {
  for (const auto* text : {"<<<<<<< HEAD",
                           "",
                           "[]",
                           "{}",
                           R"({"entries":{}})",
                           R"({"entries":[1]})",
                           R"({"entries":[{"tag":"a"}]})",
                           R"({"entries":[{"tag":"a","when":"now"}]})",
                           R"({"entries":[{"tag":1,"when":1}]})",
                           R"({"entries":[{"tag":"a","when":1e300}]})"}) {
    CAPTURE(text);
    const auto catalog = arranged(drizzle(), {{"0000_a.sql", "a"}, {"meta/_journal.json", text}});
    REQUIRE_FALSE(catalog);
    CHECK(catalog.error().code == Errc::invalid);
    CHECK(catalog.error().detail.starts_with("meta/_journal.json: is no journal of Drizzle: "));
  }
  CHECK(arranged(drizzle(), {{"0000_a.sql", "a"}}).error().detail ==
        "meta/_journal.json is missing, which lists the files");
  const std::string deep(100'000, '[');
  CHECK_FALSE(parse_drizzle_journal(deep));
  CHECK(parse_drizzle_journal(R"({"entries":[]})")->entries.empty());
}

TEST_CASE("a journal of another kind of database is left out beside PostgreSQL's") {
  Files files;
  for (const auto& [path, bytes] : two_of_0) {
    files.emplace("pg/" + path, bytes);
  }
  const auto of = [](const std::string& dialect) {
    auto text = journal({{"0000_c", third}});
    return text.replace(text.find("postgresql"), std::string("postgresql").size(), dialect);
  };
  files["lite/0000_c.sql"] = "c";
  for (const std::string dialect : {"sqlite", "mysql", "turso"}) {
    files["lite/meta/_journal.json"] = of(dialect);
    CHECK(ids_of(catalog_of(drizzle(), files)) == Strings{"0000_a", "0001_b"});
    CHECK(catalog_of(drizzle(), files).problems.empty());
    CHECK(arranged(drizzle(), {{"0000_c.sql", "c"}, {"meta/_journal.json", of(dialect)}})
              .error()
              .detail == "meta/_journal.json is of another database's files");
  }
  for (const std::string dialect : {"pg", "whatever"}) {
    files["lite/meta/_journal.json"] = of(dialect);
    CHECK(ids_of(catalog_of(drizzle(), files)) == Strings{"0000_a", "0001_b", "0000_c"});
  }
}

TEST_CASE(
    "a journal whose times go back is a problem: where the later one ran the earlier is not") {
  const Files files = project({{"0000_a", first}, {"0001_c", third}, {"0002_b", second}},
                              {{"0000_a.sql", "a"}, {"0001_c.sql", "c"}, {"0002_b.sql", "b"}});
  const auto catalog = catalog_of(drizzle(), files);
  CHECK(catalog.problems ==
        std::vector<CatalogProblem>{
            {"0002_b.sql",
             "comes after 0001_c in the journal with an earlier time: Drizzle skips it where "
             "0001_c is applied"}});
  const auto after = poll(drizzle(), files, ledger({{hash_of_a, first}, {"c", third}}));
  CHECK(after.state(key_of_b) == "not_due");
  CHECK(after.reason(key_of_b) == "skipped");
}

TEST_CASE("what the journal has behind all that is applied is pending") {
  const auto after = poll(drizzle(), two_of_0, ledger({{hash_of_a, first}}));
  CHECK(after.state(key_of_a) == "applied");
  CHECK(after.cell(key_of_a).content == ContentVerdict::verified);
  CHECK(after.note(key_of_a).empty());
  CHECK(after.state(key_of_b) == "pending");
  CHECK(after.findings().empty());
}

TEST_CASE("since 1.0 a late migration is run next") {
  const auto after = poll(drizzle(), two_of_1, ledger({{hash_of_b, second, "20260418143100_b"}}));
  CHECK(after.state(key_of_a) == "pending");
  CHECK(after.cell(key_of_b).content == ContentVerdict::verified);
}

TEST_CASE("Drizzle's hash is the SHA-256 of the file, whatever its line ends and mark were") {
  const std::string text =
      "CREATE TABLE \"da\" (\"id\" serial PRIMARY KEY NOT NULL);\n--> statement-breakpoint\n"
      "CREATE TABLE \"db\" (\"id\" int);\n";
  const auto checksums = drizzle().entries("0000_a.sql", text).front().checksums;
  CHECK(checksums.accepted.front() ==
        "b82739ad96722583ab3d1f29e4373e7f2610fdcdfb699610cc49b775f885e329");
  CHECK(checksums.complete);
  CHECK(checksums.accepted.size() == 4);
  std::string crlf;
  for (const char c : text) {
    crlf += c == '\n' ? "\r\n" : std::string(1, c);
  }
  const auto of_crlf = drizzle().entries("0000_a.sql", crlf).front().checksums.accepted;
  CHECK(std::ranges::is_permutation(of_crlf, checksums.accepted));
  const auto marked = drizzle().entries("0000_a.sql", "\xEF\xBB\xBF" + text).front().checksums;
  CHECK(std::ranges::is_permutation(marked.accepted, checksums.accepted));
  CHECK(marked.accepted.front() != checksums.accepted.front());
  CHECK_FALSE(drizzle().entries("0000_a.sql", "\xFF").front().checksums.complete);
  CHECK_FALSE(drizzle().entries_by_name("0000_a.sql").front().checksums.complete);
}

TEST_CASE("a Drizzle file that was edited after it was applied is found by its hash") {
  auto files = two_of_0;
  files["0000_a.sql"] = "edited";
  CHECK(poll(drizzle(), files, ledger({{hash_of_a, first}, {hash_of_b, second}})).findings() ==
        "checksum " + key_of_a);
}

TEST_CASE("an upgrade to Drizzle 1.0 renames files and widens the ledger, and nothing is drift") {
  const auto of_0 = ledger({{hash_of_a, first}, {hash_of_b, second}});
  const auto of_1 =
      ledger({{hash_of_a, first, "20260418143000_a"}, {hash_of_b, second, "20260418143100_b"}});
  const auto before = poll(drizzle(), two_of_0, of_0);
  CHECK(before.findings().empty());
  for (const auto& [files, answer] :
       {std::pair(two_of_1, of_0), std::pair(two_of_1, of_1), std::pair(two_of_0, of_1)}) {
    const auto after = poll(drizzle(), files, answer, before.records);
    CHECK(after.findings().empty());
    CHECK(after.state(key_of_a) == "applied");
    CHECK(after.state(key_of_b) == "applied");
    CHECK(after.records.size() == 2);
  }
}

TEST_CASE("a name that an upgrade found by the hash counts, not the time beside it") {
  const auto after =
      poll(drizzle(), two_of_1, ledger({{hash_of_a, first - 60'000, "20260418143000_a"}}));
  CHECK(after.state(key_of_a) == "applied");
  CHECK(after.findings().empty());
}

TEST_CASE("of several migrations of one second the first has that for its key") {
  const Files files = project({{"0000_a", first}, {"0001_b", first + 1}},
                              {{"0000_a.sql", "a"}, {"0001_b.sql", "b"}});
  const auto catalog = catalog_of(drizzle(), files);
  REQUIRE(catalog.migrations.size() == 2);
  CHECK(catalog.migrations[0].key.value == key_of_a);
  CHECK(catalog.migrations[1].key.value == key_of_a + ".124");
  CHECK(catalog.problems.empty());
  const auto after = poll(drizzle(), files, ledger({{hash_of_a, first}, {hash_of_b, first + 1}}));
  CHECK(after.cell(key_of_a).content == ContentVerdict::verified);
  CHECK(after.cell(key_of_a + ".124").content == ContentVerdict::verified);
}

TEST_CASE("a migration that comes between others of its second leaves them what they are") {
  const auto answer = ledger({{hash_of_a, first}, {hash_of_b, first + 2}});
  const auto before = poll(drizzle(),
                           project({{"0000_a", first}, {"0001_b", first + 2}},
                                   {{"0000_a.sql", "a"}, {"0001_b.sql", "b"}}),
                           answer);
  CHECK(before.findings().empty());
  // Behind, between and, by its time though not by its place, before them.
  for (const auto& entries :
       {FilesJournal{{"0000_a", first}, {"0001_b", first + 2}, {"0002_c", first + 3}},
        FilesJournal{{"0000_a", first}, {"0002_c", first + 1}, {"0001_b", first + 2}},
        FilesJournal{{"0000_a", first}, {"0001_b", first + 2}, {"0002_c", first - 1}}}) {
    const auto after =
        poll(drizzle(),
             project(entries, {{"0000_a.sql", "a"}, {"0001_b.sql", "b"}, {"0002_c.sql", "c"}}),
             answer,
             before.records);
    CHECK(after.findings().empty());
    CHECK(after.cell(key_of_a).content == ContentVerdict::verified);
    CHECK(after.cell(key_of_a + ".125").content == ContentVerdict::verified);
    const bool behind = entries.back().second > first + 2;
    const auto& late =
        after.cell(exact(entries[1].first == "0002_c" ? entries[1].second : entries[2].second));
    CHECK(late.state == (behind ? CellState::pending : CellState::not_due));
    CHECK(late.reason == (behind ? "" : "skipped"));
  }
}

TEST_CASE("of two of the very same time Drizzle skips the one that comes to the other") {
  const Files files =
      project({{"0000_a", second}, {"0001_b", second}}, {{"0000_a.sql", "a"}, {"0001_b.sql", "b"}});
  CHECK(catalog_of(drizzle(), files).problems ==
        std::vector<CatalogProblem>{
            {"0001_b.sql",
             "comes after 0000_a in the journal with the same time: Drizzle skips it where 0000_a "
             "is applied"}});
  const auto after = poll(drizzle(), files, ledger({{hash_of_a, second}}));
  CHECK(after.findings().empty());
  CHECK(after.reason(key_of_b + ".000") == "skipped");
  const auto both = poll(drizzle(), files, ledger({{hash_of_a, second}, {hash_of_b, second}}));
  CHECK(both.cell(key_of_b + ".000").content == ContentVerdict::verified);
}

TEST_CASE(
    "since 1.0 two of one second are told apart by their names, and that it may fail is told") {
  const Files files{{"20260418143000_b/migration.sql", "b"},
                    {"20260418143000_a/migration.sql", "a"}};
  const auto catalog = catalog_of(drizzle(), files);
  REQUIRE(catalog.problems.size() == 1);
  CHECK(catalog.problems[0].what.starts_with("is of the same second as 20260418143000_a: "));
  // Whatever was applied first, before 1.0 or since.
  for (const auto time : {first, first - 123}) {
    const auto after = poll(drizzle(),
                            files,
                            ledger({{hash_of_b, first - 123, "20260418143000_b"},
                                    {hash_of_a, time, "20260418143000_a"}}));
    CHECK(after.findings().empty());
    CHECK(after.cell(key_of_a).content == ContentVerdict::verified);
    CHECK(after.cell("20260418143000_b").content == ContentVerdict::verified);
  }
}

TEST_CASE("what two runs at the same time recorded twice is one migration") {
  const auto after = poll(
      drizzle(), two_of_0, ledger({{hash_of_a, first}, {hash_of_a, first}, {hash_of_b, second}}));
  CHECK(after.findings().empty());
  CHECK(after.standing.lines.size() == 2);
}

TEST_CASE("old files that were thrown away are archived, a row beyond the files is foreign") {
  const Files files = project({{"0000_b", second}}, {{"0000_b.sql", "b"}});
  const auto after =
      poll(drizzle(), files, ledger({{hash_of_a, first}, {hash_of_b, second}, {"x", third}}));
  CHECK(after.reason(key_of_a) == "archived");
  CHECK(after.findings() == "foreign 20260418143200");
}

TEST_CASE("a row of Drizzle has the second of its migration as key, and a name since 1.0") {
  const auto rows = ledger({{hash_of_a, first},
                            {hash_of_b, second, "20260418143100_b"},
                            {"c", {}, "20260418143200_c"},
                            {"d", {}}});
  REQUIRE(rows.size() == 4);
  CHECK(rows[0].key.value == key_of_a);
  CHECK(rows[0].id.value == key_of_a);
  CHECK_FALSE(rows[0].at);
  CHECK(rows[0].checksum == hash_of_a);
  CHECK(rows[0].token == "1");
  CHECK(rows[1].id.value == "20260418143100_b");
  CHECK(rows[1].at == TimePoint(std::chrono::minutes(1)));
  CHECK(rows[2].key.value == "20260418143200");
  CHECK(rows[3].key.value == "row 4");
  ResultSet narrow;
  narrow.rows.push_back({"1"});
  CHECK(drizzle().rows(narrow).error().code == Errc::broken);
}

TEST_CASE("times of any size have a text") {
  CHECK(drizzle_second(0) == "19700101000000");
  CHECK(drizzle_second(253402300799999) == "99991231235959");
  CHECK(drizzle_second(253402300800000) == "253402300800000");
  CHECK(drizzle_second(-1) == "-1");
  CHECK(drizzle_second(1709164800000) == "20240229000000");
}

TEST_CASE("a journal beside the files, or a snapshot within each folder, marks Drizzle's layout") {
  CHECK(evidence_of(drizzle(), two_of_0) == "marked 2");
  CHECK(evidence_of(drizzle(), two_of_1) == "marked 2");
  CHECK(evidence_of(drizzle(), {{"20260418143000_a/migration.sql", ""}}) == "none 0");
  CHECK(evidence_of(drizzle(), {{"0000_a.sql", ""}, {"other/meta/_journal.json", ""}}) == "none 0");
  auto prisma = two_of_1;
  prisma.emplace("migration_lock.toml", "");
  CHECK(evidence_of(drizzle(), prisma) == "none 0");
  Files below;
  for (const auto& [path, bytes] : two_of_0) {
    below.emplace("packages/db/drizzle/" + path, bytes);
  }
  CHECK(evidence_of(drizzle(), below) == "marked 2");
  CHECK(catalog_of(drizzle(), below).migrations.size() == 2);
}

TEST_CASE("Drizzle's ledger is recognised by its columns, and before 1.0 by its name besides") {
  const auto verdict = [](const Relation& relation) {
    return drizzle().recognise(relation, {}).verdict;
  };
  CHECK(drizzle().recognise(table_of_0(), {}).words == "the columns of Drizzle before 1.0");
  CHECK(verdict(table_of_0()) == Verdict::ledger);
  CHECK(verdict(table_of_0("public", "app_migrations")) == Verdict::ledger);
  CHECK(verdict(table_of_0("public", "blocks")) == Verdict::if_named);
  CHECK(drizzle().recognise(table_of_1(), {}).words == "the columns of Drizzle 1.0 and newer");
  auto renamed = table_of_1();
  renamed.name = {"public", "history"};
  CHECK(verdict(renamed) == Verdict::ledger);
  auto early = table_of_1();
  early.columns.push_back({"version", "integer", false});
  CHECK(verdict(early) == Verdict::ledger);
  early.columns.back().name = "note";
  CHECK(drizzle().recognise(early, {}).words ==
        "looks like a Drizzle ledger, but has further columns");
  early.name.name = "history";
  CHECK(verdict(early) == Verdict::no);
  auto view = table_of_0();
  view.kind = 'v';
  CHECK(verdict(view) == Verdict::near_miss);
  auto other_type = table_of_0();
  column(other_type, "created_at").type = "timestamp with time zone";
  CHECK(
      drizzle().recognise(other_type, {}).words ==
      "looks like a Drizzle ledger, but created_at is timestamp with time zone instead of bigint");
  other_type.name = {"public", "blocks"};
  CHECK(verdict(other_type) == Verdict::no);
  auto widened = table_of_0();
  column(widened, "id").type = "bigint";
  CHECK(verdict(widened) == Verdict::ledger);
  CHECK(verdict(table("public",
                      "migrations",
                      {"id integer!",
                       "name character varying(100)!",
                       "hash character varying(40)!",
                       "executed_at timestamp without time zone"})) == Verdict::no);
}

TEST_CASE("a table that many look like is a ledger when the config names it, and else nothing") {
  const std::vector relations{table_of_0("public", "blocks")};
  const auto discovered = recognise_ledgers(relations);
  CHECK(discovered.ledgers.empty());
  CHECK(discovered.rejected.empty());
  const auto automatic = choose_ledger(discovered, relations, {}, "");
  CHECK_FALSE(automatic.ledger);
  CHECK_FALSE(automatic.uncertain);
  const auto named =
      choose_ledger(discovered, relations, {&drizzle(), TableName{"public", "blocks"}}, "");
  REQUIRE(named.ledger);
  CHECK(named.ledger->tool == &drizzle());
  CHECK_FALSE(named.uncertain);
}

TEST_CASE("what Drizzle's ledger is asked is documented") {
  for (const auto& relation : {table_of_0(), table_of_1()}) {
    CHECK(is_documented(drizzle().select_rows(relation)));
    CHECK(is_documented(*drizzle().select_tail(relation)));
  }
}
