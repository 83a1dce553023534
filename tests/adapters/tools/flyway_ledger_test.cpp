#include <doctest/doctest.h>

#include <algorithm>

#include "adapters/tools/file_name.h"
#include "tests/adapters/tools/relations.h"
#include "tests/adapters/tools/statements.h"

using namespace tidemark;
using namespace tidemark::test;

namespace {

std::string recognised(const Relation& relation) {
  auto [verdict, words] = find_tool("flyway")->recognise(relation, {});
  return verdict == Recognition::Verdict::ledger ? std::move(words) : "";
}
std::string near_miss(const Relation& relation) {
  auto [verdict, words] = find_tool("flyway")->recognise(relation, {});
  return verdict == Recognition::Verdict::near_miss ? std::move(words) : "";
}

Relation in_upper_case(Relation table) {
  const auto raise = [](std::string& name) {
    std::ranges::transform(name, name.begin(), [](char c) {
      return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    });
  };
  for (auto& candidate : table.columns) {
    raise(candidate.name);
  }
  std::ranges::for_each(table.primary_key, raise);
  return table;
}

}  // namespace

TEST_CASE("Flyway's table is recognised by its columns, whatever it is called") {
  CHECK(recognised(flyway_table()) == "the columns of Flyway 4 and newer");
  CHECK(recognised(flyway_table("ops", "history")) == "the columns of Flyway 4 and newer");
  CHECK(near_miss(flyway_table()).empty());
}

TEST_CASE("the table of Flyway 3 is recognised") {
  CHECK(recognised(flyway_3_table()) == "the columns of Flyway 3");
}

TEST_CASE("the order of the columns does not matter") {
  auto table = flyway_table();
  std::ranges::reverse(table.columns);
  CHECK_FALSE(recognised(table).empty());
}

TEST_CASE("a partitioned table is a ledger, a partition of it is not") {
  auto table = flyway_table();
  table.kind = 'p';
  CHECK_FALSE(recognised(table).empty());
  table.kind = 'r';
  table.partition = true;
  CHECK(recognised(table).empty());
  CHECK(near_miss(table) ==
        "has the columns of a Flyway ledger, but is a partition of another table");
}

TEST_CASE("views, materialized views and foreign tables show a ledger that is elsewhere") {
  auto table = flyway_table();
  table.kind = 'v';
  CHECK(recognised(table).empty());
  CHECK(near_miss(table) == "has the columns of a Flyway ledger, but is a view");
  table.kind = 'm';
  CHECK(near_miss(table) == "has the columns of a Flyway ledger, but is a materialized view");
  table.kind = 'f';
  CHECK(near_miss(table) == "has the columns of a Flyway ledger, but is a foreign table");
}

TEST_CASE(
    "a NOT NULL that a restore lost, a length and a further column are noted, not held against "
    "it") {
  auto table = flyway_table();
  column(table, "description").not_null = false;
  column(table, "version").type = "character varying(100)";
  table.columns.push_back({"comment", "text", false});
  CHECK(recognised(table) ==
        "the columns of Flyway 4 and newer; version is character varying(100), description is "
        "nullable, "
        "a further column comment");
}

TEST_CASE("the precision of a time says nothing") {
  auto table = flyway_table();
  column(table, "installed_on").type = "timestamp(6) without time zone";
  CHECK(recognised(table) == "the columns of Flyway 4 and newer");
}

TEST_CASE("a copy without its primary key is noted") {
  auto table = flyway_table();
  table.primary_key.clear();
  CHECK(recognised(table) ==
        "the columns of Flyway 4 and newer; no primary key on installed_rank, as in a copy");
}

TEST_CASE("a missing column or one of another type is a near miss that says which") {
  auto table = flyway_table();
  column(table, "checksum").type = "bigint";
  column(table, "success").name = "ok";
  CHECK(recognised(table).empty());
  CHECK(near_miss(table) ==
        "looks like a Flyway ledger, but checksum is bigint instead of integer and column success "
        "is missing");
}

TEST_CASE("columns in upper case throughout are read by their names as stored") {
  const auto table = in_upper_case(flyway_table());
  const auto plain = find_tool("flyway")->select_rows(flyway_table());
  CHECK(recognised(table) == "the columns of Flyway 4 and newer");
  const auto query = find_tool("flyway")->select_rows(table);
  CHECK(query.statement.text().find("\"INSTALLED_RANK\"") != std::string_view::npos);
  CHECK(plain.statement.text().find('"') == std::string_view::npos);
}

TEST_CASE("columns in mixed case are nobody's") {
  auto table = flyway_table();
  column(table, "script").name = "Script";
  CHECK(recognised(table).empty());
  CHECK(near_miss(table) ==
        "looks like a Flyway ledger, but its columns are written in mixed case");
}

TEST_CASE("a table that shares some names with Flyway's is somebody else's") {
  Relation sqlx{{"public", "_sqlx_migrations"},
                1,
                'r',
                false,
                true,
                true,
                false,
                {{"version", "bigint", true},
                 {"description", "text", true},
                 {"installed_on", "timestamp with time zone", true},
                 {"success", "boolean", true},
                 {"checksum", "bytea", true},
                 {"execution_time", "bigint", true}},
                {"version"}};
  CHECK(recognised(sqlx).empty());
  CHECK(near_miss(sqlx).empty());
}

TEST_CASE("rows are asked for by named columns, in the order of their rank") {
  const auto query = find_tool("flyway")->select_rows(flyway_table("ops", "history"));
  CHECK(query.ledger == TableName{"ops", "history"});
  CHECK(query.statement.text().find("SELECT installed_rank, version") != std::string_view::npos);
  CHECK(query.statement.text().find("ORDER BY installed_rank") != std::string_view::npos);
}

TEST_CASE("every tool has a name of its own and is found by it") {
  for (const auto* tool : all_tools()) {
    CHECK(find_tool(tool->name()) == tool);
  }
  CHECK(find_tool("nobodys") == nullptr);
  CHECK(find_tool("") == nullptr);
}

TEST_CASE("Flyway's advisory lock is its own number and what Java hashes of its table's name") {
  // hashCode() of "flyway_schema_history" is 1610714361, of its quoted name with the schema
  // 2125624436.
  CHECK(find_tool("flyway")->advisory_locks(flyway_table(), "shop") ==
        std::vector<std::int64_t>{77431708279161, 77433318993522, 77433833903597});
}

TEST_CASE("what Flyway's ledger is asked is documented") {
  const auto* flyway = find_tool("flyway");
  for (auto table : {flyway_table(), in_upper_case(flyway_table())}) {
    CHECK(is_documented(flyway->select_rows(table)));
    CHECK(is_documented(*flyway->select_tail(table)));
  }
}
