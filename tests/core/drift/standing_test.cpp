#include "core/drift/standing.h"

#include <set>
#include <string_view>

#include <doctest/doctest.h>

using namespace tidemark;

TEST_CASE("a standing finds a line by its key and counts cells by state") {
  Standing standing;
  for (const auto state : {CellState::applied, CellState::pending, CellState::pending}) {
    Line line;
    line.key = Key{std::to_string(standing.lines.size())};
    line.cell.state = state;
    standing.lines.push_back(line);
  }
  CHECK(standing.find(Key{"1"}) == &standing.lines[1]);
  CHECK(standing.find(Key{"3"}) == nullptr);
  CHECK(standing.count(CellState::applied) == 1);
  CHECK(standing.count(CellState::pending) == 2);
  CHECK(standing.count(CellState::drifted) == 0);
}

TEST_CASE("every cell state has a name of its own") {
  std::set<std::string_view> names;
  for (const auto state : all_cell_states) {
    names.insert(to_string(state));
  }
  CHECK(names.size() == all_cell_states.size());
  CHECK(!names.contains(""));
}
