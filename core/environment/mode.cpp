#include "core/environment/mode.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

namespace tidemark {

std::string_view to_string(Mode mode) {
  switch (mode) {
    case Mode::managed:
      return "managed";
    case Mode::export_only:
      return "export_only";
    case Mode::reconcile_only:
      return "reconcile_only";
  }
  return "";
}

std::optional<Mode> parse_mode(std::string_view text) {
  for (const auto mode : {Mode::managed, Mode::export_only, Mode::reconcile_only}) {
    if (to_string(mode) == text) {
      return mode;
    }
  }
  return std::nullopt;
}

namespace {

constexpr std::array<std::string_view, 9> production_like{
    "prod", "production", "prd", "live", "staging", "stage", "stg", "preprod", "uat"};
constexpr std::array<std::string_view, 7> development_like{
    "dev", "development", "local", "test", "sandbox", "preview", "ci"};

// Whatever is not ASCII counts as a letter, so that "ciência" does not begin with the word ci.
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || static_cast<unsigned char>(c) >= 0x80;
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// Words are runs of letters: "eu-prod-2" has eu and prod, "dev2" has dev, "products" has only
// itself.
std::vector<std::string> words_of(std::string_view name) {
  std::vector<std::string> words(1);
  for (const char c : name) {
    if (is_letter(c)) {
      words.back() += lower(c);
    } else if (!words.back().empty()) {
      words.emplace_back();
    }
  }
  return words;
}

}  // namespace

Mode default_mode(std::string_view environment_name) {
  const auto words = words_of(environment_name);
  const auto says = [&](const auto& list) {
    return std::ranges::any_of(
        words, [&](const auto& word) { return std::ranges::find(list, word) != list.end(); });
  };
  return !says(production_like) && says(development_like) ? Mode::managed : Mode::export_only;
}

}  // namespace tidemark
