#include "adapters/store/database.h"

namespace tidemark {

SqlValue sql_time(TimePoint time) {
  return std::int64_t{time.time_since_epoch().count()};
}

SqlValue sql_time(const std::optional<TimePoint>& time) {
  return time ? sql_time(*time) : SqlValue{};
}

SqlValue sql_digest(const Digest& digest) {
  return digest.hex();
}

namespace {

template <class T>
const T& get(const SqlValues& values, std::size_t column, const char* wanted) {
  if (column < values.size()) {
    if (const auto* value = std::get_if<T>(&values[column])) {
      return *value;
    }
  }
  throw DamagedLedger("column " + std::to_string(column + 1) + " is not " + wanted);
}

}  // namespace

bool SqlRow::is_null(std::size_t column) const {
  return column >= values_.size() || std::holds_alternative<std::monostate>(values_[column]);
}

std::int64_t SqlRow::integer(std::size_t column) const {
  return get<std::int64_t>(values_, column, "a number");
}

const std::string& SqlRow::text(std::size_t column) const {
  return get<std::string>(values_, column, "a text");
}

const std::string& SqlRow::blob(std::size_t column) const {
  return get<SqlBlob>(values_, column, "bytes").bytes;
}

TimePoint SqlRow::time(std::size_t column) const {
  return TimePoint{std::chrono::milliseconds{integer(column)}};
}

std::optional<TimePoint> SqlRow::time_if_any(std::size_t column) const {
  return is_null(column) ? std::nullopt : std::optional(time(column));
}

Digest SqlRow::digest(std::size_t column) const {
  const auto digest = parse_digest(text(column));
  if (!digest) {
    throw DamagedLedger("column " + std::to_string(column + 1) + " is not a hash");
  }
  return *digest;
}

}  // namespace tidemark
