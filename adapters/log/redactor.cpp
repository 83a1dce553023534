#include "adapters/log/redactor.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <utility>

#include "core/text/printable.h"

namespace tidemark {

namespace {

constexpr std::size_t secrets_max = 1000;
constexpr std::size_t found_inside_from = 4;
constexpr std::string_view replacement = "[redacted]";

struct Range {
  std::size_t begin = 0;
  std::size_t end = 0;
};

// A text with an encoding undone, and where in the original each of its bytes begins.
struct View {
  std::string text;
  std::vector<std::size_t> origin;  // one more than text: the end
};

std::optional<std::uint8_t> hex_digit(char c) {
  if (c >= '0' && c <= '9') {
    return static_cast<std::uint8_t>(c - '0');
  }
  const char lower = static_cast<char>(c | 0x20);
  if (lower >= 'a' && lower <= 'f') {
    return static_cast<std::uint8_t>(lower - 'a' + 10);
  }
  return std::nullopt;
}

// How many bytes at the front of `rest` stand for one, and for which.
struct Unit {
  char byte = 0;
  std::size_t length = 1;
};

Unit percent_unit(std::string_view rest) {
  if (rest.front() == '%' && rest.size() >= 3) {
    const auto high = hex_digit(rest[1]);
    const auto low = hex_digit(rest[2]);
    if (high && low) {
      return {static_cast<char>(*high << 4U | *low), 3};
    }
  }
  return {rest.front(), 1};
}

Unit form_unit(std::string_view rest) {
  return rest.front() == '+' ? Unit{' ', 1} : percent_unit(rest);
}

Unit backslash_unit(std::string_view rest) {
  constexpr std::string_view escapable = "\\\"'/";
  if (rest.front() == '\\' && rest.size() >= 2 && escapable.find(rest[1]) != escapable.npos) {
    return {rest[1], 2};
  }
  return {rest.front(), 1};
}

View decoded(std::string_view text, Unit (*unit)(std::string_view)) {
  View view;
  for (std::size_t at = 0; at < text.size();) {
    const auto next = unit(text.substr(at));
    view.text += next.byte;
    view.origin.push_back(at);
    at += next.length;
  }
  view.origin.push_back(text.size());
  return view;
}

void find_all(std::string_view text, std::string_view wanted, auto&& found) {
  for (auto at = text.find(wanted); at != text.npos; at = text.find(wanted, at + 1)) {
    found(at, at + wanted.size());
  }
}

std::string base64(std::string_view bytes, std::string_view last_two) {
  const std::string alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789" + std::string(last_two);
  std::string text;
  std::uint32_t bits = 0;
  std::size_t held = 0;
  for (const char c : bytes) {
    bits = bits << 8U | static_cast<std::uint8_t>(c);
    for (held += 8; held >= 6; held -= 6) {
      text += alphabet[bits >> (held - 6) & 63U];
    }
  }
  return text;  // what is left over depends on what follows, so it is no part of the pattern
}

// The characters that depend on the secret alone when `before` bytes stand before it in its group
// of three.
std::string base64_at(std::string_view secret, std::size_t before, std::string_view last_two) {
  constexpr std::array<std::size_t, 3> mixed{
      0, 2, 3};  // characters that also depend on what stands before
  return base64(std::string(before, '\0') + std::string(secret), last_two).substr(mixed[before]);
}

std::string with_doubled_quotes(std::string_view secret) {
  std::string text;
  for (const char c : secret) {
    text.append(c == '\'' || c == '"' ? 2 : 1, c);
  }
  return text;
}

std::vector<std::string> forms_of(const std::string& secret) {
  std::vector<std::string> forms{secret, printable(secret), with_doubled_quotes(secret)};
  for (const std::size_t before : {0U, 1U, 2U}) {
    for (const std::string_view last_two : {"+/", "-_"}) {
      auto form = base64_at(secret, before, last_two);
      if (form.size() >= found_inside_from) {
        forms.push_back(std::move(form));
      }
    }
  }
  std::ranges::sort(forms);
  const auto twice = std::ranges::unique(forms);
  forms.erase(twice.begin(), twice.end());
  return forms;
}

// Overlapping ranges become one.
std::string replaced(std::string_view text, std::vector<Range> ranges) {
  std::ranges::sort(ranges, {}, &Range::begin);
  std::string result;
  std::size_t shown = 0;
  for (auto range = ranges.begin(); range != ranges.end();) {
    auto end = range->end;
    result += text.substr(shown, range->begin - shown);
    result += replacement;
    for (++range; range != ranges.end() && range->begin < end; ++range) {
      end = std::max(end, range->end);
    }
    shown = end;
  }
  result += text.substr(shown);
  return result;
}

}  // namespace

void Redactor::add(std::string secret) {
  if (secret.empty() ||
      std::ranges::any_of(secrets_, [&](const Secret& known) { return known.raw == secret; })) {
    return;
  }
  auto forms = forms_of(secret);
  secrets_.push_back({std::move(secret), std::move(forms)});
  if (secrets_.size() > secrets_max) {
    secrets_.pop_front();
  }
}

std::string Redactor::apply(std::string_view text) const {
  std::vector<View> views;
  if (text.find('%') != text.npos || text.find('+') != text.npos) {
    views.push_back(decoded(text, percent_unit));
    views.push_back(decoded(text, form_unit));
  }
  if (text.find('\\') != text.npos) {
    views.push_back(decoded(text, backslash_unit));
  }
  std::vector<Range> ranges;
  for (const auto& secret : secrets_) {
    if (secret.raw.size() < found_inside_from) {
      if (text == secret.raw) {
        return std::string(replacement);
      }
      continue;
    }
    for (const auto& form : secret.forms) {
      find_all(text, form, [&](auto begin, auto end) { ranges.push_back({begin, end}); });
    }
    for (const auto& view : views) {
      find_all(view.text, secret.raw, [&](auto begin, auto end) {
        ranges.push_back({view.origin[begin], view.origin[end]});
      });
    }
  }
  return replaced(text, std::move(ranges));
}

}  // namespace tidemark
