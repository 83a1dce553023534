#include "core/apply/lock_retries.h"

#include <algorithm>

namespace tidemark {

namespace {

constexpr std::chrono::milliseconds wait_max{15'000};

}  // namespace

bool is_lock_trouble(std::string_view sqlstate) {
  return sqlstate == "55P03" ||  // lock_not_available
         sqlstate == "40P01" ||  // deadlock_detected
         sqlstate == "40001";    // serialization_failure
}

std::optional<std::chrono::milliseconds> LockRetries::next(double chance) {
  if (left_ == 0) {
    return std::nullopt;
  }
  --left_;
  const auto wait = base_ / 2 + std::chrono::milliseconds(static_cast<std::int64_t>(
                                    chance * static_cast<double>(base_.count())));
  base_ = std::min(base_ * 2, wait_max);
  return wait;
}

}  // namespace tidemark
