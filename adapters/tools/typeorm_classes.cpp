#include "adapters/tools/typeorm_classes.h"

#include <algorithm>

#include "adapters/tools/file_name.h"
#include "adapters/tools/script.h"

namespace tidemark {

namespace {

constexpr std::size_t digits_of_time = 13;
constexpr std::size_t classes_max = 64;
constexpr std::size_t name_max = 300;

bool in_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '$';
}

bool is_quote(char c) {
  return c == '"' || c == '\'' || c == '`';
}

void skip_blanks(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
}

std::string_view take_word(std::string_view& text) {
  const auto end = std::ranges::find_if_not(text, in_word);
  const auto word = text.substr(0, static_cast<std::size_t>(end - text.begin()));
  text.remove_prefix(word.size());
  return word;
}

// What is between the quotes that `text` begins with; empty without them.
std::string_view take_quoted(std::string_view& text) {
  if (text.empty() || !is_quote(text.front())) {
    return {};
  }
  const auto end = text.find(text.front(), 1);
  const auto inside =
      end == std::string_view::npos ? text.substr(text.size()) : text.substr(1, end - 1);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return inside;
}

// The quoted value of `name = "…"` and `name: string = "…"`, where `text` is what follows the word.
std::string_view assigned(std::string_view text) {
  skip_blanks(text);
  if (text.starts_with(':')) {
    text.remove_prefix(1);
    skip_blanks(text);
    take_word(text);
    skip_blanks(text);
  }
  if (!text.starts_with('=')) {
    return {};
  }
  text.remove_prefix(1);
  skip_blanks(text);
  text = text.substr(0, name_max);
  return take_quoted(text);
}

}  // namespace

std::string_view time_of_typeorm_name(std::string_view name) {
  if (name.size() < digits_of_time || !all_digits(name.substr(name.size() - digits_of_time))) {
    return {};
  }
  return name.substr(name.size() - digits_of_time);
}

std::vector<std::string> typeorm_classes(std::string_view text) {
  struct Class {
    std::string name;
    bool told = false;  // by its property
  };
  std::vector<Class> classes;
  const auto code = without_comments(text);
  for (std::string_view rest = code; !rest.empty() && classes.size() < classes_max;) {
    if (is_quote(rest.front())) {
      take_quoted(rest);
      continue;
    }
    const auto word = take_word(rest);
    if (word.empty()) {
      rest.remove_prefix(1);
    } else if (word == "class" || word == "function") {
      skip_blanks(rest);
      const auto name = take_word(rest);
      // A constructor of old is a function, and so is much else.
      if (word == "class" || !time_of_typeorm_name(name).empty()) {
        classes.push_back({std::string(name), false});
      }
    } else if (word == "name" && !classes.empty() && !classes.back().told) {
      if (const auto name = assigned(rest); !time_of_typeorm_name(name).empty()) {
        classes.back() = {std::string(name), true};
      }
    }
  }
  std::vector<std::string> names;
  for (auto& [name, told] : classes) {
    if (name.size() > time_of_typeorm_name(name).size() && !time_of_typeorm_name(name).empty() &&
        std::ranges::find(names, name) == names.end()) {
      names.push_back(std::move(name));
    }
  }
  return names;
}

std::string typeorm_class_of_file(std::string_view stem) {
  const auto time = leading_digits(stem);
  if (time.size() != digits_of_time || stem.size() < time.size() + 2 || stem[time.size()] != '-') {
    return "";
  }
  std::string name;
  bool capital = true;
  for (const char c : stem.substr(time.size() + 1)) {
    if (!in_word(c) || c == '_') {
      capital = true;
      continue;
    }
    name += capital && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    capital = false;
  }
  return name.empty() ? "" : name + std::string(time);
}

}  // namespace tidemark
