#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace tidemark {

// Whether what failed so was in somebody's way, and may work when it is tried again as a whole.
bool is_lock_trouble(std::string_view sqlstate);

// How often a migration that met a lock is tried again, and when: waits that grow, each different,
// so that nothing queues up behind it and two of them do not meet again and again.
class LockRetries {
 public:
  explicit LockRetries(unsigned retries_max) : left_(retries_max) {}

  // After a try failed: how long to wait before the next; nullopt: there is none. `chance` is
  // between 0 and 1.
  std::optional<std::chrono::milliseconds> next(double chance);

 private:
  unsigned left_;
  std::chrono::milliseconds base_{250};
};

}  // namespace tidemark
