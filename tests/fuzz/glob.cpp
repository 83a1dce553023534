// A pattern, a line end, and a path.

#include <vector>

#include "adapters/files/glob.h"
#include "tests/fuzz/input.h"

namespace tidemark::fuzz {

namespace {

using Parts = std::vector<std::string_view>;

Parts names_of(std::string_view path) {
  Parts names;
  for (std::size_t slash = path.find('/'); slash != std::string_view::npos;
       slash = path.find('/')) {
    names.push_back(path.substr(0, slash));
    path.remove_prefix(slash + 1);
  }
  names.push_back(path);
  return names;
}

// The definition word by word, slowly: what is left of the pattern against what is left of the
// items, from the ends to the fronts.
template <class Pattern, class Items, class IsStar, class Same>
bool by_definition(const Pattern& pattern, const Items& items, IsStar is_star, Same same) {
  std::vector<std::vector<char>> matches(pattern.size() + 1,
                                         std::vector<char>(items.size() + 1, 0));
  matches[pattern.size()][items.size()] = 1;
  for (std::size_t p = pattern.size(); p-- > 0;) {
    for (std::size_t i = items.size() + 1; i-- > 0;) {
      const bool more = i < items.size();
      const bool here = is_star(pattern[p])
                            ? matches[p + 1][i] != 0 || (more && matches[p][i + 1] != 0)
                            : more && same(pattern[p], items[i]) && matches[p + 1][i + 1] != 0;
      matches[p][i] = here ? 1 : 0;
    }
  }
  return matches[0][0] != 0;
}

bool name_matches(std::string_view pattern, std::string_view name) {
  return by_definition(
      pattern,
      name,
      [](char c) { return c == '*'; },
      [](char p, char c) { return p == '?' || p == c; });
}

}  // namespace

void try_input(std::string_view input) {
  const auto pattern = take_until(input, '\n');
  const bool expected = by_definition(
      names_of(pattern),
      names_of(input),
      [](std::string_view name) { return name == "**"; },
      name_matches);
  promise(glob_matches(pattern, input) == expected, "a pattern matches as it is defined");
}

}  // namespace tidemark::fuzz
