#include "adapters/files/settle.h"

#include <doctest/doctest.h>

#include <string_view>

using namespace tidemark;
using namespace std::chrono_literals;

namespace {

using Time = Settle::Clock::time_point;

const Time start = Time(1h);

Settle::Look look(std::string_view what, Time began) {
  return {sha256(what), began, 1h};
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

TEST_CASE("that most files are gone counts only when it stays so for much longer") {
  auto settle = Settle(Settle::Times{2s, 60s, 20s});
  settle.looked(look("old", start), start);
  const auto bereft = [](Time began) {
    auto seen = look("empty", began);
    seen.bereft = true;
    return seen;
  };
  settle.changed(start + 10s);
  CHECK_FALSE(settle.looked(bereft(start + 12s), start + 12s));
  CHECK(settle.due() == start + 30s);

  SUBCASE("it comes back: nothing ever happened") {
    settle.changed(start + 15s);
    CHECK(settle.looked(look("old", start + 17s), start + 17s));
    CHECK_FALSE(settle.due());
  }
  SUBCASE("it stays away") {
    CHECK(settle.looked(bereft(start + 30s), start + 30s));
    CHECK_FALSE(settle.due());
  }
  SUBCASE("it was seen by chance, without an event") {
    auto other = Settle(Settle::Times{2s, 60s, 20s});
    other.looked(look("old", start), start);
    auto seen = bereft(start + 100s);
    seen.quiet_for = 5s;
    CHECK_FALSE(other.looked(seen, start + 100s));
    CHECK(other.due() == start + 115s);
  }
}
