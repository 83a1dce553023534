#pragma once

#include <string>

namespace tidemark {

// A random UUID: "0b8f2c1e-…".
std::string new_uuid();

}  // namespace tidemark
