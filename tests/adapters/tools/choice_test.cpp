#include <doctest/doctest.h>

#include "adapters/tools/choice.h"
#include "tests/adapters/tools/relations.h"

using namespace tidemark;
using namespace tidemark::test;

namespace {

LedgerChoice choose(const std::vector<Relation>& relations,
                    const LedgerSetting& setting = {},
                    std::string_view schema = "") {
  return choose_ledger(recognise_ledgers(relations), relations, setting, schema);
}

std::string table_of(const LedgerChoice& choice) {
  return choice.ledger ? choice.ledger->relation.name.text() : "(none)";
}

Relation copy_of(Relation table) {
  table.primary_key.clear();
  return table;
}

Relation view(std::string schema, std::string name) {
  auto table = flyway_table(std::move(schema), std::move(name));
  table.kind = 'v';
  return table;
}

LedgerSetting flyway_in(std::string schema, std::string name) {
  return {find_tool("flyway"), TableName{std::move(schema), std::move(name)}};
}

}  // namespace

TEST_CASE("the only ledger is the environment's, wherever it is and whatever it is called") {
  const auto choice = choose({flyway_table("ops", "history")});
  CHECK(table_of(choice) == "ops.history");
  CHECK(choice.ledger->tool->name() == "flyway");
  CHECK_FALSE(choice.uncertain);
  CHECK(choice.trouble.empty());
}

TEST_CASE("no ledger is certain, and no trouble") {
  const auto choice = choose({});
  CHECK(table_of(choice) == "(none)");
  CHECK_FALSE(choice.uncertain);
  CHECK(choice.trouble.empty());
}

TEST_CASE("the default name is preferred to another, and that is said") {
  const auto choice = choose({flyway_table("public", "history_2023"), flyway_table()});
  CHECK(table_of(choice) == "public.flyway_schema_history");
  CHECK(choice.ledger->evidence ==
        "the columns of Flyway 4 and newer; chosen for its default name among 1 more like it");
}

TEST_CASE("the newer default name is preferred to the older") {
  CHECK(table_of(choose({flyway_3_table(), flyway_table()})) == "public.flyway_schema_history");
}

TEST_CASE("a copy without a primary key does not compete with the original") {
  const auto choice =
      choose({flyway_table("ops", "history"), copy_of(flyway_table("ops", "history_bak"))});
  CHECK(table_of(choice) == "ops.history");
  CHECK(choice.ledger->evidence.ends_with("the only one with a primary key among 1 more like it"));
}

TEST_CASE("two ledgers that fit equally are told, not guessed between") {
  const auto choice = choose({flyway_table("a"), flyway_table("b")});
  CHECK(table_of(choice) == "(none)");
  CHECK(choice.uncertain);
  CHECK(choice.trouble ==
        "ambiguous: a.flyway_schema_history (flyway), b.flyway_schema_history (flyway) all look "
        "like this "
        "environment's ledger; say which with their_ledger: {tool: flyway, table: "
        "a.flyway_schema_history}");
}

TEST_CASE("with a schema only the ledgers in it count") {
  CHECK(table_of(choose({flyway_table("a"), flyway_table("b")}, {}, "b")) ==
        "b.flyway_schema_history");
  const auto none = choose({flyway_table("a")}, {}, "b");
  CHECK(table_of(none) == "(none)");
  CHECK_FALSE(none.uncertain);
}

TEST_CASE("the configured table wins over the default name, and over the schema") {
  const std::vector<Relation> relations{flyway_table(), flyway_table("ops", "history")};
  const auto choice = choose(relations, flyway_in("ops", "history"), "public");
  CHECK(table_of(choice) == "ops.history");
  CHECK(choice.ledger->evidence.ends_with("named by their_ledger"));
}

TEST_CASE("a configured view is read: it is named, so it is meant") {
  const auto choice = choose({view("ops", "history_v")}, flyway_in("ops", "history_v"));
  CHECK(table_of(choice) == "ops.history_v");
  CHECK(choice.ledger->evidence.find("a view; named by their_ledger") != std::string::npos);
}

TEST_CASE("a configured table that is no ledger is an error that says what is in the way") {
  auto table = flyway_table("ops", "history");
  column(table, "checksum").type = "bigint";
  const auto choice = choose({table}, flyway_in("ops", "history"));
  CHECK(table_of(choice) == "(none)");
  CHECK(choice.uncertain);
  CHECK(choice.trouble ==
        "their_ledger names ops.history, which looks like a Flyway ledger, but checksum is "
        "bigint instead of "
        "integer");
  Relation orders{
      {"ops", "orders"}, 7, 'r', false, true, true, false, {{"id", "integer", true}}, {}};
  CHECK(choose({orders}, flyway_in("ops", "orders")).trouble ==
        "their_ledger names ops.orders, which is no ledger of flyway");
}

TEST_CASE("a configured table that is not there yet is no ledger") {
  const auto choice = choose({}, flyway_in("ops", "history"));
  CHECK_FALSE(choice.ledger);
  CHECK_FALSE(choice.uncertain);
  CHECK(choice.trouble == "their_ledger names ops.history, which is not here");
}

TEST_CASE(
    "a configured table that is not there while another ledger is, is more likely a wrong name") {
  const auto choice = choose({flyway_table()}, flyway_in("ops", "history"));
  CHECK_FALSE(choice.ledger);
  CHECK(choice.uncertain);
  CHECK(choice.trouble ==
        "their_ledger names ops.history, which is not here; public.flyway_schema_history is: "
        "their_ledger: "
        "{tool: flyway, table: public.flyway_schema_history}");
}

TEST_CASE("a damaged ledger does not pass for none") {
  auto table = flyway_table();
  column(table, "checksum").type = "text";
  const auto choice = choose({table});
  CHECK_FALSE(choice.ledger);
  CHECK(choice.uncertain);
  CHECK(choice.trouble ==
        "public.flyway_schema_history looks like a Flyway ledger, but checksum is text instead of "
        "integer");
  CHECK_FALSE(choose({table}, {}, "other").uncertain);
}

TEST_CASE("a view of a ledger is none, and that is said") {
  const auto choice = choose({view("ops", "history_v")});
  CHECK_FALSE(choice.ledger);
  CHECK_FALSE(choice.uncertain);
  CHECK(choice.trouble == "ops.history_v has the columns of a Flyway ledger, but is a view");
}

TEST_CASE("a table without a tool is a ledger of the tool whose columns it has") {
  const auto named = [](std::string schema, std::string name) {
    return LedgerSetting{nullptr, TableName{std::move(schema), std::move(name)}};
  };
  const auto choice =
      choose({flyway_table(), flyway_table("ops", "history")}, named("ops", "history"));
  CHECK(table_of(choice) == "ops.history");
  REQUIRE(choice.ledger);
  CHECK(choice.ledger->tool->name() == "flyway");
  CHECK(choice.ledger->evidence.ends_with("; named by their_ledger"));
  CHECK(table_of(choose({view("ops", "history_v")}, named("ops", "history_v"))) == "ops.history_v");

  const auto other = choose({table("ops", "orders", {"id bigint!"})}, named("ops", "orders"));
  CHECK(other.uncertain);
  CHECK(other.trouble ==
        "their_ledger names ops.orders, which is no ledger of a tool that tidemark reads");
  const auto gone = choose({flyway_table()}, named("ops", "history"));
  CHECK(gone.uncertain);
  CHECK(gone.trouble ==
        "their_ledger names ops.history, which is not here; public.flyway_schema_history is: "
        "their_ledger: {tool: flyway, table: public.flyway_schema_history}");
}

TEST_CASE("a table whose schema nobody names is the only one of its name") {
  const LedgerSetting setting{find_tool("flyway"), TableName{"", "history"}};
  CHECK(table_of(choose({flyway_table(), flyway_table("ops", "history")}, setting)) ==
        "ops.history");
  const auto several =
      choose({flyway_table("a", "history"), flyway_table("b", "history")}, setting);
  CHECK_FALSE(several.ledger);
  CHECK(several.uncertain);
  CHECK(several.trouble ==
        "their_ledger names history, which is in several schemas: write a.history or b.history");
  CHECK(choose({}, setting).trouble == "their_ledger names history, which is not here");
}

TEST_CASE("with none, no ledger counts, whatever is there") {
  const auto choice = choose({flyway_table()}, {.none = true});
  CHECK_FALSE(choice.ledger);
  CHECK_FALSE(choice.uncertain);
  CHECK(choice.trouble.empty());
}

TEST_CASE("a ledger of another tool than the files' says what would settle it") {
  const std::vector<Relation> relations{flyway_table()};
  const auto choice = choose_ledger(recognise_ledgers(relations), relations, {}, "", "own");
  CHECK(choice.uncertain);
  CHECK(choice.trouble ==
        "public.flyway_schema_history is a ledger of flyway, and the directory has the files of "
        "own: say what belongs together with repo.layout: flyway, or with their_ledger: none if "
        "this ledger is not the app's");
  CHECK_FALSE(choose_ledger(recognise_ledgers(relations), relations, {}, "", "flyway").uncertain);
}

TEST_CASE("what is missing to read a ledger is told as SQL, with its names quoted") {
  std::vector tables{flyway_table("Ops", "say \"hi\"")};
  auto& table = tables.front();
  CHECK(missing_privileges(tables, "reader").empty());
  table.can_select = false;
  CHECK(missing_privileges(tables, "reader") ==
        R"(GRANT SELECT ON "Ops"."say ""hi""" TO "reader")");
  table.can_use = false;
  CHECK(missing_privileges(tables, "re\"ader") ==
        R"(GRANT USAGE ON SCHEMA "Ops" TO "re""ader";)"
        R"( GRANT SELECT ON "Ops"."say ""hi""" TO "re""ader")");
  tables.push_back(table);
  tables.back().name.name = "more";
  CHECK(missing_privileges(tables, "me") ==
        R"(GRANT USAGE ON SCHEMA "Ops" TO "me"; GRANT SELECT ON "Ops"."say ""hi""" TO "me";)"
        R"( GRANT SELECT ON "Ops"."more" TO "me")");
}
