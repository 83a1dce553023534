#include "core/apply/half_done.h"

#include <algorithm>

namespace tidemark {

const Attempt* half_done(std::span<const Attempt> attempts,
                         std::span<const Record> records,
                         const Key& key,
                         Attempt::Action action) {
  const auto attempt = std::ranges::find_if(attempts, [&](const Attempt& each) {
    return each.key == key && each.action == action && each.journal &&
           each.outcome != Attempt::Outcome::applied;
  });
  if (attempt == attempts.end()) {
    return nullptr;
  }
  const bool is_over = std::ranges::any_of(records, [&](const Record& record) {
    return record.key == key && record.recorded_at > attempt->started_at;
  });
  return is_over ? nullptr : &*attempt;
}

}  // namespace tidemark
