#pragma once

#include <chrono>
#include <memory>
#include <utility>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "adapters/loop/asio.h"
#include "adapters/loop/pool.h"
#include "adapters/postgres/failure.h"

namespace tidemark {

struct Deadline {
  std::chrono::milliseconds within;
  std::chrono::steady_clock::time_point at = std::chrono::steady_clock::now() + within;
};

// Why a wait ended.
enum class Woke { ready, late, cancelled };

// The failure that late and cancelled are.
ReadFailure not_in_time(Woke woke, Deadline deadline);

enum class Interest { read, write, either };

Awaitable<Woke> wait_ready(asio::posix::stream_descriptor& socket,
                           Interest interest,
                           Deadline deadline);

// Something that runs on a pool thread, awaited by one coroutine that may leave before it is done.
class PoolStep {
 public:
  PoolStep(const asio::any_io_executor& executor, Deadline deadline)
      : timer_(executor, deadline.at) {}
  void finish() {
    finished_ = true;
    timer_.cancel();
  }
  Awaitable<Woke> wait();

 private:
  asio::steady_timer timer_;
  bool finished_ = false;
};

// Runs `job` on the pool. Unless Woke::ready, the job may be running still: it owns all that it
// touches.
template <class Job>
Awaitable<Woke> run_step(Pool& pool, Job job, Deadline deadline) {
  auto executor = co_await asio::this_coro::executor;
  auto step = std::make_shared<PoolStep>(executor, deadline);
  pool.start([executor, step, job = std::move(job)]() mutable {
    job();
    // Moved: a timer must not die on this thread.
    asio::post(executor, [step = std::move(step)] { step->finish(); });
  });
  const auto woke = co_await step->wait();
  co_return woke;
}

}  // namespace tidemark
