#pragma once

#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace tidemark {

// A value, or what was expected instead; never the text itself.
template <class T>
using Parsed = std::expected<T, std::string>;

// One of these words.
Parsed<std::string> parse_word(std::string_view text, std::span<const std::string_view> words);

// "a, b or c".
std::string either_of(std::span<const std::string_view> words);

// The word that somebody who typed `text` meant, if it is near enough to one.
std::optional<std::string_view> nearest(std::string_view text,
                                        std::span<const std::string_view> words);

}  // namespace tidemark
