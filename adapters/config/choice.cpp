#include "adapters/config/choice.h"

#include <algorithm>
#include <cctype>
#include <numeric>
#include <vector>

namespace tidemark {

namespace {

// Levenshtein's distance.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    auto diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const auto change = diagonal + (a[i] == b[j] ? 0U : 1U);
      diagonal = row[j + 1];
      row[j + 1] = std::min({change, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

// Case and the kind of dash are never what somebody meant by a key.
std::string as_a_key(std::string_view text) {
  std::string result;
  for (const char c : text) {
    result += c == '-' ? '_' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return result;
}

}  // namespace

Parsed<std::string> parse_word(std::string_view text, std::span<const std::string_view> words) {
  if (std::ranges::find(words, text) != words.end()) {
    return std::string(text);
  }
  return std::unexpected("expected " + either_of(words));
}

std::string either_of(std::span<const std::string_view> words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) {
      text += i + 1 == words.size() ? " or " : ", ";
    }
    text += words[i];
  }
  return text;
}

std::optional<std::string_view> nearest(std::string_view text,
                                        std::span<const std::string_view> words) {
  constexpr std::size_t typed_max = 40;
  if (text.size() > typed_max) {
    return std::nullopt;
  }
  const auto typed = as_a_key(text);
  std::optional<std::string_view> best;
  auto best_distance = std::min<std::size_t>(2, text.size() / 2) + 1;
  for (const auto word : words) {
    if (const auto d = distance(typed, word); d < best_distance) {
      best = word;
      best_distance = d;
    }
  }
  return best;
}

}  // namespace tidemark
