#include "core/environment/promotion.h"

#include <algorithm>

namespace tidemark {

std::vector<std::vector<std::size_t>> upstream_of(const std::vector<Stage>& stages) {
  std::vector<std::vector<std::size_t>> upstream(stages.size());
  for (std::size_t i = 0; i < stages.size(); ++i) {
    if (!stages[i].after) {
      if (i > 0) {
        upstream[i].push_back(i - 1);
      }
      continue;
    }
    for (const auto& name : *stages[i].after) {
      const auto at = std::ranges::find(stages, name, &Stage::name);
      if (at != stages.end()) {
        upstream[i].push_back(static_cast<std::size_t>(at - stages.begin()));
      }
    }
  }
  return upstream;
}

std::vector<std::size_t> promotion_order(const std::vector<Stage>& stages) {
  const auto upstream = upstream_of(stages);
  std::vector<std::size_t> order;
  std::vector<bool> placed(stages.size(), false);
  for (bool moved = true; moved;) {
    moved = false;
    for (std::size_t i = 0; i < stages.size(); ++i) {
      const bool ready = std::ranges::all_of(upstream[i], [&](std::size_t u) { return placed[u]; });
      if (!placed[i] && ready) {
        placed[i] = true;
        order.push_back(i);
        moved = true;
      }
    }
  }
  for (std::size_t i = 0; i < stages.size(); ++i) {
    if (!placed[i]) {
      order.push_back(i);
    }
  }
  return order;
}

}  // namespace tidemark
