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

  // Nobody is in, though somebody may be on the way: what does not wait can be done at once. Who
  // stood in line for that would make all stand in line who come after him, for ever if there are
  // enough of them.
  bool vacant() const { return !taken_ || called_; }

 private:
  void leave();

  struct Waiter {
    asio::steady_timer timer;
    bool called = false;
  };

  bool taken_ = false;
  bool called_ = false;         // by somebody who was called and has not come yet
  std::list<Waiter*> waiting_;  // there are thousands of gates, and nobody waits
};

}  // namespace tidemark
