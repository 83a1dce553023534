#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace tidemark {

// Wall-clock time as we store and show it: UTC, milliseconds.
using TimePoint = std::chrono::sys_time<std::chrono::milliseconds>;

// "2026-04-18T14:22:00.123Z"
std::string format_time(TimePoint time);

// RFC 3339 with a zone ("Z" or "+02:00"), fraction optional.
std::optional<TimePoint> parse_time(std::string_view text);

// "90 s", "12 min", "3 h", "5 d": for people.
std::string format_age(std::chrono::milliseconds age);

}  // namespace tidemark
