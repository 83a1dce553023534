#pragma once

#include <chrono>

#include "adapters/config/problems.h"
#include "adapters/config/promotion.h"
#include "adapters/config/yaml.h"

namespace tidemark {

// One entry of an app's `environments:`, by itself.
EnvironmentDraft read_environment(const YamlNode& node,
                                  std::chrono::milliseconds poll,
                                  Problems& problems);

}  // namespace tidemark
