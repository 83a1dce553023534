#pragma once

#include <optional>
#include <string>

#include "core/time.h"

namespace tidemark {

// Nothing is applied here until it ends or somebody ends it.
struct Freeze {
  std::string by;
  std::string reason;
  TimePoint at{};
  std::optional<TimePoint> until;  // nullopt: until somebody says so
  bool holds(TimePoint now) const { return !until || now < *until; }
  friend bool operator==(const Freeze&, const Freeze&) = default;
};

}  // namespace tidemark
