#include "adapters/files/settle.h"

#include <doctest/doctest.h>

#include <string_view>

using namespace tidemark;
using namespace std::chrono_literals;

namespace {

using Time = Settle::Clock::time_point;

const Time start = Time(1h);

Settle::Look look(std::string_view what, Time began) {
  return {sha256(what), began, 1h, false};
}

Settle::Look unsteady(std::string_view what, Time began) {
  return {sha256(what), began, 1h, true};
}

// A first look at "old" that counted, at `start`.
Settle settled() {
  Settle settle(Settle::Times{2s, 60s});
  settle.looked(look("old", start), start);
  return settle;
}

}  // namespace

TEST_CASE("what has been quiet for long counts at the first look") {
  Settle settle(Settle::Times{2s, 60s});
  CHECK(settle.looked(look("a", start), start + 1s));
  CHECK_FALSE(settle.due());
}

TEST_CASE(
    "what changed on disk a moment before the first look is looked at again once it is quiet") {
  Settle settle(Settle::Times{2s, 60s});
  auto first = look("a", start);
  first.quiet_for = 500ms;
  CHECK_FALSE(settle.looked(first, start));
  CHECK(settle.due() == start + 1500ms);
  CHECK(settle.looked(look("a", start + 1500ms), start + 1500ms));
}

TEST_CASE("a change is looked at when nothing more came for the settle time") {
  auto settle = settled();
  settle.changed(start + 10s);
  settle.changed(start + 11s);
  CHECK(settle.due() == start + 13s);
  CHECK(settle.looked(look("new", start + 13s), start + 14s));
  CHECK_FALSE(settle.due());
}

TEST_CASE("a look during which something changed does not count") {
  auto settle = settled();
  settle.changed(start + 10s);
  settle.changed(start + 12500ms);  // while looking
  CHECK_FALSE(settle.looked(look("new", start + 12s), start + 13s));
  CHECK(settle.due() == start + 14500ms);
}

TEST_CASE("while git is busy a change does not count, and after a minute it does") {
  auto settle = settled();
  settle.changed(start + 10s);
  int looks = 0;
  Time now = start + 10s;
  bool counted = false;
  while (!counted) {
    REQUIRE(settle.due());
    CHECK(*settle.due() > now);
    now = *settle.due();
    counted = settle.looked(unsteady("new", now), now);
    ++looks;
  }
  CHECK(now == start + 70s);
  CHECK(looks == 30);
}

TEST_CASE("an endless row of changes is looked at once a minute") {
  auto settle = settled();
  Time now = start + 10s;
  for (; now < start + 70s; now += 1s) {
    settle.changed(now);
    CHECK(*settle.due() > now);
  }
  CHECK(settle.due() == start + 70s);
  CHECK(settle.looked(look("new", start + 70s), start + 70s));
}

TEST_CASE("a busy git where nothing else is new unsettles nothing") {
  auto settle = settled();
  CHECK(settle.looked(unsteady("old", start + 60s), start + 60s));
  CHECK_FALSE(settle.due());
}

TEST_CASE("a difference that no event announced counts when a second look finds the same") {
  auto settle = settled();
  CHECK_FALSE(settle.looked(look("half", start + 60s), start + 60s));
  CHECK(settle.due() == start + 62s);
  CHECK_FALSE(settle.looked(look("whole", start + 62s), start + 62s));
  CHECK(settle.looked(look("whole", start + 64s), start + 64s));
}

TEST_CASE("a file that vanishes and comes back within the settle time was never gone") {
  auto settle = settled();
  settle.changed(start + 10s);
  settle.changed(start + 11s);
  CHECK(settle.looked(look("old", start + 13s), start + 13s));
}
