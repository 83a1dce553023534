#include <doctest/doctest.h>

#include "adapters/tools/choice.h"
#include "adapters/tools/discovery.h"
#include "tests/adapters/tools/polled.h"
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

const Files three{{"1_a.sql", "a\n"}, {"2_b.sql", "b\n"}, {"3_c.sql", "c\n"}};

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
  const auto rows = log({{"1", "1_a", "a\n"}, {"2", "2_b", "b\n"}});
  CHECK(rows.front().token == "1");
  CHECK(rows.front().by == "ana");
  CHECK(rows.front().at == parse_time("2026-04-18T14:22:00.123Z"));
  const auto after = poll(tool(), three, rows);
  CHECK(after.states() == "1 applied, 2 applied, 3 pending");
  CHECK(after.cell("2").content == ContentVerdict::verified);
  CHECK(after.note("2").empty());
}

TEST_CASE("a file that is not what tidemark applied is drift, with other line endings it is not") {
  const auto rows = log({{"1", "1_a", "x\n"}, {"2", "2_b", "b\r\n"}, {"3", "3_c", "c\n"}});
  auto files = three;
  files["3_c.sql"] =
      "\xEF\xBB\xBF"
      "c\r\n";
  const auto after = poll(tool(), files, rows);
  CHECK(after.findings() == "checksum 1");
  REQUIRE(after.standing.findings.size() == 1);
  CHECK(after.standing.findings.front().details.at("file_checksum") == sha256("a\n").hex());
  CHECK(after.cell("2").content == ContentVerdict::verified);
  CHECK(after.cell("3").content == ContentVerdict::verified);
}

TEST_CASE("a rollback in tidemark's own ledger takes back, and applying again brings back") {
  const Entry a{"1", "1_a", "a\n"};
  const Entry undo{"1", "1_a", "a\n", "rollback"};
  const auto gone = poll(tool(), three, log({a, undo}));
  CHECK(gone.states() == "1 pending, 2 pending, 3 pending");
  const auto back = poll(tool(), three, log({a, undo, a}), gone.records);
  CHECK(back.states() == "1 applied, 2 pending, 3 pending");
  CHECK(poll(tool(), three, log({a, undo, a, undo}), back.records).findings() == "vanished 1");
  CHECK(log({a, undo, a}).back().token == "3");
  const Entry c{"3", "3_c", "c\n"};
  const Entry undo_c{"3", "3_c", "c\n", "rollback"};
  CHECK(poll(tool(), three, log({a, c, undo_c})).states() == "1 applied, 2 pending, 3 pending");
}

TEST_CASE("applying again what runs whenever it changes is no drift in tidemark's own ledger") {
  const auto& flyway = *find_tool("flyway");
  const Files files{{"R__views.sql", "new"}, {"V1__a.sql", "a"}};
  const std::string views = flyway.entries("R__views.sql", "").front().key.value;
  const auto outdated = poll(flyway, files, log({{"1", "V1__a", "a"}, {views, "R__views", "old"}}));
  CHECK(outdated.states() == "1 applied, " + views + " pending");
  const auto after =
      poll(flyway,
           files,
           log({{"1", "V1__a", "a"}, {views, "R__views", "old"}, {views, "R__views", "new"}}),
           outdated.records);
  CHECK(after.states() == "1 applied, " + views + " applied");
  CHECK(after.findings().empty());
}

TEST_CASE("tidemark's own ledger verifies files whose own tool stores another checksum, or none") {
  for (const std::string layout : {"flyway", "golang-migrate", "supabase", "atlas"}) {
    CAPTURE(layout);
    const std::string path = layout == "flyway"           ? "V1__a.sql"
                             : layout == "golang-migrate" ? "1_a.up.sql"
                                                          : "1_a.sql";
    const auto after = poll(*find_tool(layout), {{path, "a"}}, log({{"1", "a", "a"}}));
    CHECK(after.cell("1").content == ContentVerdict::verified);
    CHECK(poll(*find_tool(layout), {{path, "b"}}, log({{"1", "a", "a"}})).findings() ==
          "checksum 1");
  }
}

TEST_CASE("late is late in tidemark's own ledger by the versions of the files") {
  const auto before = poll(tool(), three, log({{"1", "1_a", "a\n"}, {"3", "3_c", "c\n"}}));
  CHECK(before.states() == "1 applied, 2 pending out_of_order, 3 applied");
  const auto after = poll(tool(),
                          three,
                          log({{"1", "1_a", "a\n"}, {"3", "3_c", "c\n"}, {"2", "2_b", "b\n"}}),
                          before.records);
  CHECK(after.findings() == "out_of_order 2");
  // Atlas' versions are text.
  const Files files{{"10_x.sql", "a"}, {"2_x.sql", "b"}};
  CHECK(poll(*find_tool("atlas"), files, log({{"10", "10_x", "a"}, {"2", "2_x", "b"}}))
            .findings()
            .empty());
}

TEST_CASE("a key that only tidemark's own ledger has was applied from elsewhere") {
  const auto after = poll(tool(), three, log({{"2_5", "2_5_hotfix", "x"}, {"a::b", "b", "x"}}));
  CHECK(after.states() ==
        "1 pending out_of_order, 2 pending out_of_order, 2_5 drifted, 3 pending, a::b drifted");
  CHECK(after.findings() == "foreign 2_5, foreign a::b");
  CHECK(after.line("2_5").id.value == "2_5_hotfix");
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
