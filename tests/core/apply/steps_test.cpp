#include "core/apply/steps.h"

#include <doctest/doctest.h>

using namespace tidemark;

namespace {

// With these statements, which stand in the text as they are.
PlannedMigration migration(const std::string& text,
                           const std::vector<std::pair<std::string, Statement>>& statements) {
  PlannedMigration planned;
  planned.sql.text = text;
  for (auto [sql, statement] : statements) {
    statement.offset = text.find(sql);
    statement.size = sql.size();
    planned.script.statements.push_back(statement);
  }
  return planned;
}

Statement about(const std::string& kind, const SqlObject& object) {
  Statement statement;
  statement.kind = kind;
  statement.objects = {object};
  return statement;
}

const SqlObject users{"table", "", "users", ""};
const SqlObject orders{"table", "shop", "or\"ders", ""};

}  // namespace

TEST_CASE("each statement is sent by itself, without what stands between them") {
  const auto planned =
      migration("-- first\nSELECT 1;\n\nSELECT 2 ;", {{"SELECT 1", {}}, {"SELECT 2", {}}});
  const auto steps = steps_of(planned);
  REQUIRE(steps.size() == 2);
  CHECK(steps[0] == Step{0, "SELECT 1", 9});
  CHECK(steps[1] == Step{1, "SELECT 2", 20});
}

TEST_CASE("what was not analysed is sent as a whole") {
  PlannedMigration planned;
  planned.sql.text = "  \n-- note\nMERGE x; SELECT 1;\n";
  planned.script.unanalysed = Unanalysed{};
  CHECK(steps_of(planned) == std::vector<Step>{{0, "MERGE x; SELECT 1;", 11}});
}

TEST_CASE("the text of the first statements changes with each of them, and with nothing else") {
  const auto text = [](const std::string& sql, const std::vector<std::string>& parts) {
    std::vector<std::pair<std::string, Statement>> statements;
    for (const auto& part : parts) {
      statements.emplace_back(part, Statement{});
    }
    return text_of_steps(migration(sql, statements), 2);
  };
  const auto before = text("A;B;C", {"A", "B", "C"});
  CHECK(text("A; -- x\nB;D", {"A", "B", "D"}) == before);
  CHECK(text("A;BB;C", {"A", "BB", "C"}) != before);
  CHECK(text("AB; ;C", {"AB", " ", "C"}) != before);
}

TEST_CASE("what a migration makes is named as SQL names it, unless it is dropped or renamed") {
  auto guarded = about("CREATE TABLE", {"table", "", "guarded", ""});
  guarded.if_not_exists = true;
  CHECK(made_by(migration("",
                          {{"", about("CREATE TABLE", users)},
                           {"", about("CREATE TABLE", orders)},
                           {"", guarded},
                           {"", about("INSERT", users)},
                           {"", about("CREATE FUNCTION", {"function", "", "f", ""})}})) ==
        std::vector<std::string>{"\"users\"", "\"shop\".\"or\"\"ders\""});
  CHECK(made_by(migration("",
                          {{"", about("CREATE TABLE", users)},
                           {"", about("CREATE TABLE", orders)},
                           {"", about("ALTER TABLE", users)},
                           {"", about("DROP TABLE", orders)}}))
            .empty());
}

TEST_CASE("a server counts characters, and we count bytes") {
  CHECK(byte_of_character("abc", 1) == 0);
  CHECK(byte_of_character("abc", 3) == 2);
  CHECK(byte_of_character("é€x", 2) == 2);
  CHECK(byte_of_character("é€x", 3) == 5);
  CHECK(byte_of_character("ab", 9) == 2);
  CHECK(place_in("a\nbc", 3) == SqlPlace{2, 2});
  CHECK(place_in("a", 99) == SqlPlace{1, 2});
}
