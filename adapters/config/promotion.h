#pragma once

#include <vector>

#include "adapters/config/problems.h"
#include "adapters/config/settings.h"
#include "adapters/config/yaml.h"

namespace tidemark {

// An environment with the places in the config that its relations to others are told at.
struct EnvironmentDraft {
  EnvironmentSettings settings;
  const YamlNode* node = nullptr;
  const YamlNode* after = nullptr;         // null: not set
  const YamlNode* renamed_from = nullptr;  // null: not set
};

// What one app's environments say of each other: names used once, `after:` without unknown names
// and cycles, `renamed_from:` without collisions.
void check_promotion(const std::vector<EnvironmentDraft>& environments, Problems& problems);

}  // namespace tidemark
