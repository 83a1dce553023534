#include "core/watch/rhythm.h"

#include <doctest/doctest.h>

using namespace tidemark;
using namespace std::chrono_literals;

namespace {

const Rhythm::Time start{1h};

}  // namespace

TEST_CASE("what starts together is spread, by at most half the interval") {
  CHECK(Rhythm(60s, 0, start).due() == start);
  CHECK(Rhythm(60s, 100, start).due() == start + 500ms);
  CHECK(Rhythm(60s, 100'000, start).due() == start + 30s);
}

TEST_CASE("the period is kept, however long looks take") {
  Rhythm rhythm(60s, 0, start);
  rhythm.looked(start + 5s, 0);
  CHECK(rhythm.due() == start + 60s);
  rhythm.looked(start + 63s, 0);
  CHECK(rhythm.due() == start + 120s);
}

TEST_CASE("looks that were missed are not made up for") {
  Rhythm rhythm(1s, 0, start);
  rhythm.looked(start + 10s, 0);
  CHECK(rhythm.due() == start + 10s);
  rhythm.looked(start + 10s, 0);
  CHECK(rhythm.due() == start + 11s);
}

TEST_CASE("a look that was asked for counts as one") {
  Rhythm rhythm(60s, 0, start);
  rhythm.looked(start, 0);
  rhythm.looked(start + 30s, 0);
  CHECK(rhythm.due() == start + 90s);
}

TEST_CASE("each look comes a little earlier or later") {
  Rhythm early(60s, 0, start);
  early.looked(start, -1);
  CHECK(early.due() == start + 54s);
  Rhythm late(60s, 0, start);
  late.looked(start, 1);
  CHECK(late.due() == start + 66s);
}

TEST_CASE("a fault that may pass is tried again soon, then less and less soon, up to the interval") {
  Rhythm rhythm(60s, 0, start);
  for (const auto pause : {1s, 2s, 4s, 8s, 16s, 32s, 60s, 60s}) {
    rhythm.failed(Errc::retry, start, 0);
    CHECK(rhythm.due() == start + pause);
  }
  for (int i = 0; i < 1000; ++i) {
    rhythm.failed(Errc::broken, start, 0);
  }
  CHECK(rhythm.due() == start + 60s);
  rhythm.looked(start, 0);
  rhythm.failed(Errc::retry, start, 0);
  CHECK(rhythm.due() == start + 1s);
}

TEST_CASE("a fault is never tried again sooner than the interval says") {
  Rhythm rhythm(50ms, 0, start);
  rhythm.failed(Errc::retry, start, 0);
  CHECK(rhythm.due() == start + 50ms);
}

TEST_CASE("who is refused does not knock again for half a minute, however short the interval") {
  Rhythm rhythm(50ms, 0, start);
  rhythm.failed(Errc::denied, start, 0);
  CHECK(rhythm.due() == start + 30s);
  Rhythm slow(5min, 0, start);
  slow.failed(Errc::denied, start, 0);
  CHECK(slow.due() == start + 5min);
}
