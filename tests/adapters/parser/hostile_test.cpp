// What breaks the parser breaks a child, and is a problem of the file.

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "tests/adapters/parser/parsing.h"

using namespace tidemark;
using namespace std::chrono_literals;
using test::parsed;
using test::problems;
using test::repeated;

namespace {

using Words = std::vector<std::string>;

bool is_too_deep(const Script& script) {
  return problems(script) == Words{"too_deep 1:1"} && script.statements.empty();
}

std::string chain(std::string_view first, std::string_view more, int times) {
  return std::string(first) + repeated(more, times);
}

}  // namespace

TEST_CASE("a chain that overflows the parser's stack is too deep, and any shorter one is read") {
  for (const auto& [first, more] : std::vector<std::pair<std::string, std::string>>{
           {"SELECT 1", "+1"}, {"SELECT ''", "||''"}, {"SELECT 1", " UNION SELECT 1"}}) {
    CAPTURE(more);
    CHECK(parsed(chain(first, more, 20'000)).statements.size() == 1);
  }
  CHECK(is_too_deep(parsed(chain("SELECT 1", "+1", 700'000))));
  CHECK(is_too_deep(parsed(chain("SELECT ''", "||''", 700'000))));
}

TEST_CASE("what nests too deep is told, and what nests a thousand deep is read") {
  for (const auto& [open, close] :
       std::vector<std::pair<std::string, std::string>>{{"(", ")"},
                                                        {"NOT ", ""},
                                                        {"f(", ")"},
                                                        {"CASE WHEN true THEN ", " END"},
                                                        {"(SELECT ", ")"},
                                                        {"ARRAY[", "]"}}) {
    CAPTURE(open);
    const auto nested = [&](int depth) {
      return "SELECT " + repeated(open, depth) + "true" + repeated(close, depth);
    };
    CHECK(parsed(nested(1000)).statements.size() == 1);
    CHECK(is_too_deep(parsed(nested(50'000))));
  }
}

TEST_CASE("comments that the parser takes the square of are told before it is asked") {
  for (const auto& comments :
       {repeated("/*", 400'000) + repeated("*/", 400'000), repeated("/**/", 200'000)}) {
    const auto begin = std::chrono::steady_clock::now();
    const auto script = parsed("SELECT 1; " + comments);
    REQUIRE(script.problems.size() == 1);
    CHECK(script.problems[0].kind == SqlProblem::Kind::too_deep);
    CHECK(std::chrono::steady_clock::now() - begin < 5s);
  }
}

TEST_CASE("comments that are just not told cost no more than a second or two") {
  const auto begin = std::chrono::steady_clock::now();
  const auto script = parsed("SELECT 1; " + repeated(repeated("/**/", 500) + " ", 90));
  CHECK(script.statements.size() == 1);
  CHECK(std::chrono::steady_clock::now() - begin < 5s);
}

TEST_CASE("a file that is too large is told without a parser") {
  const std::string file((16 << 20) + 1, ' ');
  CHECK(problems(parsed(file)) == Words{"too_large 1:1"});
}

TEST_CASE("a file with more statements than anybody writes is told") {
  CHECK(is_too_deep(parsed(repeated("END;", 100'001))));
  CHECK(parsed(repeated("END;", 2000)).problems.size() == 100);
}

TEST_CASE("a large file of data is read") {
  const auto begin = std::chrono::steady_clock::now();
  const auto file = "INSERT INTO t VALUES (1, 'x')" + repeated(", (1, 'some text', 2.5)", 100'000);
  CHECK(parsed(file).statements.size() == 1);
  CHECK(std::chrono::steady_clock::now() - begin < 30s);
}
