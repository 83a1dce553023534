#include "daemon/client/suggest.h"

#include <algorithm>
#include <numeric>
#include <vector>

namespace tidemark::client {

namespace {

// Insertions, deletions, replacements and swaps of neighbours.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> cost(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) {
    for (std::size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        cost[i][j] = i + j;
        continue;
      }
      const std::size_t replaced = cost[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      cost[i][j] = std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1, replaced});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
      }
    }
  }
  return cost[a.size()][b.size()];
}

}  // namespace

std::optional<std::string> suggestion(std::string_view typed, std::span<const std::string> known) {
  constexpr std::size_t longest = 64;  // nobody mistypes more than that by one letter or two
  std::optional<std::string> best;
  std::size_t least = std::max<std::size_t>(1, std::min<std::size_t>(2, typed.size() / 3)) + 1;
  if (typed.size() > longest) {
    return best;
  }
  for (const auto& word : known) {
    const auto far = word.starts_with(typed) && typed.size() > 1 ? 1 : distance(typed, word);
    if (far < least) {
      least = far;
      best = word;
    }
  }
  return best;
}

}  // namespace tidemark::client
