#include "core/time.h"

#include <array>
#include <cstdio>

namespace tidemark {

using namespace std::chrono;

std::string format_time(TimePoint time) {
  const auto day = floor<days>(time);
  const year_month_day date{day};
  const hh_mm_ss clock{time - day};
  std::array<char, 64> text{};
  std::snprintf(text.data(),
                text.size(),
                "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ",
                static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()),
                static_cast<int>(clock.hours().count()),
                static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()),
                static_cast<int>(clock.subseconds().count()));
  return text.data();
}

namespace {

// Takes exactly `count` digits off the front.
std::optional<int> digits(std::string_view& rest, std::size_t count) {
  if (rest.size() < count) {
    return std::nullopt;
  }
  int value = 0;
  for (const char c : rest.substr(0, count)) {
    if (c < '0' || c > '9') {
      return std::nullopt;
    }
    value = value * 10 + (c - '0');
  }
  rest.remove_prefix(count);
  return value;
}

bool take(std::string_view& rest, char wanted) {
  if (rest.empty() || rest.front() != wanted) {
    return false;
  }
  rest.remove_prefix(1);
  return true;
}

std::optional<minutes> zone_offset(std::string_view rest) {
  if (rest == "Z" || rest == "z") {
    return minutes{0};
  }
  if (rest.empty() || (rest.front() != '+' && rest.front() != '-')) {
    return std::nullopt;
  }
  const int sign = rest.front() == '-' ? -1 : 1;
  rest.remove_prefix(1);
  const auto h = digits(rest, 2);
  if (!h || !take(rest, ':')) {
    return std::nullopt;
  }
  const auto m = digits(rest, 2);
  if (!m || !rest.empty() || *h > 23 || *m > 59) {
    return std::nullopt;
  }
  return minutes{sign * (*h * 60 + *m)};
}

}  // namespace

std::optional<TimePoint> parse_time(std::string_view text) {
  const auto y = digits(text, 4);
  const bool dash1 = take(text, '-');
  const auto mo = digits(text, 2);
  const bool dash2 = take(text, '-');
  const auto d = digits(text, 2);
  if (!y || !dash1 || !mo || !dash2 || !d ||
      (!take(text, 'T') && !take(text, 't') && !take(text, ' '))) {
    return std::nullopt;
  }
  const auto h = digits(text, 2);
  const bool colon1 = take(text, ':');
  const auto mi = digits(text, 2);
  const bool colon2 = take(text, ':');
  const auto s = digits(text, 2);
  const year_month_day date{
      year{*y}, month{static_cast<unsigned>(*mo)}, day{static_cast<unsigned>(*d)}};
  if (!h || !colon1 || !mi || !colon2 || !s || !date.ok() || *h > 23 || *mi > 59 || *s > 60) {
    return std::nullopt;
  }
  int fraction_ms = 0;
  if (take(text, '.')) {
    int scale = 100;
    bool any = false;
    while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
      fraction_ms += scale * (text.front() - '0');
      scale /= 10;
      any = true;
      text.remove_prefix(1);
    }
    if (!any) {
      return std::nullopt;
    }
  }
  const auto offset = zone_offset(text);
  if (!offset) {
    return std::nullopt;
  }
  return TimePoint{sys_days{date} + hours{*h} + minutes{*mi} + seconds{*s} +
                   milliseconds{fraction_ms} - *offset};
}

std::string format_age(milliseconds age) {
  const auto s = duration_cast<seconds>(age).count();
  if (s < 120) {
    return std::to_string(s) + " s";
  }
  if (s < 2 * 3600) {
    return std::to_string(s / 60) + " min";
  }
  if (s < 2 * 86400) {
    return std::to_string(s / 3600) + " h";
  }
  return std::to_string(s / 86400) + " d";
}

}  // namespace tidemark
