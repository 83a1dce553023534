#include <chrono>

#include <doctest/doctest.h>

#include "adapters/config/reader.h"
#include "tests/adapters/config/configs.h"

using namespace tidemark;
using namespace std::chrono_literals;

namespace {

using Lines = std::vector<std::string>;

std::string repeated(std::string_view text, std::size_t times) {
  std::string result;
  for (std::size_t i = 0; i < times; ++i) {
    result += text;
  }
  return result;
}

constexpr std::size_t mebibyte = 1024 * 1024;

}  // namespace

TEST_CASE("an alias bomb is refused at its first anchor, before anything grows") {
  std::string bomb = "a0: &a0 [x, x]\n";
  for (int i = 1; i < 30; ++i) {
    const auto before = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" +
            repeated(before + ", ", 9) + before + "]\n";
  }
  const auto problems = problems_of(bomb);
  REQUIRE(problems.size() == 201);
  CHECK(problems.at(2) == "1:5 anchors and aliases are not used here: write it out");
  CHECK(problems.back().ends_with(" more problems from here on"));
}

TEST_CASE("a cycle through an alias is refused") {
  CHECK(problems_of("apps: &x [*x]\n") ==
        Lines{"1:7 anchors and aliases are not used here: write it out",
              "1:11 anchors and aliases are not used here: write it out"});
  CHECK(problems_of("apps: *nobody_canary\n") ==
        Lines{"1:7 anchors and aliases are not used here: write it out"});
}

TEST_CASE("merge keys and tags are refused") {
  CHECK(problems_of(minimal + "log: {<<: {level: info}}\n") ==
        Lines{"6:7 merge keys are not used here: write it out"});
  CHECK(problems_of(minimal + "retention: !!str 3d\n") ==
        Lines{"6:12 tags are not used here: put text in quotes"});
  CHECK(problems_of(minimal + "retention: ! 3d\n") ==
        Lines{"6:12 tags are not used here: put text in quotes"});
  CHECK(problems_of(minimal + "log: !x {level: info}\n") ==
        Lines{"6:6 tags are not used here: put text in quotes"});
}

TEST_CASE("a config is one document") {
  CHECK(problems_of(minimal + "---\n" + minimal) ==
        Lines{"6:1 expected the end of the file: a config is one document"});
  CHECK(problems_of("---\n" + minimal + "...\n") == Lines{});
}

TEST_CASE("nothing in the file is told as that") {
  for (const std::string nothing :
       {"", "\n", "# only a comment\n", "---\n", "~\n", "\xEF\xBB\xBF"}) {
    CHECK(problems_of(nothing) == Lines{"1:1 the config is empty: expected at least apps"});
  }
}

TEST_CASE("bytes that are no text are refused where they are") {
  CHECK(problems_of("# naïve\nledger: \xFF\n") == Lines{"2:9 a byte that is not UTF-8"});
  CHECK(problems_of("# ä \xC3") == Lines{"1:5 a byte that is not UTF-8"});
  CHECK(problems_of(std::string("a: b\0c", 6)) == Lines{R"(1:5 the control character \x00)"});
  CHECK(problems_of("a: \x1b[31m\n") == Lines{R"(1:4 the control character \x1b)"});
  CHECK(problems_of("a: \x7f\n") == Lines{R"(1:4 the control character \x7f)"});
  CHECK(problems_of("a: 1\rb: 2\n") == Lines{"1:5 a carriage return without a line feed"});
}

TEST_CASE("escapes bring no control characters in") {
  CHECK(problems_of(minimal + R"(control: {group: "a\nb"})") ==
        Lines{"6:18 group: control characters and invisible ones have no place here"});
  CHECK(problems_of(minimal + R"(control: {group: "a\u202Eb"})") ==
        Lines{"6:18 group: control characters and invisible ones have no place here"});
  CHECK(problems_of(minimal + R"(control: {group: "a\0b"})") ==
        Lines{"6:18 group: control characters and invisible ones have no place here"});
  CHECK(problems_of(minimal + "control:\n  group: |\n    two\n    lines\n") ==
        Lines{"7:10 group: control characters and invisible ones have no place here"});
}

TEST_CASE("columns count characters, not bytes") {
  CHECK(problems_of("control: {group: \"naïve €\", mod: 1}\n" + minimal) ==
        Lines{"1:29 unknown key 'mod' in control; did you mean 'mode'?"});
}

TEST_CASE("what is nested too deep is refused") {
  const auto nested = [](std::size_t levels) {
    return problems_of("apps: " + repeated("[", levels) + repeated("]", levels) + "\n").front();
  };
  CHECK(nested(31).find("nested") == std::string::npos);
  CHECK(nested(32) == "1:38 nested more than 32 levels deep");
  CHECK(nested(400) == "1:38 nested more than 32 levels deep");
  CHECK(problems_of("apps: " + repeated("{a: ", 400) + repeated("}", 400)) ==
        Lines{"1:131 nested more than 32 levels deep"});
}

TEST_CASE("what is too large is refused") {
  CHECK(problems_of("# " + std::string(mebibyte, 'x')) ==
        Lines{"1:1 larger than 1 MiB: this cannot be a config"});
  CHECK(problems_of("apps: [" + repeated("a,", 100'001) + "]") ==
        Lines{"1:200002 more than 100000 values: this cannot be a config"});
}

TEST_CASE("a mebibyte of nonsense is refused quickly") {
  for (const std::string_view nonsense : {"[", "a,", "\"", "- a\n", "a: &a\n"}) {
    CAPTURE(nonsense);
    const auto start = std::chrono::steady_clock::now();
    const auto problems = problems_of(repeated(nonsense, (mebibyte - 8) / nonsense.size()));
    CHECK_FALSE(problems.empty());
    CHECK(problems.size() <= 201);
    CHECK(std::chrono::steady_clock::now() - start < 10s);
  }
}

TEST_CASE("no nonsense takes quadratic time") {
  constexpr std::size_t size = mebibyte / 32;
  for (const std::string_view nonsense :
       {"{",        "- ",       "? ",    "a: ",     "'",    "&a ",     "*a ",
        "!a ",      "| ",       "a\n",   "{a: b, ", "[a, ", "%",       ": ",
        "#\n",      "\t",       "---\n", "[]",      "{}",   "a: 'b\n", "\n ",
        "<<: *a\n", "- {? a\n", "a,",    "\"a\" ",  "a: [", "[a]: ",   "x: 'y', "}) {
    for (const std::string_view before : {"", "apps: [", "apps: {"}) {
      CAPTURE(nonsense);
      CAPTURE(before);
      const auto start = std::chrono::steady_clock::now();
      const auto problems =
          problems_of(std::string(before) + repeated(nonsense, size / nonsense.size()));
      CHECK_FALSE(problems.empty());
      CHECK(problems.size() <= 201);
      CHECK(std::chrono::steady_clock::now() - start < 5s);
    }
  }
}

TEST_CASE("a password is in no message, wherever it was written") {
  const std::string canary = "canary";
  const std::string url = "postgresql://u:canary@h:5432/d";
  for (const auto& text : std::vector<std::string>{
           "%YAML 1.canary\n---\n",
           "%TAG canary\n---\n",
           "%YAML canary\n---\n",
           "ledger: " + url,
           "database: " + url,
           url,
           url + ": x",
           "- " + url,
           "control: " + url,
           "retention: " + url,
           "log: {level: " + url + "}",
           "log: {" + url + ": 1}",
           "http: {listen: " + url + "}",
           "http: {hosts: [" + url + "]}",
           "defaults: {poll: " + url + "}",
           "access: [{user: x, role: " + url + "}]",
           "access: [{user: x, role: admin, environments: [" + url + "]}]",
           "apps: " + url,
           "apps: [{name: " + url + "}]",
           "apps: [{repo: " + url + "}]",
           "apps: [{repo: {path: " + url + ", layout: " + url + ", ignore: " + url + "}}]"}) {
    CAPTURE(text);
    const auto problems = problems_of(text + "\n");
    CHECK_FALSE(problems.empty());
    for (const auto& problem : problems) {
      CHECK(problem.find(canary) == std::string::npos);
    }
  }
  for (const auto& line :
       std::vector<std::string>{"name: " + url,
                                "mode: " + url,
                                "after: [" + url + "]",
                                "after: " + url,
                                "renamed_from: " + url,
                                "database: " + url,
                                "database: [" + url + "]",
                                "database: host=h\n        direct: " + url,
                                "database: host=h\n        direct: user=u passwort=canary",
                                "apply: " + url,
                                "lock_timeout: " + url,
                                "lock_retries: " + url,
                                "statement_timeout: " + url,
                                "receipts: " + url,
                                "database: postgresql://u:canary@h/d?nonsense=canary",
                                "database: user=u passwort=canary",
                                "database: canary",
                                "password: canary",
                                "password: {canary}",
                                "password: {canary: x}",
                                "password: [canary]",
                                "password: {file: canary}",
                                "password: {command: canary}",
                                "password: {command: [canary]}",
                                "password: {env: canary-canary}",
                                "password: {credential: canary/canary}",
                                "poll: " + url,
                                "their_ledger: " + url,
                                "their_ledger: {tool: " + url + "}",
                                "password: \"canary\\q\"",
                                "password: *canary",
                                "password: &canary x",
                                "password: !canary x",
                                "password: 'canary"}) {
    CAPTURE(line);
    const auto problems = problems_of(minimal + "        " + line + "\n");
    CHECK_FALSE(problems.empty());
    for (const auto& problem : problems) {
      CHECK(problem.find(canary) == std::string::npos);
    }
  }
}
