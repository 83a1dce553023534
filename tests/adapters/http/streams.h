#pragma once

#include <atomic>
#include <memory>

#include "adapters/http/http.h"

namespace tidemark {

// "1\n", "2\n", … up to `last`.
std::shared_ptr<Stream> counting_stream(std::size_t last);

// One piece, then nothing for ever.
std::shared_ptr<Stream> endless_stream();
// How many endless streams are waiting, and how many were cancelled in that.
extern std::atomic<int> endless_waiting;
extern std::atomic<int> endless_cancelled;

// Large pieces without end.
std::shared_ptr<Stream> flooding_stream();

// One piece, then an exception.
std::shared_ptr<Stream> breaking_stream();

}  // namespace tidemark
