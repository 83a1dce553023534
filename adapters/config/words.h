#pragma once

#include <string_view>
#include <vector>

namespace tidemark {

// The tools that a config may name.
std::vector<std::string_view> known_layouts();
std::vector<std::string_view> known_ledgers();

// What is documented and not there yet: an error says that, instead of taking it for mistyped.
inline std::vector<std::string_view> later_environment_keys() {
  return {"schema_drift", "freeze"};
}

}  // namespace tidemark
