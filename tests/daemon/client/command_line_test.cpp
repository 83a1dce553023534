#include <doctest/doctest.h>

#include "daemon/client/command_line.h"
#include "daemon/client/syntax.h"

using namespace tidemark;
using namespace tidemark::client;

namespace {

Outcome<CommandLine> parse(const std::vector<std::string>& words) {
  return parse_command_line(words);
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

std::string refusal(const std::vector<std::string>& words) {
  const auto line = parse(words);
  REQUIRE_FALSE(line);
  CHECK(line.error().exit == Exit::usage);
  return line.error().message;
}

std::vector<std::string> words_of(std::string_view line) {
  std::vector<std::string> words;
  std::string word;
  for (const char c : line) {
    if (c == ' ') {
      words.push_back(std::exchange(word, {}));
    } else {
      word += c;
    }
  }
  words.push_back(word);
  return words;
}

}  // namespace

TEST_CASE("global options stand before or behind the command") {
  for (const auto& words : {words_of("--json --socket /s --no-color status shop"),
                            words_of("status shop --json --socket /s --no-color"),
                            words_of("status --json shop --socket=/s --no-color")}) {
    const auto line = parse(words);
    REQUIRE(line);
    CHECK(line->arguments.json);
    CHECK(line->arguments.no_color);
    CHECK(line->arguments.socket == "/s");
    CHECK(line->arguments.scope == "shop");
    CHECK((line->run == run_status));
  }
}

TEST_CASE("a command below another is told from its parent") {
  CHECK((parse({"audit"})->run == run_audit));
  CHECK((parse({"audit", "verify"})->run == run_audit_verify));
  CHECK(parse({"audit", "verify", "--json"})->arguments.json);
}

TEST_CASE("an environment may have the name of a command") {
  const auto line = parse({"poll", "status"});
  REQUIRE(line);
  CHECK((line->run == run_poll));
  CHECK(line->arguments.environment == "status");
}

TEST_CASE("mark takes migrations or a baseline, and a reason that says something") {
  const auto line = parse(
      {"mark", "shop/prod", "V1", "V2", "--reason", "- ran it", "--at", "2026-04-18T14:22:00Z"});
  REQUIRE(line);
  CHECK(line->arguments.migrations == std::vector<std::string>{"V1", "V2"});
  CHECK(line->arguments.reason == "- ran it");
  CHECK(parse({"mark", "shop/prod", "--baseline", "V3", "--reason", "x"}));
  CHECK(contains(refusal({"mark", "shop/prod", "--reason", "x"}), "say what was applied"));
  CHECK(contains(refusal({"mark", "shop/prod", "V1", "--baseline", "V3", "--reason", "x"}),
                 "not both"));
  CHECK(contains(refusal({"mark", "shop/prod", "V1"}), "--reason TEXT is required"));
  CHECK(contains(refusal({"mark", "shop/prod", "V1", "--reason", "  "}),
                 "--reason TEXT is required"));
}

TEST_CASE("apply takes what a plan was made with, and --attach stands alone") {
  const auto line =
      parse({"apply", "shop/dev", "--only", "003", "004", "--plan-id", "p_1", "--yes"});
  REQUIRE(line);
  CHECK((line->run == run_apply));
  CHECK(line->arguments.only == std::vector<std::string>{"003", "004"});
  CHECK(line->arguments.plan_id == "p_1");
  CHECK(parse({"apply", "shop/dev", "--attach", "--json"}));
  for (const auto* other :
       {"--yes", "--plan-id p", "--to 1", "--only 1", "--unanalysed", "--override-freeze x"}) {
    CHECK(contains(refusal(words_of("apply shop/dev --attach " + std::string(other))),
                   "--attach shows what is running"));
  }
  CHECK(contains(refusal(words_of("apply shop/dev --to 3 --only 4")), "not both"));
}

TEST_CASE("what is rolled back is always said") {
  CHECK(contains(refusal({"rollback", "shop/dev"}), "say what to roll back"));
  CHECK(contains(refusal({"plan", "shop/dev", "--rollback"}), "say what to roll back"));
  CHECK(contains(refusal(words_of("rollback shop/dev --to 3 --only 4")), "not both"));
  CHECK(contains(refusal(words_of("plan shop/dev --rollback --to 3 --from-empty")),
                 "--from-empty has no place"));
  CHECK(parse(words_of("plan shop/dev --rollback --only 3")));
  CHECK(parse({"plan", "shop/dev"}));
}

TEST_CASE("every command that changes the trail needs a reason") {
  for (const auto* line : {"unmark shop/dev V1",
                           "mode shop/dev managed",
                           "rebaseline shop/dev empty",
                           "ack f_01",
                           "freeze shop/dev",
                           "unfreeze shop/dev",
                           "resolve shop/dev V1 applied"}) {
    CHECK(contains(refusal(words_of(line)), "--reason TEXT is required"));
  }
  CHECK(parse({"unack", "f_01"}));
}

TEST_CASE("times and choices are checked before anything is asked of the daemon") {
  CHECK(contains(refusal({"mark", "p", "V1", "--reason", "x", "--at", "yesterday"}),
                 "'yesterday' is not a time; write it like 2026-04-18T14:22:00Z"));
  CHECK(contains(refusal({"audit", "--since", "2026-13-01T00:00:00Z"}), "is not a time"));
  CHECK(contains(refusal({"mode", "shop/dev", "readwrite", "--reason", "x"}),
                 "'readwrite' is none of managed|export_only|reconcile_only"));
  CHECK(contains(refusal({"audit", "--format", "xml"}), "'xml' is none of json|csv"));
  CHECK(contains(refusal({"rebaseline", "shop/dev", "empty|adopt", "--reason", "x"}),
                 "is none of empty|adopt|keep"));
}

TEST_CASE("a mistyped command or option is told with what was probably meant") {
  CHECK(contains(refusal({"stauts"}), "there is no command 'stauts'; did you mean status?"));
  CHECK(contains(refusal({"status", "--exitcode"}),
                 "there is no option '--exitcode'; did you mean --exit-code?"));
  CHECK(contains(refusal({"status", "--jsno"}), "did you mean --json?"));
  CHECK(contains(refusal({"frob\x1b"}), "there is no command 'frob\\x1b'\n"));
  CHECK(contains(refusal({"show", "shop", "V1", "V2"}), "there is no place for 'V2'"));
  CHECK(contains(refusal({"show", "shop"}), "MIGRATION is required"));
  CHECK(contains(refusal({}), "no command was given"));
  CHECK(contains(refusal({"--json"}), "no command was given"));
}

TEST_CASE("commands of later versions do not exist and are not hinted at") {
  for (const auto* later : {"release", "export", "lint", "harden", "prove", "webhook"}) {
    CHECK(contains(refusal({later}), "there is no command"));
    CHECK_FALSE(contains(parse({"--help"})->text, "  " + std::string(later) + " "));
  }
}

TEST_CASE("--help lists every command in its group, and each command teaches by example") {
  const auto all = parse({"--help"})->text;
  for (const auto& command : all_commands()) {
    if (command.group.empty()) {
      CHECK_FALSE(contains(all, command.name));
      continue;
    }
    CHECK(contains(all, "  " + std::string(command.name) + " "));
    auto words = words_of(command.name);
    words.push_back("--help");
    const auto help = parse(words)->text;
    CHECK(contains(help, "Usage: tidemark " + std::string(command.name)));
    CHECK(contains(help, "\nExamples:\n  tidemark"));
    CHECK(help.find("tidemark", help.find("Examples:")) != help.rfind("tidemark"));  // two at least
    CHECK(contains(help, command.sentence));
  }
  CHECK(all.find("Look:") < all.find("Apply:"));
  CHECK(all.find("Apply:") < all.find("Act:"));
  CHECK(all.find("Act:") < all.find("Keep:"));
  CHECK(parse({"help"})->text == all);
  CHECK(parse({"help", "mark"})->text == parse({"mark", "--help"})->text);
  CHECK(parse({"--version"})->text == "tidemark " TIDEMARK_VERSION "\n");
}
