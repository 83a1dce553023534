#include "adapters/http/request_target.h"

#include <optional>

#include "core/text/printable.h"

namespace tidemark {
namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  if (c >= 'a' && c <= 'f') {
    return c - 'a' + 10;
  }
  if (c >= 'A' && c <= 'F') {
    return c - 'A' + 10;
  }
  return -1;
}

std::optional<std::string> percent_decode(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
    if (high < 0 || low < 0) {
      return std::nullopt;
    }
    decoded += static_cast<char>(high * 16 + low);
    i += 2;
  }
  if (decoded.find('\0') != std::string::npos || valid_utf8(decoded) != decoded) {
    return std::nullopt;
  }
  return decoded;
}

// In a query '+' is a space, as HTML forms write it.
std::optional<std::string> form_decode(std::string_view text) {
  std::string spaced(text);
  for (char& c : spaced) {
    if (c == '+') {
      c = ' ';
    }
  }
  return percent_decode(spaced);
}

// Cuts `text` at `separator` and hands each part to `take` until that returns false.
template <class Take>
bool for_each_part(std::string_view text, char separator, Take take) {
  while (true) {
    const auto end = text.find(separator);
    if (!take(text.substr(0, end))) {
      return false;
    }
    if (end == std::string_view::npos) {
      return true;
    }
    text.remove_prefix(end + 1);
  }
}

bool add_segment(RequestTarget& target, std::string_view part) {
  auto decoded = percent_decode(part);
  if (decoded) {
    target.segments.push_back(std::move(*decoded));
  }
  return decoded.has_value();
}

bool add_query(RequestTarget& target, std::string_view part) {
  if (part.empty()) {
    return true;
  }
  const auto equals = part.find('=');
  auto key = form_decode(part.substr(0, equals));
  auto value = form_decode(equals == std::string_view::npos ? "" : part.substr(equals + 1));
  return key && value && target.query.emplace(std::move(*key), std::move(*value)).second;
}

}  // namespace

Result<RequestTarget> parse_request_target(std::string_view target) {
  if (!target.starts_with('/') || target.find('#') != std::string_view::npos) {
    return fail(Errc::invalid, "a request names a path on this server that begins with '/'");
  }
  const auto question = target.find('?');
  RequestTarget parsed;
  parsed.path = target.substr(0, question);
  const auto below_root = std::string_view(parsed.path).substr(1);
  const bool segments_ok =
      below_root.empty() || for_each_part(below_root, '/', [&](std::string_view part) {
        return add_segment(parsed, part);
      });
  if (!segments_ok) {
    return fail(Errc::invalid, "the path has a percent escape that is broken or is no UTF-8 text");
  }
  const bool query_ok = question == std::string_view::npos ||
                        for_each_part(target.substr(question + 1), '&', [&](std::string_view part) {
                          return add_query(parsed, part);
                        });
  if (!query_ok) {
    return fail(Errc::invalid, "the query has a broken percent escape, or one key twice");
  }
  return parsed;
}

std::string percent_encode(std::string_view text) {
  static constexpr std::string_view digits = "0123456789ABCDEF";
  static constexpr std::string_view plain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  std::string encoded;
  for (const char c : text) {
    if (plain.find(c) != std::string_view::npos) {
      encoded += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    encoded += '%';
    encoded += digits[byte >> 4];
    encoded += digits[byte & 15];
  }
  return encoded;
}

}  // namespace tidemark
