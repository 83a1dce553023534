#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tidemark {

// By who acts: error wakes someone, warn will if it persists, info is a change of state, debug is
// the rest.
enum class Level { debug, info, warn, error };
inline constexpr std::size_t level_count = 4;

enum class LogFormat {
  automatic,  // journal when the journal reads our stderr, text otherwise
  text,
  journal,  // a priority in front, no time: the journal has its own
  json,
};

std::string_view to_string(Level level);
std::optional<Level> parse_level(std::string_view text);
std::optional<LogFormat> parse_log_format(std::string_view text);

struct LogSettings {
  Level level = Level::info;
  LogFormat format = LogFormat::automatic;
  friend bool operator==(const LogSettings&, const LogSettings&) = default;
};

// One detail of a log line. The key is a constant of ours; the value may come from anywhere.
struct Field {
  Field(std::string_view field_key, std::string field_value)
      : key(field_key), value(std::move(field_value)) {}
  Field(std::string_view field_key, std::string_view field_value)
      : key(field_key), value(field_value) {}
  Field(std::string_view field_key, const char* field_value) : key(field_key), value(field_value) {}
  template <std::integral Number>
  requires(!std::same_as<Number, bool> && !std::same_as<Number, char>)
      Field(std::string_view field_key, Number field_value)
      : key(field_key), value(std::to_string(field_value)), number(true) {}

  std::string_view key;
  std::string value;
  bool number = false;
};
using Fields = std::vector<Field>;

// What is logged from now on, and how. May be called again at any time; before the first call: info
// and above, as text.
void configure_log(const LogSettings& settings);

// One line on stderr: a constant message plus fields. Callable from every thread. Whatever the
// values hold, it stays one line, shows no control characters and no secret that redact() was told
// of.
void log(Level level, std::string_view message, const Fields& fields = {});

inline void log_debug(std::string_view message, const Fields& fields = {}) {
  log(Level::debug, message, fields);
}
inline void log_info(std::string_view message, const Fields& fields = {}) {
  log(Level::info, message, fields);
}
inline void log_warn(std::string_view message, const Fields& fields = {}) {
  log(Level::warn, message, fields);
}
inline void log_error(std::string_view message, const Fields& fields = {}) {
  log(Level::error, message, fields);
}

// How many lines of each level were written since the start, by Level's order: for metrics.
std::array<std::uint64_t, level_count> log_line_counts();

// From now on this value is shown as [redacted], however it is encoded; see redactor.h.
void redact(std::string secret);

// `text` as a log line would show it: for other ways out of the process, such as error texts of the
// API.
std::string redacted(std::string_view text);

}  // namespace tidemark
