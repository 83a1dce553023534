#pragma once

#include <chrono>

#include "adapters/loop/asio.h"
#include "core/result.h"
#include "core/time.h"

namespace tidemark {

// Waits on the monotonic clock. False when it was cancelled.
Awaitable<bool> wait_for(std::chrono::steady_clock::duration duration);

// The wall clock, for what is stored and shown. Durations are measured with steady_clock.
TimePoint wall_clock_now();
Instant instant_now();

}  // namespace tidemark
