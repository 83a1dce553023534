#include "core/sql/text.h"

#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>
#include <rapidcheck.h>

using namespace tidemark;
using namespace std::string_literals;

namespace {

using Kind = SqlProblem::Kind;

constexpr std::size_t plenty = 1 << 20;

SqlText seen(std::string_view file) {
  return sql_text(file, plenty);
}

std::string repeated(std::string_view part, int times) {
  std::string text;
  for (int k = 0; k < times; ++k) {
    text += part;
  }
  return text;
}

struct Told {
  Kind kind;
  SqlPlace place;
  friend bool operator==(const Told&, const Told&) = default;
};

std::vector<Told> told(const SqlText& text) {
  std::vector<Told> all;
  for (const auto& each : text.problems) {
    all.push_back({each.kind, each.place});
  }
  return all;
}

}  // namespace

TEST_CASE("a file of plain SQL is read as it is") {
  const auto file = "SELECT 'a\\b', \"c\\d\", E'\\\\', $$ \\x $$; -- \\y\n/* \\z */";
  const auto text = seen(file);
  CHECK(text.text == file);
  CHECK(text.problems.empty());
  CHECK(text.readable);
}

TEST_CASE("a byte order mark is no part of the first line") {
  const auto text = seen("\xEF\xBB\xBFé \\x");
  CHECK(text.text == "   é   ");
  CHECK(text.begin == 3);
  CHECK(told(text) == std::vector<Told>{{Kind::meta_command, {1, 3}}});
}

TEST_CASE("each command of psql is told with its line, and is blank to the parser") {
  const auto text = seen("\\connect shop\r\nSELECT 1 \\gset x\n;  \\i 'a b.sql' ; x\nSELECT 2;");
  CHECK(text.text == std::string(13, ' ') + "\r\nSELECT 1" + std::string(8, ' ') + "\n;" +
                         std::string(18, ' ') + "\nSELECT 2;");
  CHECK(told(text) == std::vector<Told>{{Kind::meta_command, {1, 1}},
                                        {Kind::meta_command, {2, 10}},
                                        {Kind::meta_command, {3, 4}}});
  CHECK(text.problems[0].message.starts_with("\\connect is a command of psql"));
  CHECK(text.readable);
}

TEST_CASE("the data of COPY FROM STDIN is blank to the parser") {
  const auto text =
      seen("copy a (b) From -- x\n stdin with (format csv); SELECT 1;\n1;'\\N\n\\.\nSELECT 2;");
  CHECK(text.text ==
        "copy a (b) From -- x\n stdin with (format csv); SELECT 1;\n     \n  \nSELECT 2;");
  CHECK(text.problems.empty());
  CHECK(seen("COPY a FROM stdin;\r\n1\r\n\\.\r\n;").text == "COPY a FROM stdin;\r\n \r\n  \r\n;");
}

TEST_CASE("two COPY in a row have their data one after the other") {
  CHECK(seen("COPY a FROM stdin; COPY b FROM stdin;\n1\n\\.\n2\n\\.\n3").text ==
        "COPY a FROM stdin; COPY b FROM stdin;\n \n  \n \n  \n3");
}

TEST_CASE("without an end nothing is taken for data, and neither is what another statement has") {
  for (const std::string file : {"COPY a FROM stdin;\n1\n",
                                 "COPY (SELECT a FROM stdin) TO STDOUT;\nSELECT 1;\n",
                                 "COPY a TO stdout;\nSELECT 1;\n",
                                 "SELECT copy FROM stdin;\nSELECT 1;\n"}) {
    CHECK(seen(file).text == file);
  }
  CHECK(told(seen("SELECT copy FROM stdin;\n\\.\n")).size() == 1);
}

TEST_CASE("what no parser is asked about is told at once") {
  const auto nul = seen("SELECT 1;\né\0x"s);
  CHECK(!nul.readable);
  CHECK(told(nul) == std::vector<Told>{{Kind::nul_byte, {2, 2}}});

  const auto large = sql_text("SELECT 1", 7);
  CHECK(!large.readable);
  CHECK(large.problems[0].message ==
        "the file has 8 bytes, and at most 7 are read: make several of it");
  CHECK(sql_text("SELECT 1", 8).readable);
}

TEST_CASE("comments that the parser would take for ever to read are told at once") {
  for (const auto& comment : {repeated("/*", 10'000) + repeated("*/", 10'000),
                              repeated("/**/", 10'000),
                              repeated("+/*", 10'000)}) {
    const auto text = seen("SELECT 1;\n " + comment);
    CHECK(!text.readable);
    REQUIRE(text.problems.size() == 1);
    CHECK(text.problems[0].kind == Kind::too_deep);
    CHECK(text.problems[0].place.line == 2);
  }
  for (const auto& comment : {repeated("/*", 1000) + repeated("*/", 1000),
                              repeated("/* ", 10'000) + repeated(" */", 10'000),
                              "/*" + repeated("*", 100'000) + "*/",
                              "'" + repeated("/*", 10'000) + "'"}) {
    CHECK(seen(comment).readable);
  }
}

TEST_CASE("comments that begin in quotes are none") {
  const auto text = seen(repeated("INSERT INTO paths VALUES ('/srv/*/*');\n", 1000));
  CHECK(text.readable);
  CHECK(text.problems.empty());
}

TEST_CASE("a file that is full of the same problem tells it a hundred times") {
  CHECK(seen(repeated("\\x\n", 5000)).problems.size() == 100);
}

TEST_CASE("every byte and every line stays where it was") {
  CHECK(rc::check([] {
    const auto part = rc::gen::element<std::string>("copy ",
                                                    "from ",
                                                    "stdin",
                                                    ";",
                                                    "\n",
                                                    "\r\n",
                                                    "\\.\n",
                                                    "\\x",
                                                    "'",
                                                    "$$",
                                                    "/*",
                                                    "*/",
                                                    "é",
                                                    " ");
    std::string file;
    for (const auto& each : *rc::gen::container<std::vector<std::string>>(part)) {
      file += each;
    }
    const auto text = seen(file);
    RC_ASSERT(text.text.size() == file.size());
    for (std::size_t k = 0; k < file.size(); ++k) {
      RC_ASSERT(text.text[k] == file[k] || (text.text[k] == ' ' && file[k] != '\n'));
    }
  }));
}
