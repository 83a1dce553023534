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
  const bool news = counted_ != look.fingerprint;
  patience_ = look.bereft && news ? std::max(times_.settle, times_.bereft) : times_.settle;
  if (look.quiet_for && *look.quiet_for < patience_) {
    moved(look.began - *look.quiet_for);
  } else if (seen_ && *seen_ != look.fingerprint && !announced_) {
    moved(now);
  }
  if (look.unsteady && news) {
    moved(now);
  }
  seen_ = look.fingerprint;
  announced_ = false;

  const bool quiet = !unrest_ || look.began >= unrest_->last + patience_;
  const bool too_long = unrest_ && now >= unrest_->since + times_.at_most;
  if (quiet || too_long) {
    unrest_.reset();
    patience_ = times_.settle;
    counted_ = look.fingerprint;
    return true;
  }
  return false;
}

std::optional<Settle::Clock::time_point> Settle::due() const {
  if (!unrest_) {
    return std::nullopt;
  }
  return std::min(unrest_->last + patience_, unrest_->since + times_.at_most);
}

}  // namespace tidemark
