#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "core/catalog/content.h"

namespace tidemark {

// The key of an advisory lock: one for each schema that is an environment of its own, or for the
// whole database.
inline std::int64_t lock_key(std::string_view what, const std::string& schema) {
  const auto digest = sha256("tidemark " + std::string(what) + " " + schema);
  std::int64_t key = 0;
  std::memcpy(&key, digest.bytes.data(), sizeof(key));
  return key;
}

}  // namespace tidemark
