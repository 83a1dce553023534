#pragma once

#include <vector>

#include "adapters/config/problems.h"
#include "adapters/config/settings.h"
#include "adapters/config/yaml.h"

namespace tidemark {

// The `apps:` of a config. `poll` is what `defaults:` says.
std::vector<AppSettings> read_apps(const YamlNode& list,
                                   std::chrono::milliseconds poll,
                                   Problems& problems);

inline constexpr std::chrono::milliseconds poll_least = std::chrono::seconds{1};
inline constexpr std::chrono::milliseconds poll_most = std::chrono::days{1};

}  // namespace tidemark
