#pragma once

#include <string_view>

#include "adapters/config/yaml.h"

namespace tidemark {

// What an unquoted value is by YAML 1.2's core schema: the same as editors and other programs make
// of it. It decides that `name: 2024` is refused instead of being text here and a number there.
YamlNode::Kind plain_scalar_kind(std::string_view text);

}  // namespace tidemark
