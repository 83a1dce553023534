#include <doctest/doctest.h>

#include "adapters/tools/discovery.h"
#include "tests/adapters/tools/relations.h"

using namespace tidemark;
using namespace tidemark::test;

namespace {

// The server's answer for a relation: one row for each column.
void answer_with(ResultSet& answer, const Relation& relation) {
  const auto truth = [](bool value) { return value ? "t" : "f"; };
  for (const auto& candidate : relation.columns) {
    std::optional<std::string> position;
    for (std::size_t i = 0; i < relation.primary_key.size(); ++i) {
      if (relation.primary_key[i] == candidate.name) {
        position = std::to_string(i);
      }
    }
    answer.rows.push_back({std::to_string(relation.oid),
                           relation.name.schema,
                           relation.name.name,
                           std::string(1, relation.kind),
                           truth(relation.partition),
                           truth(relation.row_security),
                           truth(relation.can_use),
                           truth(relation.can_select),
                           truth(relation.can_select_all),
                           candidate.name,
                           candidate.type,
                           truth(candidate.not_null),
                           position});
  }
}

}  // namespace

TEST_CASE("the server's answer becomes relations with their columns and keys") {
  auto first = flyway_table();
  auto second = flyway_table("ops", "history");
  second.oid = 16500;
  second.kind = 'p';
  second.can_use = false;
  second.can_select_all = true;
  second.row_security = true;
  second.primary_key = {"version",
                        "installed_rank"};  // in the order of the key, not of the columns
  ResultSet answer;
  answer_with(answer, first);
  answer_with(answer, second);
  const auto relations = parse_relations(answer);
  REQUIRE(relations);
  CHECK(*relations == std::vector<Relation>{first, second});
}

TEST_CASE("nothing found is an empty list, and an answer of another width an error") {
  CHECK(parse_relations({})->empty());
  ResultSet narrow;
  narrow.rows.push_back({"1", "public"});
  const auto relations = parse_relations(narrow);
  REQUIRE_FALSE(relations);
  CHECK(relations.error().code == Errc::broken);
}

TEST_CASE("a privilege that the server cannot tell is none") {
  ResultSet answer;
  answer_with(answer, flyway_table());
  for (auto& row : answer.rows) {
    row[6].reset();
    row[7].reset();
  }
  const auto relations = parse_relations(answer);
  CHECK_FALSE(relations->front().can_use);
  CHECK_FALSE(relations->front().can_select);
}

TEST_CASE(
    "ledgers are told with their tool, near misses with the reason, other tables not at all") {
  auto view = flyway_table("public", "history_v");
  view.kind = 'v';
  Relation orders{
      {"public", "orders"}, 7, 'r', false, true, true, false, {{"id", "integer", true}}, {}};
  const std::vector<Relation> relations{flyway_table(), view, orders};
  const auto discovered = recognise_ledgers(relations);
  REQUIRE(discovered.ledgers.size() == 1);
  CHECK(discovered.ledgers.front().tool == find_tool("flyway"));
  CHECK(discovered.ledgers.front().relation == flyway_table());
  CHECK(discovered.rejected ==
        std::vector<RejectedTable>{{find_tool("flyway"),
                                    {"public", "history_v"},
                                    "has the columns of a Flyway ledger, but is a view"}});
}

TEST_CASE(
    "discovery asks for the columns that tell ledgers, and for a table that is wanted by name") {
  using Values = std::vector<std::optional<std::string>>;
  const auto rest = [](const ReadQuery& query) {
    return Values(query.values.begin() + 1, query.values.end() - 1);
  };
  const auto wanted = discovery_query(TableName{"ops", "history"}, "app");
  CHECK(wanted.values.front()->find("\"installed_rank  0\"") != std::string::npos);
  CHECK(rest(wanted) == Values{"ops", "history", std::nullopt});
  CHECK(rest(discovery_query(std::nullopt, "")) ==
        Values{std::nullopt, std::nullopt, std::nullopt});
  CHECK(rest(discovery_query(std::nullopt, "app")) == Values{std::nullopt, std::nullopt, "app"});
  for (const auto* name : {"\"schema_migrations\"",
                           "\"SequelizeMeta\"",
                           "\"__EFMigrationsHistory\"",
                           "\"flyway_schema_history\""}) {
    CAPTURE(name);
    CHECK(wanted.values.back()->find(name) != std::string::npos);
  }
  CHECK(wanted.values.back()->find("\"changes\"") == std::string::npos);  // of many an application
}
