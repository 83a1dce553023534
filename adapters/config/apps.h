#pragma once

#include <vector>

#include "adapters/config/problems.h"
#include "adapters/config/settings.h"
#include "adapters/config/yaml.h"

namespace tidemark {

// The `apps:` of a config. `defaults` is what every environment has unless it says otherwise.
std::vector<AppSettings> read_apps(const YamlNode& list,
                                   const EnvironmentSettings& defaults,
                                   Problems& problems);

}  // namespace tidemark
