#pragma once

#include <chrono>
#include <cstddef>

#include "core/result.h"

namespace tidemark {

// When an environment is looked at: on a period that is kept, each time a little earlier or later;
// sooner after a fault that may pass, later where a wrong password would lock an account.
class Rhythm {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Milliseconds = std::chrono::milliseconds;

  // `nth` of all that start together: they are spread, so that not all connect at once.
  Rhythm(Milliseconds interval, std::size_t nth, Time now);

  Time due() const { return due_; }

  // `jitter` is from -1 to 1, by chance.
  void looked(Time now, double jitter);
  void failed(Errc code, Time now, double jitter);

 private:
  Milliseconds interval_;
  Time due_;
  unsigned failures_ = 0;
};

}  // namespace tidemark
