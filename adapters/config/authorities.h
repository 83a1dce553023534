#pragma once

#include <string>

#include "adapters/config/section.h"
#include "adapters/config/settings.h"

namespace tidemark {

// The `tls_ca:` of an environment or of the defaults.
void read_authorities(Section& section, EnvironmentSettings& settings, Problems& problems);

// Lets the connections to an environment's database, `direct:` too, use them. Its own must be of
// use; those of the defaults are for whoever verifies certificates and names no other.
void use_authorities(Section& environment, EnvironmentSettings& settings, Problems& problems);

// Whether a server's certificate could be verified with this file: empty, or what is wrong.
std::string problem_of_authorities(const std::string& path);

}  // namespace tidemark
