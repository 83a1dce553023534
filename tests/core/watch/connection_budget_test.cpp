#include "core/watch/connection_budget.h"

#include <doctest/doctest.h>

#include <vector>

using namespace tidemark;
using namespace std::chrono_literals;

namespace {

using Id = ConnectionBudget::Id;

const ConnectionBudget::Time start{1h};

// Everybody who is let in at that moment, in order.
std::vector<Id> let_in(ConnectionBudget& budget, ConnectionBudget::Time now = start) {
  std::vector<Id> all;
  for (auto step = budget.next(now); !step.let_in.empty(); step = budget.next(now)) {
    all.insert(all.end(), step.let_in.begin(), step.let_in.end());
  }
  return all;
}

ConnectionBudget with_line(ConnectionLimits limits, Id count) {
  ConnectionBudget budget(limits);
  for (Id who = 1; who <= count; ++who) {
    budget.ask(who, false);
  }
  return budget;
}

}  // namespace

TEST_CASE("no more connections to a server than its limit, in the order of asking") {
  auto budget = with_line({2, 100}, 4);
  CHECK(let_in(budget) == std::vector<Id>{1, 2});
  budget.leave(2);
  CHECK(let_in(budget) == std::vector<Id>{3});
  budget.leave(1);
  budget.leave(3);
  CHECK(let_in(budget) == std::vector<Id>{4});
  CHECK_FALSE(budget.unused());
  budget.leave(4);
  CHECK(budget.unused());
}

TEST_CASE("what a person asks for goes first, also when it stood in line already") {
  auto budget = with_line({1, 100}, 3);
  budget.ask(9, true);
  CHECK(let_in(budget) == std::vector<Id>{9});
  budget.hurry(3);
  budget.hurry(9);  // is in already: nothing to hurry
  budget.leave(9);
  CHECK(let_in(budget) == std::vector<Id>{3});
  budget.leave(3);
  CHECK(let_in(budget) == std::vector<Id>{1});
}

TEST_CASE("who waits gets the place of the connection that rests for longest") {
  auto budget = with_line({3, 100}, 3);
  let_in(budget);
  budget.rest(2, start + 1s);
  budget.rest(1, start + 2s);
  CHECK_FALSE(budget.next(start + 3s).give_back);  // nobody waits
  budget.ask(4, false);
  CHECK(budget.next(start + 3s).give_back == 2);
  budget.work(2);
  CHECK(budget.next(start + 3s).give_back == 1);
  budget.leave(1);
  CHECK(let_in(budget, start + 3s) == std::vector<Id>{4});
}

TEST_CASE("a connection at work is never called back") {
  auto budget = with_line({1, 100}, 2);
  CHECK(let_in(budget) == std::vector<Id>{1});
  const auto step = budget.next(start);
  CHECK_FALSE(step.give_back);
  CHECK(step.let_in.empty());
  CHECK_FALSE(step.not_before);
}

TEST_CASE("no more new connections in a second than its limit") {
  auto budget = with_line({100, 5}, 12);
  CHECK(let_in(budget).size() == 5);
  const auto step = budget.next(start);
  REQUIRE(step.not_before);
  CHECK(*step.not_before > start);
  CHECK(*step.not_before <= start + 201ms);
  CHECK(let_in(budget, *step.not_before).size() == 1);
  CHECK(let_in(budget, start + 1s + 1ms).size() == 4);
  // However long nothing happened.
  CHECK(let_in(budget, start + 1h).size() == 2);
  for (Id who = 21; who < 40; ++who) {
    budget.ask(who, false);
  }
  CHECK(let_in(budget, start + 2h).size() == 5);
}

TEST_CASE("who leaves the line is not let in") {
  auto budget = with_line({1, 100}, 2);
  let_in(budget);
  budget.leave(2);
  budget.leave(1);
  CHECK(let_in(budget).empty());
  CHECK(budget.unused());
}

TEST_CASE("a lowered limit calls resting connections back, though nobody waits") {
  auto budget = with_line({3, 100}, 3);
  let_in(budget);
  budget.rest(3, start);
  budget.limit({2, 100});
  CHECK(budget.next(start).give_back == 3);
  budget.leave(3);
  CHECK_FALSE(budget.next(start).give_back);
}

TEST_CASE("who needs two places has both or none, so that no two wait for each other") {
  ConnectionBudget budget({4, 100});
  budget.ask(9, false);
  for (Id who = 1; who <= 5; who += 2) {
    budget.ask({who, who + 1}, true);
  }
  CHECK(let_in(budget) == std::vector<Id>{1, 2, 3, 4});
  CHECK_FALSE(budget.next(start).give_back);
  budget.leave(1);
  CHECK(let_in(budget).empty());  // one is not enough, and who comes later does not overtake
  budget.leave(2);
  CHECK(let_in(budget) == std::vector<Id>{5, 6});
  budget.leave(3);
  CHECK(let_in(budget) == std::vector<Id>{9});
}

TEST_CASE("for two places as many resting connections are called back as it takes") {
  auto budget = with_line({3, 100}, 3);
  let_in(budget);
  budget.rest(1, start);
  budget.rest(2, start + 1s);
  budget.ask({8, 9}, true);
  CHECK(budget.next(start + 2s).give_back == 1);
  budget.leave(1);
  CHECK(budget.next(start + 2s).give_back == 2);
  budget.leave(2);
  CHECK(let_in(budget, start + 2s) == std::vector<Id>{8, 9});
}

TEST_CASE(
    "two that come at once count as two new connections, also where one a second is allowed") {
  ConnectionBudget budget({4, 1});
  budget.ask({1, 2}, true);
  budget.ask(3, true);
  CHECK(let_in(budget) == std::vector<Id>{1, 2});
  CHECK(let_in(budget, start + 1500ms).empty());
  CHECK(let_in(budget, start + 2001ms) == std::vector<Id>{3});
}
