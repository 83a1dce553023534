#include <doctest/doctest.h>

#include "adapters/tools/choice.h"
#include "adapters/tools/discovery.h"
#include "tests/adapters/tools/polls.h"
#include "tests/adapters/tools/relations.h"
#include "tests/adapters/tools/statements.h"

using namespace tidemark;
using namespace tidemark::test;

namespace {

using Verdict = Recognition::Verdict;

const Tool& tool() {
  return *find_tool("own");
}

Relation ledger() {
  return table("public",
               "_migrations",
               {"seq bigint!",
                "key text!",
                "name text!",
                "sha256 text!",
                "action text!",
                "attempt_id uuid",
                "release text",
                "applied_at timestamp with time zone!",
                "applied_by text!"},
               {"seq"});
}

struct Entry {
  std::string key;
  std::string name;
  std::string text;  // of the file
  std::string action = "apply";
};

std::vector<Row> log(const std::vector<Entry>& entries) {
  std::vector<Values> values;
  for (const auto& entry : entries) {
    values.push_back({std::to_string(values.size() + 1),
                      entry.key,
                      entry.name,
                      sha256(entry.text).hex(),
                      entry.action,
                      "1776522120123",
                      "ana"});
  }
  return rows_of(tool(), std::move(values));
}

const TextFiles three{{"1_a.sql", "a\n"}, {"2_b.sql", "b\n"}, {"3_c.sql", "c\n"}};

}  // namespace

TEST_CASE("tidemark's own ledger is recognised by its columns, whatever it is called") {
  CHECK(tool().recognise(ledger(), {}).words == "the columns of tidemark's own ledger");
  auto renamed = ledger();
  renamed.name = {"ops", "applied"};
  renamed.columns.push_back({"later", "text", false});
  CHECK(tool().recognise(renamed, {}).verdict == Verdict::ledger);
  auto near = ledger();
  column(near, "sha256").type = "bytea";
  CHECK(tool().recognise(near, {}).verdict == Verdict::near_miss);
  auto view = ledger();
  view.kind = 'v';
  CHECK(tool().recognise(view, {}).verdict == Verdict::near_miss);
  CHECK(tool().recognise(flyway_table(), {}).verdict == Verdict::no);
}

TEST_CASE("tidemark's own ledger goes with files of whatever layout, where their tool has none") {
  const std::vector<Relation> alone{ledger()};
  const auto choice = choose_ledger(recognise_ledgers(alone), alone, {}, "", "flyway");
  REQUIRE(choice.ledger);
  CHECK(choice.ledger->tool == &tool());
  CHECK_FALSE(choice.uncertain);
  const std::vector<Relation> both{ledger(), flyway_table()};
  CHECK(choose_ledger(recognise_ledgers(both), both, {}, "", "flyway").ledger->tool ==
        find_tool("flyway"));
}

TEST_CASE("what tidemark's own ledger says was applied is compared with the files by their bytes") {
  Polls polls(tool());
  const auto rows = log({{"1", "1_a", "a\n"}, {"2", "2_b", "b\n"}});
  CHECK(rows.front().token == "1");
  CHECK(rows.front().by == "ana");
  CHECK(rows.front().at == parse_time("2026-04-18T14:22:00.123Z"));
  const auto& standing = polls.poll(three, rows);
  CHECK(states(standing) == "1 applied, 2 applied, 3 pending");
  CHECK(standing.find({"2"})->cell.content == ContentVerdict::verified);
  CHECK(standing.find({"2"})->cell.note.empty());
}

TEST_CASE("a file that is not what tidemark applied is drift, with other line endings it is not") {
  Polls polls(tool());
  const auto rows = log({{"1", "1_a", "x\n"}, {"2", "2_b", "b\r\n"}, {"3", "3_c", "c\n"}});
  auto files = three;
  files[2].bytes =
      "\xEF\xBB\xBF"
      "c\r\n";
  const auto& standing = polls.poll(files, rows);
  CHECK(findings(standing) == "checksum 1");
  REQUIRE(standing.findings.size() == 1);
  CHECK(standing.findings.front().details.at("file_checksum") == sha256("a\n").hex());
  CHECK(standing.find({"2"})->cell.content == ContentVerdict::verified);
  CHECK(standing.find({"3"})->cell.content == ContentVerdict::verified);
}

TEST_CASE("a rollback in tidemark's own ledger takes back, and applying again brings back") {
  const Entry a{"1", "1_a", "a\n"};
  const Entry undo{"1", "1_a", "a\n", "rollback"};
  Polls polls(tool());
  CHECK(states(polls.poll(three, log({a, undo}))) == "1 pending, 2 pending, 3 pending");
  CHECK(states(polls.poll(three, log({a, undo, a}))) == "1 applied, 2 pending, 3 pending");
  CHECK(findings(polls.poll(three, log({a, undo, a, undo}))) == "vanished 1");
  CHECK(log({a, undo, a}).back().token == "3");
  const Entry c{"3", "3_c", "c\n"};
  const Entry undo_c{"3", "3_c", "c\n", "rollback"};
  Polls behind(tool());
  CHECK(states(behind.poll(three, log({a, c, undo_c}))) == "1 applied, 2 pending, 3 pending");
}

TEST_CASE("applying again what runs whenever it changes is no drift in tidemark's own ledger") {
  Polls polls(*find_tool("flyway"));
  const TextFiles files{{"R__views.sql", "new"}, {"V1__a.sql", "a"}};
  const std::string views = find_tool("flyway")->entries("R__views.sql", "").front().key.value;
  const auto& outdated = polls.poll(files, log({{"1", "V1__a", "a"}, {views, "R__views", "old"}}));
  CHECK(states(outdated) == "1 applied, " + views + " pending");
  const auto& standing = polls.poll(
      files, log({{"1", "V1__a", "a"}, {views, "R__views", "old"}, {views, "R__views", "new"}}));
  CHECK(states(standing) == "1 applied, " + views + " applied");
  CHECK(findings(standing).empty());
}

TEST_CASE("tidemark's own ledger verifies files whose own tool stores another checksum, or none") {
  for (const std::string layout : {"flyway", "golang-migrate", "supabase", "atlas"}) {
    CAPTURE(layout);
    const std::string path = layout == "flyway"           ? "V1__a.sql"
                             : layout == "golang-migrate" ? "1_a.up.sql"
                                                          : "1_a.sql";
    Polls polls(*find_tool(layout));
    const auto& standing = polls.poll({{path, "a"}}, log({{"1", "a", "a"}}));
    CHECK(standing.find({"1"})->cell.content == ContentVerdict::verified);
    Polls edited(*find_tool(layout));
    CHECK(findings(edited.poll({{path, "b"}}, log({{"1", "a", "a"}}))) == "checksum 1");
  }
}

TEST_CASE("late is late in tidemark's own ledger by the versions of the files") {
  Polls polls(tool());
  CHECK(states(polls.poll(three, log({{"1", "1_a", "a\n"}, {"3", "3_c", "c\n"}}))) ==
        "1 applied, 2 pending out_of_order, 3 applied");
  const auto& standing =
      polls.poll(three, log({{"1", "1_a", "a\n"}, {"3", "3_c", "c\n"}, {"2", "2_b", "b\n"}}));
  CHECK(findings(standing) == "out_of_order 2");
  // Atlas' versions are text.
  Polls atlas(*find_tool("atlas"));
  const TextFiles files{{"10_x.sql", "a"}, {"2_x.sql", "b"}};
  CHECK(findings(atlas.poll(files, log({{"10", "10_x", "a"}, {"2", "2_x", "b"}}))).empty());
}

TEST_CASE("a key that only tidemark's own ledger has was applied from elsewhere") {
  Polls polls(tool());
  const auto& standing = polls.poll(three, log({{"2_5", "2_5_hotfix", "x"}, {"a::b", "b", "x"}}));
  CHECK(states(standing) ==
        "1 pending out_of_order, 2 pending out_of_order, 2_5 drifted, 3 pending, a::b drifted");
  CHECK(findings(standing) == "foreign 2_5, foreign a::b");
  CHECK(standing.find({"2_5"})->id.value == "2_5_hotfix");
  CHECK(log({{"R__v2_views", "R__v2_views", "x"}}).front().version.empty());
}

TEST_CASE("an answer of another width is no ledger of tidemark's own") {
  ResultSet answer;
  answer.rows = {{"1", "2"}};
  CHECK(tool().rows(answer).error().code == Errc::broken);
}

TEST_CASE("what tidemark's own ledger is asked is documented") {
  auto relation = ledger();
  CHECK(is_documented(tool().select_rows(relation)));
  CHECK(is_documented(*tool().select_tail(relation)));
  relation.primary_key.clear();
  CHECK_FALSE(tool().select_tail(relation));
}
