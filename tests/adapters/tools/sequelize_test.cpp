#include <doctest/doctest.h>

#include <chrono>

#include "adapters/tools/choice.h"
#include "tests/adapters/tools/polled.h"
#include "tests/adapters/tools/relations.h"
#include "tests/adapters/tools/statements.h"

using namespace tidemark;
using namespace tidemark::test;

namespace {

using Verdict = Recognition::Verdict;

const Tool& sequelize() {
  return *find_tool("sequelize");
}

Relation meta(const std::string& name = "SequelizeMeta") {
  return table("public", name, {"name character varying(255)!"}, {"name"});
}

Relation with_times(const std::string& name = "SequelizeMeta") {
  auto relation = meta(name);
  relation.columns.push_back({"createdAt", "timestamp with time zone", true});
  relation.columns.push_back({"updatedAt", "timestamp with time zone", true});
  return relation;
}

Relation underscored() {
  auto relation = with_times();
  relation.columns[1].name = "created_at";
  relation.columns[2].name = "updated_at";
  return relation;
}

const std::string program =
    "'use strict';\n\n/** @type {import('sequelize-cli').Migration} */\n"
    "module.exports = {\n  async up (queryInterface, Sequelize) {\n  },\n"
    "  async down (queryInterface, Sequelize) {\n  }\n};\n";

std::string key(std::string_view path, std::string_view text = program) {
  const auto entries = sequelize().entries(path, text);
  return entries.empty() ? "(none)" : entries.front().key.value;
}

std::vector<Row> ledger(const std::vector<std::string>& names) {
  std::vector<Values> values;
  for (const auto& name : names) {
    values.push_back({name, std::to_string(700 + values.size()), std::nullopt});
  }
  return rows_of(sequelize(), std::move(values));
}

Verdict verdict(const Relation& relation) {
  return sequelize().recognise(relation, {}).verdict;
}

}  // namespace

TEST_CASE("a Sequelize migration is known by its file's name, whatever it was compiled to") {
  const auto entries = sequelize().entries("migrations/20260418143000-add-users.js", program);
  REQUIRE(entries.size() == 1);
  CHECK(entries.front().key.value == "20260418143000-add-users");
  CHECK(entries.front().id.value == "20260418143000-add-users.js");
  CHECK(entries.front().version == Version::parse("20260418143000"));
  CHECK(entries.front().description == "add users");
  CHECK_FALSE(entries.front().checksums.complete);
  CHECK(key("20260418143000-add-users.ts") == "20260418143000-add-users");
  CHECK(key("20260418143000-a.js", "exports.up = async ({ context }) => {}") == "20260418143000-a");
  CHECK(key("init.js") == "init");
}

TEST_CASE("what is no Sequelize migration is none") {
  CHECK(key("seeders/20260418143000-demo.js") == "(none)");
  CHECK(key("models/user.js", "module.exports = (sequelize) => {}") == "(none)");
  CHECK(key("20260418143000-a.js", "exports.up = (knex) => {}") == "(none)");
  CHECK(key("20260418143000-a.js", "class A1528653893000 { up(queryRunner) {} }") == "(none)");
  CHECK(key("20260418143000-a.d.ts") == "(none)");
  CHECK(key("20260418143000-a.sql") == "(none)");
  CHECK(sequelize().entries_by_name("20260418143000-a.js").size() == 1);
  CHECK(sequelize().entries_by_name("seeders/20260418143000-a.js").empty());
}

TEST_CASE("Sequelize's layout is told by what its files call") {
  CHECK(evidence_of(sequelize(), {{"20260418143000-a.js", program}}) == "named 1");
  for (const auto* other : {"exports.up = function(knex) {};",
                            "exports.up = (pgm) => {};",
                            "class A1528653893000 { up(queryRunner) {} }",
                            "// queryInterface\nexports.up = 1;",
                            ""}) {
    CAPTURE(other);
    CHECK(evidence_of(sequelize(), {{"20260418143000-a.js", other}}) == "none 0");
  }
}

TEST_CASE("SequelizeMeta is a ledger with and without times") {
  CHECK(verdict(meta()) == Verdict::ledger);
  CHECK(verdict(with_times()) == Verdict::ledger);
  CHECK(verdict(underscored()) == Verdict::ledger);
  CHECK(verdict(meta("sequelize_meta")) == Verdict::ledger);
  auto view = meta();
  view.kind = 'v';
  CHECK(verdict(view) == Verdict::near_miss);
}

TEST_CASE("a column of names alone makes no ledger") {
  CHECK(verdict(meta("tags")) == Verdict::if_named);
  CHECK(verdict(with_times("Tags")) == Verdict::if_named);
  CHECK(verdict(meta("migrations")) == Verdict::possible);
  CHECK(verdict(meta("SequelizeData")) == Verdict::no);
  auto view = meta("tags");
  view.kind = 'v';
  CHECK(verdict(view) == Verdict::no);
  CHECK(verdict(table("public", "schema_migrations", {"filename text!"}, {"filename"})) ==
        Verdict::no);
  CHECK(verdict(table("public", "SequelizeMeta", {"name text!"}, {"name"})) == Verdict::ledger);
  CHECK(verdict(table("public", "SequelizeMeta", {"name integer!"}, {"name"})) ==
        Verdict::near_miss);
  CHECK(verdict(table("public", "SequelizeMeta", {"Name character varying(255)!"})) ==
        Verdict::near_miss);
  auto wider = with_times();
  wider.columns.push_back({"note", "text", false});
  CHECK(verdict(wider) == Verdict::near_miss);
  wider.name.name = "tags";
  CHECK(verdict(wider) == Verdict::no);
}

TEST_CASE("a table of tags does not make an environment unknown, and can be named as the ledger") {
  const std::vector relations{meta("tags"), with_times("Labels")};
  const auto discovered = recognise_ledgers(relations);
  const auto automatic = choose_ledger(discovered, relations, {}, "", "own");
  CHECK_FALSE(automatic.ledger);
  CHECK_FALSE(automatic.uncertain);
  CHECK(
      choose_ledger(discovered, relations, {&sequelize(), TableName{"public", "tags"}}, "").ledger);
}

TEST_CASE("a table of migrations' names is the ledger of an app that has Sequelize's files") {
  const std::vector relations{meta("migrations")};
  const auto discovered = recognise_ledgers(relations);
  const auto choice = choose_ledger(discovered, relations, {}, "", "sequelize");
  REQUIRE(choice.ledger);
  CHECK_FALSE(choice.uncertain);
}

TEST_CASE("a Sequelize ledger of compiled files and a directory of sources speak of the same") {
  const Files files{{"20260418143000-a.ts", program}, {"20260418143001-b.ts", program}};
  for (const auto* stored : {"20260418143000-a.js", "20260418143000-a.ts", "20260418143000-a"}) {
    CAPTURE(stored);
    const auto after = poll(sequelize(), files, ledger({stored}));
    CHECK(after.state("20260418143000-a") == "applied");
    CHECK(after.note("20260418143000-a").empty());
    CHECK(after.state("20260418143001-b") == "pending");
    CHECK(after.findings().empty());
  }
}

TEST_CASE("a name that people gave to an Umzug migration is its file's, or that of no file") {
  const Files files{{"init.js", program}, {"users.v2.ts", program}, {"001.tags.cjs", program}};
  const auto after = poll(
      sequelize(), files, ledger({"init", "users.v2.js", "001.tags", "add users: the 2nd", "v3"}));
  CHECK(after.states(Polled::By::id) ==
        "001.tags.cjs applied, init.js applied, users.v2.ts applied, add users: the 2nd drifted, "
        "v3 drifted");
  CHECK(after.findings() == "foreign add users: the 2nd, foreign v3");
}

TEST_CASE("a late Sequelize migration is run next") {
  const Files files{{"20260418143000-a.js", program}, {"20260418143001-b.js", program}};
  const auto after = poll(sequelize(), files, ledger({"20260418143001-b.js"}));
  CHECK(after.state("20260418143000-a") == "pending");
  CHECK(after.findings().empty());
}

TEST_CASE("what Sequelize undid is missed in its ledger, and a row without a file is foreign") {
  const Files files{{"20260418143000-a.js", program}};
  const auto before = poll(sequelize(), files, ledger({"20260418143000-a.js"}));
  CHECK(poll(sequelize(), files, ledger({}), before.records).findings() ==
        "vanished 20260418143000-a");
  CHECK(poll(sequelize(), files, ledger({"20260418150000-hotfix.js"})).findings() ==
        "foreign 20260418150000-hotfix");
}

TEST_CASE("a restored SequelizeMeta, whose rows are all other ones, is a copy and no drift") {
  const Files files{{"20260418143000-a.js", program}, {"20260418143001-b.js", program}};
  auto rows = ledger({"20260418143000-a.js", "20260418143001-b.js"});
  const auto before = poll(sequelize(), files, rows);
  rows[0].token = "9000";
  rows[1].token = "9000";
  const auto after = poll(sequelize(), files, rows, before.records);
  CHECK(after.findings().empty());
  CHECK(after.cell("20260418143000-a").sha256 == before.cell("20260418143000-a").sha256);
}

TEST_CASE("rows of Sequelize have what their table has") {
  ResultSet answer;
  answer.rows.push_back({"20260418143000-a.js", "1.5", "60000"});
  answer.rows.push_back({"", "2", std::nullopt});
  const auto rows = sequelize().rows(answer);
  REQUIRE(rows->size() == 1);
  CHECK(rows->front().id.value == "20260418143000-a.js");
  CHECK(rows->front().token == "1.5");
  CHECK(rows->front().at == TimePoint(std::chrono::minutes(1)));
  answer.rows.push_back({"x"});
  CHECK(sequelize().rows(answer).error().code == Errc::broken);
}

TEST_CASE("what Sequelize's ledger is asked is documented") {
  auto view = meta();
  view.kind = 'v';
  for (const auto& relation : {meta(), view, with_times(), underscored()}) {
    CHECK(is_documented(sequelize().select_rows(relation)));
  }
  auto table = meta();
  CHECK_FALSE(sequelize().select_tail(table));
  table.can_select_all = true;
  CHECK(is_documented(*sequelize().select_tail(table)));
}
