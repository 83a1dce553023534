#pragma once

#include "adapters/config/problems.h"
#include "adapters/config/promotion.h"
#include "adapters/config/yaml.h"

namespace tidemark {

// What every environment has unless it says otherwise: the `defaults:` of a config.
EnvironmentSettings read_defaults(const YamlNode& node, Problems& problems);

// One entry of an app's `environments:`, by itself.
EnvironmentDraft read_environment(const YamlNode& node,
                                  const EnvironmentSettings& defaults,
                                  Problems& problems);

}  // namespace tidemark
