#include "adapters/files/settle.h"

#include <algorithm>

namespace tidemark {

void Settle::moved(Clock::time_point when) {
  if (!unrest_) {
    unrest_ = Unrest{when, when};
  }
  unrest_->last = std::max(unrest_->last, when);
}

void Settle::changed(Clock::time_point now) {
  announced_ = true;
  moved(now);
}

bool Settle::looked(const Look& look, Clock::time_point now) {
  if (look.quiet_for && *look.quiet_for < times_.settle) {
    moved(look.began - *look.quiet_for);
  } else if (seen_ && *seen_ != look.fingerprint && !announced_) {
    moved(now);
  }
  if (look.unsteady && counted_ != look.fingerprint) {
    moved(now);
  }
  seen_ = look.fingerprint;
  announced_ = false;

  const bool quiet = !unrest_ || look.began >= unrest_->last + times_.settle;
  const bool too_long = unrest_ && now >= unrest_->since + times_.at_most;
  if (quiet || too_long) {
    unrest_.reset();
    counted_ = look.fingerprint;
    return true;
  }
  return false;
}

std::optional<Settle::Clock::time_point> Settle::due() const {
  if (!unrest_) {
    return std::nullopt;
  }
  return std::min(unrest_->last + times_.settle, unrest_->since + times_.at_most);
}

}  // namespace tidemark
