#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <chrono>

#include "adapters/tools/hash.h"
#include "tests/adapters/tools/polled.h"
#include "tests/adapters/tools/relations.h"
#include "tests/adapters/tools/statements.h"

using namespace tidemark;
using namespace tidemark::test;

namespace {

using Role = FileEntry::Role;
using Verdict = Recognition::Verdict;

const Tool& prisma() {
  return *find_tool("prisma");
}

Relation prisma_table(const std::string& name = "_prisma_migrations") {
  return table("public",
               name,
               {"id character varying(36)!",
                "checksum character varying(64)!",
                "finished_at timestamp with time zone",
                "migration_name character varying(255)!",
                "logs text",
                "rolled_back_at timestamp with time zone",
                "started_at timestamp with time zone!",
                "applied_steps_count integer!"},
               {"id"});
}

const std::string lock_text = "provider = \"postgresql\"\n";
const std::string hash_of_hello =
    "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

std::string key(std::string_view path) {
  const auto entries = prisma().entries(path, "SELECT 1;\n");
  return entries.empty() || entries.front().role == Role::part ? "(none)"
                                                               : entries.front().key.value;
}

std::vector<std::string> accepted(std::string_view bytes) {
  return prisma().entries("1_a/migration.sql", bytes).front().checksums.accepted;
}

bool accepts(std::string_view bytes, std::string_view checksum) {
  const auto all = accepted(bytes);
  return std::ranges::find(all, checksum) != all.end();
}

// One attempt at a migration, as the ledger has it.
struct PrismaRun {
  std::string id;
  std::string name;
  std::string checksum = hash_of_hello;
  bool finished = true;
  bool rolled_back = false;
  bool logs = false;
};

PrismaRun failed(std::string id, std::string name) {
  return {.id = std::move(id), .name = std::move(name), .finished = false, .logs = true};
}

std::vector<Row> ledger(const std::vector<PrismaRun>& attempts) {
  std::vector<Values> values;
  const auto truth = [](bool value) { return value ? "t" : "f"; };
  int minute = 0;
  for (const auto& attempt : attempts) {
    const auto ms = std::to_string(60'000 * ++minute);
    values.push_back({attempt.id,
                      attempt.name,
                      attempt.checksum,
                      truth(attempt.finished),
                      truth(attempt.rolled_back),
                      truth(attempt.logs),
                      attempt.finished ? std::optional(ms + "0") : std::nullopt,
                      ms});
  }
  return rows_of(prisma(), std::move(values));
}

Files project(Files files) {
  files.emplace("migration_lock.toml", lock_text);
  return files;
}

}  // namespace

TEST_CASE("a Prisma migration is a folder with a migration.sql, and has the folder's name") {
  const auto entry =
      prisma().entries("prisma/migrations/20260418143000_add_users/migration.sql", "hello");
  REQUIRE(entry.size() == 1);
  CHECK(entry[0].role == Role::versioned);
  CHECK(entry[0].key.value == "20260418143000_add_users");
  CHECK(entry[0].id.value == "20260418143000_add_users");
  CHECK(entry[0].version == Version::parse("20260418143000"));
  CHECK(entry[0].version_text == "20260418143000");
  CHECK(entry[0].description == "add users");
  CHECK(key("init/migration.sql") == "init");
  CHECK(key("0_init/migration.sql") == "0_init");
  for (const auto* path : {"migration.sql",
                           "20260418143000_a/other.sql",
                           "20260418143000_a.sql",
                           "20260418143000_a/migration.sql.orig",
                           "20260418143000_a/Migration.SQL",
                           "schema.sql",
                           "schema.prisma"}) {
    CAPTURE(path);
    CHECK(key(path) == "(none)");
  }
}

TEST_CASE("a down.sql beside a Prisma migration rolls it back and is never pending") {
  const auto catalog = catalog_of(
      prisma(),
      project({{"20260418143000_a/migration.sql", "a"}, {"20260418143000_a/down.sql", "b"}}));
  REQUIRE(catalog.migrations.size() == 1);
  CHECK(catalog.migrations[0].rollback->file == "20260418143000_a/down.sql");
  CHECK(catalog.problems.empty());
}

TEST_CASE("a folder of Prisma's without its migration.sql is a problem and no migration") {
  const Files files{{"20260418143000_a/migration.sql", "a"},
                    {"20260418143000_a/notes.txt", ""},
                    {"20260418150000_b/notes.txt", ""},
                    {"20260418150000_b/seed.sql", ""},
                    {"20260418160000_c/down.sql", "c"},
                    {"20260418170000_d/old/migration.sql", "d"},
                    {"manual/notes.txt", ""}};
  const auto catalog = catalog_of(prisma(), project(files));
  CHECK(ids_of(catalog) == Strings{"20260418143000_a"});
  const std::string refused = " lies in a folder without a migration.sql, which Prisma refuses";
  CHECK(problems_of(catalog) == Strings{"20260418150000_b/notes.txt" + refused,
                                        "20260418160000_c/down.sql" + refused,
                                        "20260418160000_c/down.sql rolls back a migration that is "
                                        "not here"});
  // Where no lock file says which folders are Prisma's, they are anybody's.
  CHECK(problems_of(catalog_of(prisma(), without(files, "20260418160000_c/down.sql"))).empty());
}

TEST_CASE("Prisma's checksum is the SHA-256 of the file, whatever its line ends were") {
  CHECK(accepted("hello").front() == hash_of_hello);
  CHECK(accepted("SELECT 1;\n").front() ==
        "b4e0497804e46e0a0b0b8c31975b062152d551bac49c3c2e80932567b4085dcd");
  CHECK(accepted("SELECT 1;\r\n").front() ==
        "d3cd5042f97738960d802ad6b3a548dfa18152215118ba18f04493bc6944b0e4");
  CHECK(accepted("").front() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(
      accepts("SELECT 1;\r\n", "b4e0497804e46e0a0b0b8c31975b062152d551bac49c3c2e80932567b4085dcd"));
  CHECK(accepts("SELECT 1;\n", "d3cd5042f97738960d802ad6b3a548dfa18152215118ba18f04493bc6944b0e4"));
  CHECK_FALSE(
      accepts("SELECT 2;\n", "b4e0497804e46e0a0b0b8c31975b062152d551bac49c3c2e80932567b4085dcd"));
  CHECK(accepts("\xEF\xBB\xBFhello", hash_of_hello));  // to us that is the same file
  CHECK(prisma().entries("1_a/migration.sql", "x").front().checksums.complete);
  CHECK_FALSE(prisma().entries_by_name("1_a/migration.sql").front().checksums.complete);
}

TEST_CASE("whatever Prisma hashed of a file, its other checkouts accept it") {
  CHECK(rc::check([] {
    const auto lf = *rc::gen::container<std::string>(rc::gen::elementOf(std::string("a;\n\n")));
    for (const auto& form : {lf, with_crlf(lf)}) {
      const auto hashed = accepted(form).front();
      RC_ASSERT(accepts(lf, hashed));
      RC_ASSERT(accepts(with_crlf(lf), hashed));
    }
  }));
}

TEST_CASE("a checksum that an engine of 2021 wrote without zeros is the same checksum") {
  CHECK(accepts("hello", "2cf24dba5fb0a3e26e83b2ac5b9e29e1b161e5c1fa7425e7343362938b9824"));
}

TEST_CASE("folders beside migration_lock.toml are marked as Prisma's") {
  CHECK(evidence_of(prisma(), project({{"1_a/migration.sql", ""}, {"2_b/migration.sql", ""}})) ==
        "marked 2");
  CHECK(evidence_of(prisma(), {{"1_a/migration.sql", ""}}) == "possible 1");
  CHECK(evidence_of(prisma(), {{"1_a/migration.sql", ""}, {"1_a/snapshot.json", ""}}) == "none 0");
  CHECK(evidence_of(prisma(), {{"migration_lock.toml", ""}}) == "none 0");
  CHECK(evidence_of(prisma(), {{"1_a/up.sql", ""}, {"1_a/down.sql", ""}}) == "none 0");
}

TEST_CASE("what lies away from the lock file is no migration of Prisma's") {
  CHECK(ids_of(catalog_of(prisma(),
                          {{"migrations/migration_lock.toml", lock_text},
                           {"migrations/2_b/migration.sql", "b"},
                           {"migrations/1_a/migration.sql", "a"},
                           {"archive/0_old/migration.sql", "c"}})) == Strings{"1_a", "2_b"});
  CHECK(ids_of(catalog_of(prisma(), {{"1_a/migration.sql", "a"}})) == Strings{"1_a"});
}

TEST_CASE("Prisma sorts names as text") {
  const auto catalog = catalog_of(
      prisma(),
      project({{"10_c/migration.sql", ""}, {"9_b/migration.sql", ""}, {"init/migration.sql", ""}}));
  CHECK(ids_of(catalog) == Strings{"10_c", "9_b", "init"});
  CHECK_FALSE(catalog.rules.ordered);
  CHECK(catalog_of(prisma(), project({{"1_a/migration.sql", ""}})).rules.ordered);
}

TEST_CASE("Prisma's ledger is recognised by its columns") {
  const auto verdict = [](const Relation& relation) {
    return prisma().recognise(relation, {}).verdict;
  };
  CHECK(verdict(prisma_table()) == Verdict::ledger);
  CHECK(verdict(prisma_table("history")) == Verdict::ledger);
  auto view = prisma_table();
  view.kind = 'v';
  CHECK(verdict(view) == Verdict::near_miss);
  auto short_of_one = prisma_table();
  short_of_one.columns.pop_back();
  CHECK(prisma().recognise(short_of_one, {}).words ==
        "looks like a Prisma ledger, but column applied_steps_count is missing");
  auto other_type = prisma_table();
  column(other_type, "started_at").type = "text";
  CHECK(verdict(other_type) == Verdict::near_miss);
  CHECK(verdict(table("prisma_contract",
                      "ledger",
                      {"id bigint!",
                       "created_at timestamp with time zone!",
                       "space text!",
                       "migration_name text!",
                       "migration_hash text!",
                       "operations jsonb!"})) == Verdict::no);
  CHECK(verdict(flyway_table()) == Verdict::no);
}

TEST_CASE("a row that finished is applied and has the migration's checksum") {
  const auto rows = ledger({{.id = "u1", .name = "20260418143000_add_users"}});
  const auto& row = rows.front();
  CHECK(row.key.value == "20260418143000_add_users");
  CHECK(row.id.value == "20260418143000_add_users");
  CHECK(row.state == Row::State::applied);
  CHECK(row.version == Version::parse("20260418143000"));
  CHECK(row.checksum == hash_of_hello);
  CHECK(row.token == "u1");
  CHECK(row.at == TimePoint(std::chrono::minutes(10)));
}

TEST_CASE("what failed, what never finished and what was rolled back are told apart") {
  const auto rows =
      ledger({failed("u1", "1_a"),
              {.id = "u2", .name = "2_b", .finished = false},
              {.id = "u3", .name = "3_c", .finished = false, .rolled_back = true, .logs = true},
              {.id = "u4", .name = "4_d", .rolled_back = true}});
  REQUIRE(rows.size() == 4);
  CHECK(rows[0].state == Row::State::failed);
  CHECK(rows[0].description == "a");
  CHECK(rows[0].at == TimePoint(std::chrono::minutes(1)));
  CHECK(rows[1].state == Row::State::failed);
  CHECK(rows[1].description == "b (started, and never finished)");
  CHECK(rows[2].state == Row::State::undone);
  CHECK(rows[3].state == Row::State::undone);
}

TEST_CASE("a migration is applied when any attempt at it is, and that one's checksum counts") {
  const std::string other(64, 'a');
  const PrismaRun good{.id = "good", .name = "1_a"};
  const PrismaRun undone{
      .id = "undone", .name = "1_a", .checksum = other, .finished = false, .rolled_back = true};
  const PrismaRun broken{.id = "broken", .name = "1_a", .checksum = other, .finished = false};
  const Files files = project({{"1_a/migration.sql", "hello"}});
  for (const auto& attempts : {std::vector{undone, good},
                               std::vector{good, undone},
                               std::vector{broken, undone, good},
                               std::vector{good, broken},
                               std::vector{undone, good, undone}}) {
    const auto after = poll(prisma(), files, ledger(attempts));
    CHECK(after.state("1_a") == "applied");
    CHECK(after.cell("1_a").content == ContentVerdict::verified);
    CHECK(after.findings().empty());
    CHECK(ledger(attempts).back().token == "good");
  }
  CHECK(poll(prisma(), files, ledger({broken, undone})).findings() == "dirty 1_a");
  CHECK(poll(prisma(), files, ledger({undone})).state("1_a") == "pending");
}

TEST_CASE("a Prisma file that was edited after it was applied is found by its checksum") {
  const auto after = poll(
      prisma(), project({{"1_a/migration.sql", "hello!"}}), ledger({{.id = "u", .name = "1_a"}}));
  CHECK(after.findings() == "checksum 1_a");
}

TEST_CASE("a Prisma checkout with other line ends is no drift") {
  const std::string lf = "b4e0497804e46e0a0b0b8c31975b062152d551bac49c3c2e80932567b4085dcd";
  const std::string crlf = "d3cd5042f97738960d802ad6b3a548dfa18152215118ba18f04493bc6944b0e4";
  for (const auto* bytes : {"SELECT 1;\n", "SELECT 1;\r\n"}) {
    for (const auto& checksum : {lf, crlf}) {
      const auto after = poll(prisma(),
                              project({{"1_a/migration.sql", bytes}}),
                              ledger({{.id = "u", .name = "1_a", .checksum = checksum}}));
      CHECK(after.cell("1_a").content == ContentVerdict::verified);
      CHECK(after.findings().empty());
    }
  }
}

TEST_CASE("a late Prisma migration is run next, and no drift") {
  const auto after = poll(prisma(),
                          project({{"20260101000000_a/migration.sql", "x"},
                                   {"20260201000000_b/migration.sql", "hello"}}),
                          ledger({{.id = "u", .name = "20260201000000_b"}}));
  CHECK(after.state("20260101000000_a") == "pending");
  CHECK(after.reason("20260101000000_a").empty());
  CHECK(after.findings().empty());
}

TEST_CASE("migrations that a squash replaced are archived, whatever the squash is called") {
  const std::vector<PrismaRun> history{{.id = "u1", .name = "20260101000000_a"},
                                       {.id = "u2", .name = "20260201000000_b"}};
  auto dated = history;
  dated.push_back({.id = "u3", .name = "20260201000001_squashed"});
  const auto after =
      poll(prisma(), project({{"20260201000001_squashed/migration.sql", "hello"}}), ledger(dated));
  CHECK(after.findings().empty());
  CHECK(after.reason("20260101000000_a") == "archived");
  auto zeros = history;
  zeros.push_back({.id = "u3", .name = "000000000000_squashed"});
  zeros.push_back({.id = "u4", .name = "20260301000000_c"});
  const auto first = poll(prisma(),
                          project({{"000000000000_squashed/migration.sql", "hello"},
                                   {"20260301000000_c/migration.sql", "hello"}}),
                          ledger(zeros));
  CHECK(first.findings().empty());
  CHECK(first.reason("20260201000000_b") == "archived");
}

TEST_CASE("the first migration of a database that was there before is archived by a squash too") {
  const auto after = poll(prisma(),
                          project({{"20260201000000_squashed/migration.sql", "hello"}}),
                          ledger({{.id = "u1", .name = "0_init"},
                                  {.id = "u2", .name = "20260101000000_a"},
                                  {.id = "u3", .name = "20260201000000_squashed"}}));
  CHECK(after.findings().empty());
  CHECK(after.reason("0_init") == "archived");
}

TEST_CASE("a Prisma migration that the directory does not have landed from elsewhere") {
  const auto after = poll(prisma(),
                          project({{"20260101000000_a/migration.sql", "hello"}}),
                          ledger({{.id = "u1", .name = "20260101000000_a"},
                                  {.id = "u2", .name = "20260201000000_hotfix"}}));
  CHECK(after.findings() == "foreign 20260201000000_hotfix");
}

TEST_CASE("a restored Prisma ledger that is older has lost what it does not have") {
  const Files files = project(
      {{"20260101000000_a/migration.sql", "hello"}, {"20260201000000_b/migration.sql", "hello"}});
  const PrismaRun a{.id = "u1", .name = "20260101000000_a"};
  const auto before = poll(prisma(), files, ledger({a, {.id = "u2", .name = "20260201000000_b"}}));
  const auto after = poll(prisma(), files, ledger({a}), before.records);
  CHECK(after.findings() == "vanished 20260201000000_b");
}

TEST_CASE("an answer of another width is broken") {
  ResultSet answer;
  answer.rows.push_back({"u1"});
  CHECK(prisma().rows(answer).error().code == Errc::broken);
}

TEST_CASE("a Prisma run is seen by its advisory lock") {
  CHECK(prisma().advisory_locks(prisma_table(), "app") == std::vector<std::int64_t>{72707369});
}

TEST_CASE("what Prisma's ledger is asked is documented") {
  CHECK(is_documented(prisma().select_rows(prisma_table())));
  auto table = prisma_table();
  CHECK_FALSE(prisma().select_tail(table));
  table.can_select_all = true;
  CHECK(is_documented(*prisma().select_tail(table)));
}
