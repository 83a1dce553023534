#include "core/drift/lag.h"

#include <doctest/doctest.h>

using namespace tidemark;

namespace {

const TimePoint noon = *parse_time("2026-04-18T12:00:00Z");
using std::chrono::hours;

Line line(const std::string& key, CellState state, MigrationKind kind = MigrationKind::versioned) {
  Line l;
  l.key = {key};
  l.id = {"V" + key};
  l.kind = kind;
  l.cell.state = state;
  return l;
}

Standing standing(std::vector<Line> lines) {
  Standing s;
  s.lines = std::move(lines);
  return s;
}

Record recorded(const std::string& key,
                TimePoint at,
                const std::string& text = "a",
                bool applied = true) {
  Record r;
  r.key = {key};
  r.recorded_at = at;
  r.at = at - hours{1000};  // their clock, or an old history: not asked
  r.applied = applied;
  r.content = content_of(text);
  return r;
}

}  // namespace

TEST_CASE("what is applied without drift counts from when we first knew it") {
  const auto seen = standing({line("1", CellState::applied),
                              line("2", CellState::drifted),
                              line("3", CellState::pending),
                              line("4", CellState::applied)});
  const std::vector<Record> records{
      recorded("1", noon), recorded("2", noon), recorded("4", noon + hours{2})};
  CHECK(settled(seen, records) == Settled{{{"1"}, noon}, {{"4"}, noon + hours{2}}});
}

TEST_CASE("a record that says the same again does not start the clock anew") {
  const std::vector<Record> records{recorded("1", noon), recorded("1", noon + hours{5}, "b")};
  CHECK(settled(standing({line("1", CellState::applied)}), records).at({"1"}) == noon);
}

TEST_CASE("what was rolled back and applied again counts from the second time") {
  const std::vector<Record> records{recorded("1", noon),
                                    recorded("1", noon + hours{1}, "a", false),
                                    recorded("1", noon + hours{2})};
  CHECK(settled(standing({line("1", CellState::applied)}), records).at({"1"}) == noon + hours{2});
}

TEST_CASE("a repeatable counts from its present content") {
  const std::vector<Record> records{recorded("R", noon),
                                    recorded("R", noon + hours{1}, "b"),
                                    recorded("R", noon + hours{2}, "b")};
  const auto seen = standing({line("R", CellState::applied, MigrationKind::repeatable)});
  CHECK(settled(seen, records).at({"R"}) == noon + hours{1});
}

TEST_CASE("what a baseline covers counts from the first contact") {
  const std::vector<Record> records{recorded("5", noon + hours{1}), recorded("6", noon)};
  CHECK(settled(standing({line("1", CellState::applied)}), records).at({"1"}) == noon);
}

TEST_CASE("behind two environments it is waited for since the later one has it") {
  const Settled one{{{"1"}, noon}, {{"2"}, noon}};
  const Settled other{{{"1"}, noon + hours{3}}, {{"9"}, noon}};
  CHECK(settled_in_both(one, other) == Settled{{{"1"}, noon + hours{3}}});
}

TEST_CASE("the longest waiting is the pending one that was settled upstream first") {
  const auto here = standing({line("1", CellState::applied),
                              line("2", CellState::pending),
                              line("3", CellState::pending),
                              line("4", CellState::drifted),
                              line("5", CellState::pending)});
  const Settled upstream{{{"1"}, noon - hours{9}},
                         {{"2"}, noon + hours{2}},
                         {{"3"}, noon},
                         {{"4"}, noon - hours{9}}};
  CHECK(longest_waiting(here, upstream) == Waiting{{"V3"}, noon});
}

TEST_CASE("nothing waits where nothing is pending, or nothing comes before") {
  const auto idle = standing({line("1", CellState::applied), line("2", CellState::not_due)});
  CHECK_FALSE(longest_waiting(idle, Settled{{{"1"}, noon}, {{"2"}, noon}}));
  CHECK_FALSE(longest_waiting(standing({line("1", CellState::pending)}), std::nullopt));
}
