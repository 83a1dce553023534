#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace tidemark {

// Wall-clock time as we store and show it: UTC, milliseconds.
using TimePoint = std::chrono::sys_time<std::chrono::milliseconds>;

// Now, by the clock on the wall, which somebody may set, and by the one that only goes on: what ages
// while we run is measured by that.
struct Instant {
  TimePoint wall;
  std::chrono::steady_clock::time_point steady;
};

// "2026-04-18T14:22:00.123Z"
std::string format_time(TimePoint time);

// RFC 3339 with a zone ("Z" or "+02:00"), fraction optional.
std::optional<TimePoint> parse_time(std::string_view text);

// "90 s", "12 min", "3 h", "5 d": for people.
std::string format_age(std::chrono::milliseconds age);

}  // namespace tidemark
