#include "core/time.h"

#include <cstdint>
#include <string>

#include <doctest/doctest.h>
#include <rapidcheck.h>

using namespace tidemark;
using namespace std::chrono;

namespace {

TimePoint ms(std::int64_t since_epoch) {
  return TimePoint{milliseconds{since_epoch}};
}

}  // namespace

TEST_CASE("a time is shown in UTC with milliseconds") {
  CHECK(format_time(ms(0)) == "1970-01-01T00:00:00.000Z");
  CHECK(format_time(ms(1776522120123)) == "2026-04-18T14:22:00.123Z");
  CHECK(format_time(ms(951868799999)) == "2000-02-29T23:59:59.999Z");
  CHECK(format_time(ms(-1)) == "1969-12-31T23:59:59.999Z");
}

TEST_CASE("a time is read with any zone and any fraction") {
  const auto expected = ms(1776522120123);
  for (const auto* text : {"2026-04-18T14:22:00.123Z",
                           "2026-04-18t14:22:00.123z",
                           "2026-04-18 14:22:00.123Z",
                           "2026-04-18T14:22:00.123456789Z",
                           "2026-04-18T16:22:00.123+02:00",
                           "2026-04-18T08:52:00.123-05:30",
                           "2026-04-19T00:22:00.123+10:00"}) {
    CAPTURE(text);
    CHECK(parse_time(text) == expected);
  }
  CHECK(parse_time("2026-04-18T14:22:00Z") == ms(1776522120000));
  CHECK(parse_time("2026-04-18T14:22:00.5Z") == ms(1776522120500));
  CHECK(parse_time("2026-04-18T14:22:00.05Z") == ms(1776522120050));
  CHECK(parse_time("2016-12-31T23:59:60Z") == parse_time("2017-01-01T00:00:00Z"));
}

TEST_CASE("what is not quite a time is refused") {
  for (const auto* text : {"",
                           "2026-04-18",
                           "2026-04-18T14:22:00",
                           "2026-04-18T14:22Z",
                           "2026-04-18T14:22:00.Z",
                           "2026-04-18T14:22:00,5Z",
                           "2026-04-18T14:22:00Zz",
                           "2026-04-18T14:22:00+0200",
                           "2026-04-18T14:22:00+02",
                           "2026-04-18T14:22:00+24:00",
                           "2026-04-18T14:22:00+02:60",
                           "2026-04-18T14:22:00 Z",
                           "2026-02-29T00:00:00Z",
                           "2026-13-01T00:00:00Z",
                           "2026-00-01T00:00:00Z",
                           "2026-04-31T00:00:00Z",
                           "2026-04-18T24:00:00Z",
                           "2026-04-18T14:60:00Z",
                           "2026-04-18T14:22:61Z",
                           "26-04-18T14:22:00Z",
                           "2026/04/18T14:22:00Z",
                           "2026-4-18T14:22:00Z",
                           " 2026-04-18T14:22:00Z",
                           "2026-04-18T14:22:-1Z",
                           "yesterday"}) {
    CAPTURE(text);
    CHECK(!parse_time(text));
  }
}

TEST_CASE("every time between the years 1 and 9999 is read back as it was written") {
  CHECK(rc::check([] {
    const auto earliest = parse_time("0001-01-01T00:00:00Z")->time_since_epoch().count();
    const auto latest = parse_time("9999-12-31T23:59:59.999Z")->time_since_epoch().count();
    const auto time = ms(*rc::gen::inRange<std::int64_t>(earliest, latest + 1));
    RC_ASSERT(parse_time(format_time(time)) == time);
  }));
}

TEST_CASE("an age is told in the unit that people would use") {
  CHECK(format_age(0s) == "0 s");
  CHECK(format_age(999ms) == "0 s");
  CHECK(format_age(90s) == "90 s");
  CHECK(format_age(119s) == "119 s");
  CHECK(format_age(120s) == "2 min");
  CHECK(format_age(12min) == "12 min");
  CHECK(format_age(119min) == "119 min");
  CHECK(format_age(2h) == "2 h");
  CHECK(format_age(47h) == "47 h");
  CHECK(format_age(48h) == "2 d");
  CHECK(format_age(days{400}) == "400 d");
}
