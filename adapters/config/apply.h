#pragma once

#include "adapters/config/section.h"
#include "adapters/config/settings.h"

namespace tidemark {

// How migrations are applied: the keys of an environment and of the defaults.
void read_apply(Section& section, EnvironmentSettings& settings);

// Once the name and the mode of an environment are known: its own `apply: auto` must be one that
// may be; that of the defaults is for whoever is managed.
void use_apply(Section& environment, EnvironmentSettings& settings, Problems& problems);

}  // namespace tidemark
