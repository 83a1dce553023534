#include "adapters/tools/answer.h"

#include <charconv>
#include <chrono>

namespace tidemark {

std::optional<std::string> value_of(const ResultSet& answer, std::size_t column) {
  if (answer.rows.size() != 1 || answer.rows.front().size() <= column) {
    return std::nullopt;
  }
  return answer.rows.front()[column];
}

std::uint32_t number_of(const std::optional<std::string>& text, int base) {
  std::uint32_t value = 0;
  if (text) {
    std::from_chars(text->data(), text->data() + text->size(), value, base);
  }
  return value;
}

std::optional<TimePoint> time_of(const std::optional<std::string>& milliseconds) {
  constexpr TimePoint first_time = std::chrono::sys_days(std::chrono::year(0) / 1 / 1);
  constexpr TimePoint last_time =
      std::chrono::sys_days(std::chrono::year(10'000) / 1 / 1) - std::chrono::milliseconds(1);
  std::int64_t value = 0;
  if (!milliseconds) {
    return std::nullopt;
  }
  const auto* end = milliseconds->data() + milliseconds->size();
  const auto [stop, error] = std::from_chars(milliseconds->data(), end, value);
  const TimePoint time{std::chrono::milliseconds(value)};
  if (error != std::errc() || stop != end || time < first_time || time > last_time) {
    return std::nullopt;
  }
  return time;
}

Result<void> check_width(const ResultSet& answer, std::size_t columns, std::string_view tool) {
  for (const auto& row : answer.rows) {
    if (row.size() != columns) {
      return fail(Errc::broken,
                  "read the ledger of " + std::string(tool) + ": a row of " +
                      std::to_string(row.size()) + " columns instead of " +
                      std::to_string(columns));
    }
  }
  return {};
}

}  // namespace tidemark
