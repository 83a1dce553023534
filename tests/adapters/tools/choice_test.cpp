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
        "a.flyway_schema_history}, or with schema: a");
}

TEST_CASE("of a ledger for each of many tenants the first few are told") {
  std::vector<Relation> relations;
  for (int i = 0; i < 1000; ++i) {
    relations.push_back(flyway_table("tenant_" + std::to_string(i)));
    relations.back().oid = static_cast<std::uint32_t>(20000 + i);
  }
  const auto discovered = recognise_ledgers(relations);
  const auto choice = choose_ledger(discovered, relations, {}, "");
  CHECK(choice.uncertain);
  CHECK(choice.trouble.find("tenant_4.flyway_schema_history (flyway) and 995 more all look like") !=
        std::string::npos);
  CHECK(choice.trouble.find("or with schema: tenant_0") != std::string::npos);
  const auto others = not_chosen(discovered, choice);
  CHECK(others.size() == 20);
  CHECK(others.back().why.ends_with("; and 980 more tables"));
}

TEST_CASE("the ledger of the tool whose files the app has is taken among those of other tools") {
  const std::vector<Relation> relations{flyway_table(),
                                        table("public",
                                              "goose_db_version",
                                              {"id integer!",
                                               "version_id bigint!",
                                               "is_applied boolean!",
                                               "tstamp timestamp without time zone!"},
                                              {"id"})};
  const auto discovered = recognise_ledgers(relations);
  const auto choice = choose_ledger(discovered, relations, {}, "", "goose");
  CHECK(table_of(choice) == "public.goose_db_version");
  const auto neither = choose_ledger(discovered, relations, {}, "", "own");
  CHECK(neither.uncertain);
  CHECK(neither.trouble ==
        "ambiguous: public.flyway_schema_history (flyway), public.goose_db_version (goose) all "
        "look like this environment's ledger; say which with their_ledger: {tool: flyway, table: "
        "public.flyway_schema_history}");
}

TEST_CASE("what else could be a ledger is told beside the one that was chosen") {
  auto older = flyway_table("public", "history_2023");
  older.oid = 7;
  const std::vector<Relation> relations{
      older,
      flyway_table(),
      table("public",
            "pgmigrations",
            {"id integer!", "name character varying(255)!", "run_on timestamp without time zone!"}),
      table("ops", "schema_migrations", {"number integer!", "day date!"})};
  const auto discovered = recognise_ledgers(relations);
  const auto choice = choose_ledger(discovered, relations, {}, "");
  CHECK(table_of(choice) == "public.flyway_schema_history");
  std::vector<std::string> words;
  for (const auto& rejected : not_chosen(discovered, choice)) {
    words.push_back(rejected.table.text() + " " + rejected.why);
  }
  CHECK(words ==
        std::vector<std::string>{
            "public.history_2023 is a ledger of flyway (the columns of Flyway 4 and newer) too",
            "public.pgmigrations is a ledger of node-pg-migrate: not read yet",
            "ops.schema_migrations has the name of a ledger, and the columns of none: number "
            "integer, day date"});
  const auto unasked = choose_ledger(discovered, relations, {.none = true}, "");
  CHECK(not_chosen(discovered, unasked).front().why ==
        "is a ledger of flyway (the columns of Flyway 4 and newer), and is not asked for");
}

TEST_CASE("of a table that is no ledger of the files' tool, that tool is proposed") {
  const std::vector<Relation> relations{
      table("public", "schema_migrations", {"number integer!", "day date!"})};
  const auto trouble = [&](std::string_view layout) {
    return choose_ledger(recognise_ledgers(relations), relations, {}, "", layout).trouble;
  };
  CHECK(trouble("flyway").ends_with("or with their_ledger: flyway that it is none of the app's"));
  CHECK(trouble("own").ends_with("or with their_ledger: none that it is none of the app's"));
  const LedgerSetting of_flyway{find_tool("flyway")};
  CHECK_FALSE(
      choose_ledger(recognise_ledgers(relations), relations, of_flyway, "", "flyway").uncertain);
}

TEST_CASE("of a thousand tables that are no ledgers the first few are told") {
  std::vector<Relation> relations;
  for (int i = 0; i < 1000; ++i) {
    const auto schema = "tenant_" + std::to_string(i);
    relations.push_back(table(schema, "schema_migrations", {"number integer!", "day date!"}));
    relations.push_back(table(
        schema,
        "pgmigrations",
        {"id integer!", "name character varying(255)!", "run_on timestamp without time zone!"}));
  }
  const auto choice = choose(relations);
  CHECK(choice.trouble.find(" and 995 more: not read yet; ") != std::string::npos);
  CHECK(choice.trouble.find(" and 995 more: say what they mean with ") != std::string::npos);
  CHECK(choice.trouble.size() < 2000);
}

TEST_CASE("a view in the very place of a ledger is not passed over, one beside it is") {
  const auto choice = choose({view("public", "flyway_schema_history")});
  CHECK_FALSE(choice.ledger);
  CHECK(choice.uncertain);
  CHECK(choice.trouble ==
        "public.flyway_schema_history has the columns of a Flyway ledger, but is a view: if it is "
        "the one that counts, say so with their_ledger: {tool: flyway, table: "
        "public.flyway_schema_history}");
  CHECK(choose({view("public", "flyway_schema_history")},
               flyway_in("public", "flyway_schema_history"))
            .ledger);
  // A schema that was imported from elsewhere has its tables' names.
  auto foreign = view("remote", "flyway_schema_history");
  foreign.kind = 'f';
  CHECK_FALSE(choose({foreign}).uncertain);
  foreign.kind = 'm';
  CHECK_FALSE(choose({foreign}).uncertain);
}

TEST_CASE("a setting that is proposed for a table of an odd name can be written as it is") {
  const auto proposed = [](std::string schema, std::string name) {
    const auto trouble = choose({flyway_table(schema, name), flyway_table("b", name)}).trouble;
    const auto begin = trouble.find("table: ") + 7;
    return trouble.substr(begin, trouble.find('}') - begin);
  };
  CHECK(proposed("Ops", "History_2") == "Ops.History_2");
  CHECK(proposed("ops", "Flyway History") == "'ops.Flyway History'");
  CHECK(proposed("my.ops", "history") == "'\"my.ops\".history'");
  CHECK(proposed("ops", "say \"hi\"") == "'ops.\"say \"\"hi\"\"\"'");
  CHECK(proposed("o'ps", "größe") == "'o''ps.größe'");
}

TEST_CASE("with a schema only the ledgers in it count") {
  CHECK(table_of(choose({flyway_table("a"), flyway_table("b")}, {}, "b")) ==
        "b.flyway_schema_history");
  const auto none = choose({flyway_table("a")}, {}, "b");
  CHECK(table_of(none) == "(none)");
  CHECK_FALSE(none.uncertain);
}

TEST_CASE("a ledger of the files' tool outside of the schema is told, and not taken") {
  const std::vector<Relation> relations{flyway_table("ops", "history")};
  const auto of = [&](std::string_view layout) {
    return choose_ledger(recognise_ledgers(relations), relations, {}, "app", layout);
  };
  CHECK(table_of(of("flyway")) == "(none)");
  CHECK(of("flyway").uncertain);
  CHECK(of("flyway").trouble ==
        "ops.history is a ledger of flyway, outside of schema app: say that it is this "
        "environment's with their_ledger: {tool: flyway, table: ops.history}, or with "
        "their_ledger: none that it is not");
  CHECK_FALSE(of("rails").uncertain);
  CHECK_FALSE(of("").uncertain);
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

TEST_CASE("what people added to a table that the config names does not matter") {
  const auto django = table("ops",
                            "history",
                            {"id bigint!",
                             "app character varying(255)!",
                             "name character varying(255)!",
                             "applied timestamp with time zone!",
                             "host text"},
                            {"id"});
  CHECK_FALSE(choose({django}).ledger);
  const auto named = choose({django}, {find_tool("django"), TableName{"ops", "history"}});
  CHECK(table_of(named) == "ops.history");
  REQUIRE(named.ledger);
  CHECK(named.ledger->evidence ==
        "the columns of a Django ledger; a further column host; named by their_ledger");
  const auto orders = table("ops", "orders", {"id bigint!", "host text"});
  CHECK_FALSE(choose({orders}, {find_tool("django"), TableName{"ops", "orders"}}).ledger);
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

TEST_CASE("where single columns may be read the grant that helps is that of the table") {
  std::vector tables{flyway_table()};
  CHECK(privileges_on_columns(tables, "me") ==
        R"(GRANT SELECT ON "public"."flyway_schema_history" TO "me")");
  tables.front().can_select_all = true;
  CHECK(privileges_on_columns(tables, "me").empty());
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
