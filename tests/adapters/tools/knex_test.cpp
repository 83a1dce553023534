#include <doctest/doctest.h>

#include <chrono>

#include "tests/adapters/tools/polled.h"
#include "tests/adapters/tools/relations.h"
#include "tests/adapters/tools/statements.h"

using namespace tidemark;
using namespace tidemark::test;

namespace {

using Verdict = Recognition::Verdict;

const Tool& knex() {
  return *find_tool("knex");
}

Relation knex_table(const std::string& name = "knex_migrations") {
  return table("public",
               name,
               {"id integer!",
                "name character varying(255)",
                "batch integer",
                "migration_time timestamp with time zone"},
               {"id"});
}

Relation lock_table(const std::string& name = "knex_migrations_lock") {
  return table("public", name, {"index integer!", "is_locked integer"}, {"index"});
}

const std::string javascript =
    "/**\n * @param { import(\"knex\").Knex } knex\n */\n"
    "exports.up = function(knex) {\n  return knex.schema.createTable('users', (t) => {});\n};\n"
    "exports.down = function(knex) {};\n";
const std::string typescript =
    "import { Knex } from \"knex\";\n\n"
    "export async function up(knex: Knex): Promise<void> {}\n";
const std::string sequelize = "module.exports = { async up(queryInterface, Sequelize) {} };\n";

std::string key(std::string_view path, std::string_view text = javascript) {
  const auto entries = knex().entries(path, text);
  return entries.empty() ? "(none)" : entries.front().key.value;
}

std::vector<Row> ledger(const std::vector<std::string>& names) {
  std::vector<Values> values;
  for (const auto& name : names) {
    values.push_back({std::to_string(values.size() + 1), name, "1", "60000"});
  }
  return rows_of(knex(), std::move(values));
}

}  // namespace

TEST_CASE("a Knex migration is known by its file's name, whatever it was compiled to") {
  const auto entries = knex().entries("migrations/20260418143000_add_users.ts", typescript);
  REQUIRE(entries.size() == 1);
  const auto& entry = entries.front();
  CHECK(entry.key.value == "20260418143000_add_users");
  CHECK(entry.id.value == "20260418143000_add_users.ts");
  CHECK(entry.version == Version::parse("20260418143000"));
  CHECK(entry.description == "add users");
  CHECK_FALSE(entry.checksums.complete);
  CHECK(key("20260418143000_add_users.js") == "20260418143000_add_users");
  CHECK(key("001_a.mjs", "export const up = async (db) => {}") == "001_a");
  CHECK(key("init.js") == "init");
}

TEST_CASE("what is no Knex migration is none") {
  CHECK(key("knexfile.js", "module.exports = { client: 'pg', migrations: { directory: 'up' } }") ==
        "(none)");
  CHECK(key("seeds/01_users.js", "exports.seed = function(knex) {}") == "(none)");
  CHECK(key("01_users.js", "exports.seed = function(knex) {}") == "(none)");
  CHECK(key("20260418143000_a.js", sequelize) == "(none)");
  CHECK(key("20260418143000_a.sql") == "(none)");
  CHECK(key("20260418143000_a.d.ts") == "(none)");
  CHECK(key("20260418143000_a.test.js") == "(none)");
  CHECK(key("helpers.js", "exports.up = (db) => {}") == "(none)");
  CHECK(knex().entries_by_name("20260418143000_a.js").size() == 1);
  CHECK(knex().entries_by_name("seeds/20260418143000_a.js").empty());
  CHECK(knex().entries_by_name("helpers.js").empty());
}

TEST_CASE("Knex's layout is told by what its files call") {
  CHECK(evidence_of(knex(), {{"20260418143000_a.js", javascript}}) == "named 1");
  CHECK(evidence_of(knex(), {{"20260418143000_a.ts", typescript}, {"20260418143001_b.ts", ""}}) ==
        "named 2");
  for (const auto* other :
       {"module.exports = { async up(queryInterface, Sequelize) {} };",
        "export class A1528653893000 implements MigrationInterface { async up(q) {} }",
        "exports.up = (pgm) => {};",
        "export async function up(db: Kysely<any>) {}",
        "var dbm; exports.up = function(db) {}",
        "exports.seed = (knex) => {}",
        "// knex up\n",
        ""}) {
    CAPTURE(other);
    CHECK(evidence_of(knex(), {{"20260418143000_a.js", other}}) == "none 0");
  }
  CHECK(evidence_of(knex(), {{"seeds/20260418143000_a.js", javascript}}) == "none 0");
}

TEST_CASE("Knex's ledger is recognised by its columns, with or without its lock") {
  const auto recognise = [](const Relation& relation, const std::vector<Relation>& all) {
    return knex().recognise(relation, all);
  };
  CHECK(recognise(knex_table(), {lock_table()}).words == "the columns of a Knex ledger");
  CHECK(recognise(knex_table("history"), {}).verdict == Verdict::ledger);
  CHECK(recognise(knex_table("history"), {}).words ==
        "the columns of a Knex ledger; no history_lock beside it, as in a copy");
  CHECK(recognise(lock_table(), {}).verdict == Verdict::no);
  CHECK(recognise(table("public",
                        "migrations",
                        {"id integer!", "migration character varying(255)!", "batch integer!"}),
                  {})
            .verdict == Verdict::no);
  auto wider = knex_table();
  wider.columns.push_back({"note", "text", false});
  CHECK(recognise(wider, {lock_table()}).words ==
        "the columns of a Knex ledger; a further column note");
  auto other_type = knex_table();
  column(other_type, "migration_time").type = "text";
  CHECK(recognise(other_type, {}).words ==
        "looks like a Knex ledger, but migration_time is text instead of timestamp with time zone");
  auto widened = knex_table();
  column(widened, "id").type = "bigint";
  CHECK(recognise(widened, {}).verdict == Verdict::ledger);
  auto view = knex_table();
  view.kind = 'v';
  CHECK(recognise(view, {}).verdict == Verdict::near_miss);
}

TEST_CASE("a Knex ledger of compiled files and a directory of sources speak of the same") {
  const Files files{{"20260418143000_a.ts", typescript}, {"20260418143001_b.ts", typescript}};
  const auto after = poll(knex(), files, ledger({"20260418143000_a.js"}));
  CHECK(after.state("20260418143000_a") == "applied");
  CHECK(after.cell("20260418143000_a").content == ContentVerdict::unverifiable);
  CHECK(after.note("20260418143000_a").empty());
  CHECK(after.state("20260418143001_b") == "pending");
  CHECK(after.findings().empty());
  const auto again = poll(knex(), files, ledger({"20260418143000_a.ts"}), after.records);
  CHECK(again.findings().empty());
  CHECK(again.records.size() == after.records.size());
}

TEST_CASE("a Knex file that was renamed is another migration, and the old one is gone") {
  const auto after = poll(
      knex(), {{"20260418143000_users.js", javascript}}, ledger({"20260418143000_accounts.js"}));
  CHECK(after.findings() == "foreign 20260418143000_accounts");
  CHECK(after.state("20260418143000_users") == "pending");
}

TEST_CASE("an old Knex file that was thrown away is missed: Knex refuses to run without it") {
  const auto after = poll(knex(),
                          {{"20260418143001_b.js", javascript}},
                          ledger({"20260418143000_a.js", "20260418143001_b.js"}));
  CHECK(after.findings() == "foreign 20260418143000_a");
}

TEST_CASE("a late Knex migration is run next, and that is nothing to be told of") {
  const Files files{{"20260418143000_a.js", javascript}, {"20260418143001_b.js", javascript}};
  const auto before = poll(knex(), files, ledger({"20260418143001_b.js"}));
  CHECK(before.state("20260418143000_a") == "pending");
  CHECK(before.findings().empty());
  const auto after = poll(knex(), files, ledger({"20260418143001_b.js", "20260418143000_a.js"}));
  CHECK(after.findings().empty());
  CHECK(after.state("20260418143000_a") == "applied");
}

TEST_CASE(
    "Knex files numbered without zeros run in the order of their names, and that is no drift") {
  const Files files{{"1_a.js", javascript}, {"10_b.js", javascript}, {"9_c.js", javascript}};
  CHECK(ids_of(catalog_of(knex(), files)) == Strings{"10_b.js", "1_a.js", "9_c.js"});
  CHECK(poll(knex(), files, ledger({"10_b.js", "1_a.js", "9_c.js"})).findings().empty());
}

TEST_CASE("a rollback of Knex deletes its rows") {
  const Files files{{"20260418143000_a.js", javascript}};
  const auto before = poll(knex(), files, ledger({"20260418143000_a.js"}));
  const auto after = poll(knex(), files, ledger({}), before.records);
  CHECK(after.findings() == "vanished 20260418143000_a");
}

TEST_CASE(
    "a rollback of Knex takes a whole batch, from several folders, and leaves those before it") {
  const Files files{{"a/20260418143000_a.js", javascript},
                    {"b/20260418142900_b.js", javascript},
                    {"a/20260418143100_c.ts", typescript}};
  // By name over all folders, or folder by folder.
  const Strings by_name{"20260418142900_b.js", "20260418143000_a.js", "20260418143100_c.js"};
  const Strings by_folder{by_name[1], by_name[2], by_name[0]};
  for (const auto& names : {by_name, by_folder}) {
    const auto before = poll(knex(), files, ledger(names));
    CHECK(before.findings().empty());
    CHECK(before.standing.count(CellState::applied) == 3);
    const auto after = poll(knex(), files, ledger({names[0]}), before.records);
    CHECK(after.standing.findings.size() == 2);
    CHECK(after.standing.count(CellState::applied) == 1);
    CHECK(poll(knex(), files, ledger(names), after.records).findings().empty());
  }
}

TEST_CASE("rows of Knex have a time, and those without a name are none") {
  ResultSet answer;
  answer.rows.push_back({"1", "20260418143000_a.js", "1", "60000"});
  answer.rows.push_back({"2", std::nullopt, "1", std::nullopt});
  const auto rows = knex().rows(answer);
  REQUIRE(rows->size() == 1);
  CHECK(rows->front().id.value == "20260418143000_a.js");
  CHECK(rows->front().at == TimePoint(std::chrono::minutes(1)));
  CHECK(rows->front().token == "1");
  CHECK_FALSE(rows->front().checksum);
  answer.rows.push_back({"3"});
  CHECK(knex().rows(answer).error().code == Errc::broken);
}

TEST_CASE("Knex's lock is asked for only where it has the columns of one") {
  CHECK(knex().lock_table(knex_table("history")) == "history_lock");
  CHECK(knex().select_lock(lock_table()));
  auto other = lock_table();
  column(other, "is_locked").type = "boolean";
  CHECK_FALSE(knex().select_lock(other));
}

TEST_CASE("what Knex's ledger is asked is documented") {
  CHECK(is_documented(knex().select_rows(knex_table())));
  CHECK(is_documented(*knex().select_tail(knex_table())));
  CHECK(is_documented(*knex().select_lock(lock_table())));
}
