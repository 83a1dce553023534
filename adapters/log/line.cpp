#include "adapters/log/line.h"

#include <algorithm>

#include "core/text/printable.h"

namespace tidemark {

namespace {

using Clean = std::function<std::string(std::string_view)>;

// Errors of a server can be of any size, and the journal takes what follows its longest line for a
// record of its own.
std::string shortened(std::string text) {
  constexpr std::size_t bytes_max = 2048;
  if (text.size() > bytes_max) {
    auto end = bytes_max;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) {
      --end;
    }
    text.resize(end);
    text += "…";
  }
  return text;
}

bool needs_no_quotes(std::string_view value) {
  constexpr std::string_view plain = "_-./:@+,[]";
  return !value.empty() && std::ranges::all_of(value, [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           plain.find(c) != plain.npos;
  });
}

// Quotes and backslashes are escaped before the control characters are, so that a newline and the
// two characters \n in a value stay different on the line.
std::string quoted(std::string_view value) {
  std::string escaped;
  for (const char c : value) {
    if (c == '"' || c == '\\') {
      escaped += '\\';
    }
    escaped += c;
  }
  return '"' + printable(escaped) + '"';
}

std::string pairs(std::string_view message, const Fields& fields, const Clean& clean) {
  auto text = printable(clean(message));
  for (const auto& field : fields) {
    const auto value = shortened(clean(field.value));
    text += ' ';
    text += field.key;
    text += '=';
    text += needs_no_quotes(value) ? value : quoted(value);
  }
  return text;
}

// Values are made printable first: what reads the JSON may well show them on a terminal.
std::string json_string(std::string_view value) {
  std::string text = "\"";
  for (const char c : printable(value)) {
    if (c == '"' || c == '\\') {
      text += '\\';
    }
    text += c;
  }
  return text + '"';
}

std::string json(TimePoint now,
                 Level level,
                 std::string_view message,
                 const Fields& fields,
                 const Clean& clean) {
  auto text = R"({"time":")" + format_time(now) + R"(","level":")" + std::string(to_string(level)) +
              R"(","msg":)" + json_string(clean(message));
  for (const auto& field : fields) {
    const auto value = shortened(clean(field.value));
    text += ",\"";
    text += field.key;
    text += "\":";
    text += field.number && value == field.value ? value : json_string(value);
  }
  return text + '}';
}

// syslog's numbers, which the journal reads in front of a line.
std::string_view priority(Level level) {
  switch (level) {
    case Level::debug:
      return "<7>";
    case Level::info:
      return "<6>";
    case Level::warn:
      return "<4>";
    case Level::error:
      return "<3>";
  }
  return "<3>";
}

}  // namespace

std::string log_line(LogFormat format,
                     TimePoint now,
                     Level level,
                     std::string_view message,
                     const Fields& fields,
                     const Clean& clean) {
  switch (format) {
    case LogFormat::json:
      return json(now, level, message, fields, clean);
    case LogFormat::journal:
      return std::string(priority(level)) + pairs(message, fields, clean);
    case LogFormat::automatic:
    case LogFormat::text:
      break;
  }
  auto name = std::string(to_string(level));
  name.resize(5, ' ');
  return format_time(now) + ' ' + name + ' ' + pairs(message, fields, clean);
}

}  // namespace tidemark
