#include "adapters/files/glob.h"

#include <cstddef>
#include <span>
#include <vector>

namespace tidemark {

namespace {

// A pattern with stars against items, in time O(pattern * items): when it gets stuck, only the last
// star takes one more.
template <class Pattern, class Items, class IsStar, class Same>
bool match(const Pattern& pattern, const Items& items, IsStar is_star, Same same) {
  std::size_t p = 0;
  std::size_t i = 0;
  std::size_t star = pattern.size();
  std::size_t star_took = 0;
  while (i < items.size()) {
    if (p < pattern.size() && is_star(pattern[p])) {
      star = p++;
      star_took = i;
    } else if (p < pattern.size() && same(pattern[p], items[i])) {
      ++p;
      ++i;
    } else if (star < pattern.size()) {
      p = star + 1;
      i = ++star_took;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && is_star(pattern[p])) {
    ++p;
  }
  return p == pattern.size();
}

bool name_matches(std::string_view pattern, std::string_view name) {
  return match(
      pattern,
      name,
      [](char c) { return c == '*'; },
      [](char p, char c) { return p == '?' || p == c; });
}

std::vector<std::string_view> names_of(std::string_view path) {
  std::vector<std::string_view> names;
  for (;;) {
    const auto slash = path.find('/');
    names.push_back(path.substr(0, slash));
    if (slash == std::string_view::npos) {
      return names;
    }
    path.remove_prefix(slash + 1);
  }
}

}  // namespace

bool glob_matches(std::string_view pattern, std::string_view path) {
  return match(
      names_of(pattern),
      names_of(path),
      [](std::string_view name) { return name == "**"; },
      name_matches);
}

}  // namespace tidemark
