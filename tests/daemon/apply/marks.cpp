#include "tests/daemon/apply/marks.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>

#include <doctest/doctest.h>

namespace tidemark::test {

std::string Found::text() const {
  return std::to_string(applied) + " applied, " + std::to_string(not_applied) + " not applied, " +
         std::to_string(lost) + " lost, " + std::to_string(twice) + " twice, " +
         std::to_string(undecided) + " undecided";
}

Marks::Marks(PostgresServer& server) : Applying("", server) {}

void Marks::begin_marked(const std::vector<std::string>& wrapper) {
  file("0000_marks.sql", "CREATE TABLE marks (id text);\n");
  begin(wrapper);
  REQUIRE(apply().outcome() == "applied");
}

void Marks::add(int count, const std::string& more) {
  added_.clear();
  for (int i = 0; i < count; ++i) {
    std::array<char, 5> number{};
    std::snprintf(number.data(), number.size(), "%04d", ++number_);
    const auto id = std::string(number.data()) + "_mark";
    file(id + ".sql",
         "INSERT INTO marks VALUES ('" + id + "');\nCREATE TABLE made_" + number.data() +
             " (id int);\n" + more);
    added_.push_back(id);
  }
  for (const auto& id : added_) {
    REQUIRE(eventually([&] { return cell_of(id) == "pending"; }));
  }
}

int Marks::marks_of(const std::string& id) {
  return std::atoi(sql("SELECT count(*) FROM marks WHERE id = '" + id + "'").c_str());
}

void Marks::check(Found& found) {
  for (const auto& id : added_) {
    const bool closed = eventually([&] { return cell_of(id) != "applying"; }, 60);
    const auto cell = cell_of(id);
    const auto marks = marks_of(id);
    const bool made = exists("made_" + id.substr(0, 4));
    INFO(id << " is " << cell << " with " << marks << " marks");
    CHECK(made == (marks > 0));
    const bool decided = closed && cell != "unknown" && !cell.empty();
    CHECK(decided);
    if (!decided) {
      ++found.undecided;
    } else if (marks > 1) {
      ++found.twice;
    } else if ((cell == "applied") != (marks == 1)) {
      ++found.lost;
    } else {
      ++(marks == 1 ? found.applied : found.not_applied);
    }
  }
  // What the server has not noticed yet may be in the way for a moment.
  std::string last;
  CHECK_MESSAGE(eventually(
                    [&] {
                      const auto told = apply();
                      last = told.outcome() + ": " + told.message();
                      return told.outcome() == "applied";
                    },
                    30),
                last);
  for (const auto& id : added_) {
    const auto marks = marks_of(id);
    CHECK(cell_of(id) == "applied");
    CHECK_MESSAGE(marks == 1, id << " has " << marks << " marks in the end");
    found.twice += marks > 1 ? 1 : 0;
    found.lost += marks < 1 ? 1 : 0;
  }
  CHECK(found.lost == 0);
  CHECK(found.twice == 0);
  CHECK(found.undecided == 0);
}

std::set<int> spread(int count, int last) {
  std::set<int> numbers;
  const int each = std::getenv("TIDEMARK_EVERY") != nullptr || count > last ? last : count;
  for (int i = 0; i < each; ++i) {
    numbers.insert(1 + i * (last - 1) / std::max(each - 1, 1));
  }
  return numbers;
}

}  // namespace tidemark::test
