#include "adapters/tools/file_name.h"

#include <algorithm>
#include <array>

namespace tidemark {

namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// `git mergetool` leaves V2__orders_BACKUP_4711.sql and its kin (older versions
// V2__orders.BACKUP.4711.sql) beside the file for as long as somebody resolves the conflict. A name
// that is upper case throughout is somebody's style: there LOCAL_2 are words like any other.
bool copy_of_a_merge(std::string_view stem) {
  const auto number = stem.find_last_of("_.");
  if (number == std::string_view::npos || !all_digits(stem.substr(number + 1))) {
    return false;
  }
  const char separator = stem[number];
  const auto name = stem.substr(0, number);
  if (std::ranges::none_of(name, [](char c) { return c >= 'a' && c <= 'z'; })) {
    return false;
  }
  return std::ranges::any_of(std::array<std::string_view, 4>{"BACKUP", "BASE", "LOCAL", "REMOTE"},
                             [&](std::string_view role) {
                               return name.size() > role.size() && name.ends_with(role) &&
                                      name[name.size() - role.size() - 1] == separator;
                             });
}

}  // namespace

std::string lower_case(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return lower;
}

std::string_view base_name(std::string_view path) {
  const auto slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

std::string_view folder_with_slash(std::string_view path) {
  return path.substr(0, path.size() - base_name(path).size());
}

std::string_view folder_without_slash(std::string_view path) {
  const auto folder = folder_with_slash(path);
  return folder.substr(0, folder.size() - (folder.empty() ? 0 : 1));
}

std::optional<std::string_view> without_suffix(std::string_view name, std::string_view suffix) {
  if (name.size() <= suffix.size() ||
      lower_case(name.substr(name.size() - suffix.size())) != lower_case(suffix)) {
    return std::nullopt;
  }
  return name.substr(0, name.size() - suffix.size());
}

bool all_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, is_digit);
}

std::string with_blanks(std::string_view text) {
  std::string blanks(text);
  std::ranges::replace(blanks, '_', ' ');
  return blanks;
}

bool never_a_migration(std::string_view path) {
  const auto name = lower_case(base_name(path));
  if (name.starts_with('.')) {
    return true;
  }
  for (const std::string_view whole : {"schema.sql", "structure.sql", "seed.sql", "seeds.sql"}) {
    if (name == whole) {
      return true;
    }
  }
  const auto stem = base_name(path);
  return copy_of_a_merge(stem.substr(0, stem.rfind('.')));
}

}  // namespace tidemark
