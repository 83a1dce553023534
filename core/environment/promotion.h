#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace tidemark {

// One environment's place in the promotion of an app. Without `after`: after the one before it in
// the list.
struct Stage {
  std::string name;
  std::optional<std::vector<std::string>> after;
};

// For each stage, the indices of those that it comes after; the first of a list comes after none.
// Names that are not in the list are left out: the config reader refuses them.
std::vector<std::vector<std::size_t>> upstream_of(const std::vector<Stage>& stages);

// Indices in an order in which every stage comes after all of its upstream. Stages on a cycle come
// last, in the list's order: the config reader refuses cycles.
std::vector<std::size_t> promotion_order(const std::vector<Stage>& stages);

}  // namespace tidemark
