#include "core/apply/twin.h"

#include <doctest/doctest.h>

using namespace tidemark;

namespace {

using Words = std::vector<std::string>;

Shape table(std::map<std::string, Shape::Column> columns) {
  Shape shape;
  shape.there = true;
  shape.kind = "table";
  shape.persistence = "p";
  shape.columns = std::move(columns);
  return shape;
}

Shape index(const std::string& structure) {
  Shape shape;
  shape.there = true;
  shape.kind = "index";
  shape.table = "public.users";
  shape.structure = structure;
  shape.definition = "USING " + structure;
  return shape;
}

const Shape::Column number{.type = "integer"};
const Shape::Column words{.type = "text"};

Twin of(const std::string& kind, const std::string& name) {
  return {.object = {kind, "", name, kind == "table" ? "" : "users"}};
}

Statement about(const std::string& kind, std::vector<SqlObject> objects) {
  Statement statement;
  statement.kind = kind;
  statement.objects = std::move(objects);
  return statement;
}

}  // namespace

TEST_CASE("two tables are the same in whatever order their columns and constraints are") {
  auto there = table({{"a", number}, {"b", words}});
  auto asked = there;
  there.constraints = {"UNIQUE (a)", "UNIQUE (a)", "CHECK (b)"};
  asked.constraints = {"CHECK (b)", "UNIQUE (a)", "UNIQUE (a)"};
  CHECK(differences(of("table", "users"), there, asked, {}).empty());
  asked.constraints.erase(asked.constraints.begin());
  CHECK(differences(of("table", "users"), there, asked, {}) ==
        Words{"CHECK (b) was not asked for"});
  asked.constraints = {"UNIQUE (a)"};
  CHECK(differences(of("table", "users"), there, asked, {}).size() == 2);
}

TEST_CASE("a temporary table is no more unlogged than one that is not") {
  auto there = table({});
  auto twin = of("table", "users");
  const auto asked = table({});
  CHECK(differences(twin, there, asked, {}).empty());
  twin.unlogged = true;
  CHECK(differences(twin, there, asked, {}) == Words{"it is not unlogged"});
  there.persistence = "t";
  CHECK(differences(twin, there, asked, {}).empty());
}

TEST_CASE("of a column only that one is compared, and what its table has beyond is its own") {
  auto there = table({{"a", number}, {"b", words}});
  there.constraints = {"CHECK (b)"};
  const auto asked = table({{"a", number}});
  CHECK(differences(of("column", "a"), there, asked, {}).empty());
  auto more = asked;
  more.constraints = {"CHECK (a)"};
  CHECK(differences(of("column", "a"), there, more, {}) == Words{"CHECK (a) is missing"});
  CHECK(differences(of("column", "b"), there, asked, {}) == Words{"column b is missing"});
}

TEST_CASE("an index is compared by all that it is, and has to be valid") {
  const auto there = index("btree (a)");
  CHECK(differences(of("index", "i"), there, there, {}).empty());
  CHECK(differences(of("index", "i"), there, index("btree (b)"), {}) ==
        Words{"it is USING btree (a), asked for USING btree (b)"});
  auto invalid = there;
  invalid.valid = false;
  CHECK(differences(of("index", "i"), invalid, there, {}).size() == 1);
  auto of_other = there;
  of_other.table = "public.other";
  CHECK(differences(of("index", "i"), of_other, there, {}) ==
        Words{"it is an index of public.other, asked for one of public.users"});
}

TEST_CASE("what is of another kind is nothing but that") {
  auto view = table({{"a", words}});
  view.kind = "view";
  const Words another{"it is a view, asked for a table"};
  CHECK(differences(of("table", "users"), view, table({{"a", number}}), {}) == another);
  CHECK(differences_in_kind(of("table", "users"), view) == another);
  CHECK(differences_in_kind(of("index", "i"), view) == Words{"it is a view, asked for an index"});
  CHECK(differences_in_kind(of("column", "a"), view).empty());
}

TEST_CASE("what other statements of a migration alter is not held against what is there") {
  Script script;
  const SqlObject users{"table", "", "users", ""};
  script.statements = {
      about("CREATE TABLE", {users}),
      about("ALTER TABLE", {{"column", "public", "b", "users"}, {"table", "public", "users", ""}}),
      about("ALTER TABLE", {{"column", "", "c", "other"}, {"table", "", "other", ""}})};
  const auto elsewhere = altered_elsewhere(script, 0, users);
  CHECK(elsewhere.columns == std::set<std::string>{"b"});
  CHECK(elsewhere.more);
  CHECK_FALSE(elsewhere.constraints);
  CHECK(altered_elsewhere(script, 1, users).columns.empty());
  CHECK(altered_elsewhere(script, 0, {"table", "shop", "users", ""}).columns.empty());

  const auto there = table({{"a", number}, {"b", words}, {"d", words}});
  const auto asked = table({{"a", number}, {"b", number}});
  CHECK(differences(of("table", "users"), there, asked, elsewhere).empty());
  CHECK(differences(of("table", "users"), there, asked, {}).size() == 2);

  script.statements[1].objects.push_back({"constraint", "", "x", "users"});
  CHECK(altered_elsewhere(script, 0, users).constraints);
  script.statements = {about("CREATE TABLE", {users}), about("DO", {})};
  CHECK_FALSE(altered_elsewhere(script, 0, users).more);
  script.statements[1].lock = LockClass::unknown;
  CHECK(altered_elsewhere(script, 0, users).more);
}

TEST_CASE("a thing is named by what people look for") {
  CHECK(name_of({"column", "shop", "a", "users"}) == "table shop.users");
  CHECK(name_of({"table", "", "users", ""}) == "table users");
  CHECK(name_of({"index", "shop", "i", "users"}) == "index shop.i");
}
