#pragma once

#include <list>
#include <optional>
#include <utility>

#include <boost/asio/steady_timer.hpp>

#include "adapters/loop/asio.h"

namespace tidemark {

// Lets one coroutine in at a time, in the order in which they came. For one loop on one thread.
class Gate {
 public:
  class Turn {
   public:
    explicit Turn(Gate& gate) : gate_(&gate) {}
    Turn(Turn&& other) noexcept : gate_(std::exchange(other.gate_, nullptr)) {}
    Turn& operator=(Turn&&) = delete;
    ~Turn() {
      if (gate_ != nullptr) {
        gate_->leave();
      }
    }

   private:
    Gate* gate_;
  };

  // When nobody is in.
  std::optional<Turn> try_enter();

  // Throws operation_aborted when the waiting coroutine is cancelled.
  Awaitable<Turn> enter();

 private:
  void leave();

  bool taken_ = false;
  std::list<asio::steady_timer*> waiting_;  // there are thousands of gates, and nobody waits
};

}  // namespace tidemark
