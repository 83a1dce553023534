#include "adapters/tools/drizzle_journal.h"

#include <algorithm>
#include <array>
#include <chrono>

#include <boost/json.hpp>

namespace tidemark {

namespace {

namespace json = boost::json;

std::unexpected<Error> bad(std::string_view what) {
  return fail(Errc::invalid, "is no journal of Drizzle: " + std::string(what));
}

std::string padded(std::int64_t number, std::size_t digits) {
  auto text = std::to_string(number);
  return text.size() < digits ? std::string(digits - text.size(), '0') + text : text;
}

}  // namespace

Result<DrizzleJournal> parse_drizzle_journal(std::string_view text) {
  boost::system::error_code error;
  const auto document = json::parse(json::string_view(text.data(), text.size()), error);
  if (error) {
    return bad(error.message());
  }
  const auto* object = document.if_object();
  const auto* entries = object == nullptr ? nullptr : object->if_contains("entries");
  if (entries == nullptr || !entries->is_array()) {
    return bad("it has no list of entries");
  }
  DrizzleJournal journal;
  if (const auto* dialect = object->if_contains("dialect"); dialect && dialect->is_string()) {
    constexpr std::array<std::string_view, 6> others{
        "mysql", "sqlite", "turso", "singlestore", "mssql", "gel"};
    const std::string_view name = dialect->get_string();
    journal.of_postgresql = std::ranges::find(others, name) == others.end();
  }
  for (const auto& entry : entries->get_array()) {
    const auto* fields = entry.if_object();
    const auto* tag = fields == nullptr ? nullptr : fields->if_contains("tag");
    const auto* when = fields == nullptr ? nullptr : fields->if_contains("when");
    boost::system::error_code no_number;
    const auto ms = when == nullptr ? 0 : when->to_number<std::int64_t>(no_number);
    if (tag == nullptr || !tag->is_string() || when == nullptr || no_number) {
      return bad("an entry has no tag, or no time");
    }
    journal.entries.push_back({std::string(tag->get_string()), ms});
  }
  return journal;
}

std::string drizzle_second(std::int64_t ms) {
  constexpr std::int64_t last = 253402300799999;  // of the year 9999
  if (ms < 0 || ms > last) {
    return std::to_string(ms);
  }
  const std::chrono::sys_time<std::chrono::milliseconds> time{std::chrono::milliseconds(ms)};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(std::chrono::floor<std::chrono::seconds>(time - day));
  return padded(static_cast<int>(date.year()), 4) + padded(static_cast<unsigned>(date.month()), 2) +
         padded(static_cast<unsigned>(date.day()), 2) + padded(clock.hours().count(), 2) +
         padded(clock.minutes().count(), 2) + padded(clock.seconds().count(), 2);
}

}  // namespace tidemark
