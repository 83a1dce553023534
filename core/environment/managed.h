#pragma once

#include <optional>
#include <utility>

#include "core/environment/environment.h"
#include "core/environment/mode.h"

namespace tidemark {

// An environment that may be written: the only way to a session that can write. Made for the mode
// `managed`, and for no other.
class ManagedEnvironment {
 public:
  static std::optional<ManagedEnvironment> of(EnvironmentRef ref, Mode mode) {
    if (mode != Mode::managed) {
      return std::nullopt;
    }
    return ManagedEnvironment(std::move(ref));
  }
  const EnvironmentRef& ref() const { return ref_; }

 private:
  explicit ManagedEnvironment(EnvironmentRef ref) : ref_(std::move(ref)) {}
  EnvironmentRef ref_;
};

}  // namespace tidemark
