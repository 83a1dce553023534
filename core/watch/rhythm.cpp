#include "core/watch/rhythm.h"

#include <algorithm>

namespace tidemark {

namespace {

using Milliseconds = Rhythm::Milliseconds;

constexpr Milliseconds between_starts{5};
constexpr Milliseconds first_retry{1'000};
constexpr Milliseconds denied_pause{30'000};
constexpr double jitter_part = 0.1;

Milliseconds varied(Milliseconds pause, double jitter) {
  const auto count = static_cast<double>(pause.count()) * (1 + jitter_part * jitter);
  return Milliseconds{static_cast<Milliseconds::rep>(count)};
}

}  // namespace

Rhythm::Rhythm(Milliseconds interval, std::size_t nth, Time now)
    : interval_(interval),
      due_(now + std::min(between_starts * static_cast<Milliseconds::rep>(nth), interval / 2)) {}

// Counted from when it was due, so that looks that take long do not stretch the period. Who comes
// too late starts anew instead of catching up; a look that somebody asked for starts it anew too.
void Rhythm::looked(Time now, double jitter) {
  failures_ = 0;
  due_ = std::max(std::min(due_, now) + varied(interval_, jitter), now);
}

void Rhythm::failed(Errc code, Time now, double jitter) {
  ++failures_;
  Milliseconds pause = interval_;
  if (code == Errc::denied) {
    pause = std::max(pause, denied_pause);
  } else {
    const auto doublings = std::min(failures_ - 1, 10U);
    pause = std::min(pause, first_retry * (1 << doublings));
  }
  due_ = now + varied(pause, jitter);
}

}  // namespace tidemark
