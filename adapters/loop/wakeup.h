#pragma once

#include <chrono>

#include <boost/asio/steady_timer.hpp>

#include "adapters/loop/asio.h"

namespace tidemark {

// One coroutine sleeps until its time has come or somebody calls. A call that comes while nobody
// sleeps is not lost: the next sleep ends at once.
class Wakeup {
 public:
  explicit Wakeup(asio::io_context& loop) : timer_(loop) {}

  void call();
  // True when called, false when the time was up.
  Awaitable<bool> sleep(std::chrono::steady_clock::duration at_most);

 private:
  asio::steady_timer timer_;
  bool called_ = false;
};

}  // namespace tidemark
