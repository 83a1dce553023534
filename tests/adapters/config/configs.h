#pragma once

#include <string>
#include <vector>

#include "adapters/config/reader.h"

namespace tidemark {

// The smallest config that is right, for tests to add to.
inline const std::string minimal = R"(apps:
  - name: shop
    repo: {path: /srv/shop}
    environments:
      - name: prod
)";

// "3:7 poll: expected …" for each problem; empty: none.
inline std::vector<std::string> problems_of(const std::string& text) {
  std::vector<std::string> result;
  const auto loaded = read_config_text(text, "c.yaml");
  if (!loaded) {
    for (const auto& problem : loaded.error()) {
      result.push_back(std::to_string(problem.line) + ':' + std::to_string(problem.column) + ' ' +
                       problem.message);
    }
  }
  return result;
}

}  // namespace tidemark
