#include "daemon/client/fields.h"

#include <array>
#include <cmath>

#include "core/text/printable.h"

namespace tidemark::client {

namespace {

[[noreturn]] void misunderstood(std::string_view member, std::string_view expected) {
  throw Misunderstood("\"" + std::string(member) + "\" is not " + std::string(expected));
}

// nullptr when absent or null.
const json::value* find(const json::object& from, std::string_view member) {
  const auto* value = from.if_contains(member);
  return value == nullptr || value->is_null() ? nullptr : value;
}

}  // namespace

const json::object& object(const json::value& value) {
  const auto* found = value.if_object();
  if (found == nullptr) {
    throw Misunderstood("an object was expected");
  }
  return *found;
}

const json::object* part(const json::object& from, std::string_view member) {
  const auto* value = find(from, member);
  if (value != nullptr && !value->is_object()) {
    misunderstood(member, "an object");
  }
  return value == nullptr ? nullptr : value->if_object();
}

const json::array& list(const json::object& from, std::string_view member) {
  const auto* value = find(from, member);
  const auto* found = value == nullptr ? nullptr : value->if_array();
  if (found == nullptr) {
    misunderstood(member, "a list");
  }
  return *found;
}

const json::array& list_if(const json::object& from, std::string_view member) {
  static const json::array none;
  return find(from, member) == nullptr ? none : list(from, member);
}

std::string raw(const json::object& from, std::string_view member) {
  const auto* value = find(from, member);
  if (value == nullptr) {
    return {};
  }
  const auto* text = value->if_string();
  if (text == nullptr) {
    misunderstood(member, "text");
  }
  return {text->data(), text->size()};
}

std::string shown(const json::object& from, std::string_view member) {
  return printable(raw(from, member));
}

std::string shown(const json::value& text) {
  const auto* found = text.if_string();
  if (found == nullptr) {
    throw Misunderstood("text was expected");
  }
  return printable({found->data(), found->size()});
}

std::int64_t number(const json::object& from, std::string_view member) {
  const auto* value = find(from, member);
  if (value == nullptr) {
    return 0;
  }
  boost::system::error_code inexact;
  const auto found = value->to_number<std::int64_t>(inexact);
  if (inexact) {
    misunderstood(member, "a whole number");
  }
  return found;
}

bool flag(const json::object& from, std::string_view member) {
  const auto* value = find(from, member);
  if (value != nullptr && !value->is_bool()) {
    misunderstood(member, "true or false");
  }
  return value != nullptr && value->get_bool();
}

std::optional<TimePoint> time(const json::object& from, std::string_view member) {
  const auto text = raw(from, member);
  if (text.empty()) {
    return std::nullopt;
  }
  const auto parsed = parse_time(text);
  if (!parsed) {
    misunderstood(member, "a time");
  }
  return parsed;
}

std::string shown_lines(std::string_view text) {
  std::string result;
  for (std::size_t start = 0; start < text.size();) {
    const auto end = text.find_first_of("\n\t", start);
    result += printable(text.substr(start, end - start));
    if (end == std::string_view::npos) {
      break;
    }
    result += text[end];
    start = end + 1;
  }
  return result;
}

namespace {

// Of one character of valid UTF-8.
std::uint32_t code_point(std::string_view character) {
  const auto first = static_cast<std::uint8_t>(character.front());
  constexpr std::array<std::uint8_t, 5> payload{0, 0x7F, 0x1F, 0x0F, 0x07};
  std::uint32_t value = first & payload[character.size()];
  for (const char c : character.substr(1)) {
    value = (value << 6U) | (static_cast<std::uint8_t>(c) & 0x3FU);
  }
  return value;
}

std::string utf16_escape(std::uint32_t unit) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text = "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) {
    text += digits[(unit >> static_cast<unsigned>(shift)) & 15U];
  }
  return text;
}

std::string json_escape(std::uint32_t c) {
  if (c <= 0xFFFF) {
    return utf16_escape(c);
  }
  return utf16_escape(0xD800U + ((c - 0x10000U) >> 10U)) +
         utf16_escape(0xDC00U + ((c - 0x10000U) & 0x3FFU));
}

std::size_t length_of(char first) {
  const auto byte = static_cast<std::uint8_t>(first);
  return byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
}

}  // namespace

std::string harmless(std::string_view document) {
  std::string result;
  result.reserve(document.size());
  while (!document.empty()) {
    const auto character = document.substr(0, length_of(document.front()));
    // Below 0x20 there is only the white space between tokens: inside strings it must be escaped
    // already.
    const bool misleading =
        static_cast<std::uint8_t>(character.front()) >= 0x7F && printable(character) != character;
    result += misleading ? json_escape(code_point(character)) : std::string(character);
    document.remove_prefix(character.size());
  }
  return result;
}

}  // namespace tidemark::client
