#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <stop_token>
#include <type_traits>
#include <utility>

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "adapters/loop/asio.h"

namespace tidemark {

// Work that may take long has a std::stop_token as its parameter, and looks at it now and then.
template <class Work>
concept Interruptible = std::is_invocable_v<Work&, std::stop_token>;

template <class Work>
auto run_work(Work& work, const std::stop_token& stop) {
  if constexpr (Interruptible<Work>) {
    return work(stop);
  } else {
    return work();
  }
}

// A few threads for what blocks or burns: hashing, SQLite, connect steps, DNS. Work goes there and
// its answer comes back to the loop; nothing else ever runs beside the loop.
class Pool {
 public:
  explicit Pool(std::size_t threads) : threads_(threads) {}
  ~Pool() { threads_.join(); }

  // Runs `work` on the pool and resumes the caller on its own executor with what it returned.
  // `work` owns all that it touches, must not throw, and is never abandoned half-way: a cancelled
  // caller still waits for it. Interruptible work is asked to end when its caller is cancelled, and
  // returns something all the same.
  template <class Work>
  Awaitable<decltype(run_work(std::declval<Work&>(), std::stop_token()))> run(Work work) {
    using Answer = decltype(run_work(work, std::stop_token()));
    auto executor = co_await asio::this_coro::executor;
    auto start = [this, executor]<class Handler>(Handler handler, Work job) {
      std::stop_source stop;
      auto slot = asio::get_associated_cancellation_slot(handler);
      if (slot.is_connected()) {
        slot.assign([stop](asio::cancellation_type) mutable { stop.request_stop(); });
      }
      auto shared = std::make_shared<Handler>(std::move(handler));
      ++busy_;
      asio::post(threads_, [this, executor, shared, slot, stop, job = std::move(job)]() mutable {
        auto answer = std::make_shared<Answer>(run_work(job, stop.get_token()));
        --busy_;
        asio::post(executor, [shared, slot, answer]() mutable {
          if (slot.is_connected()) {
            slot.clear();
          }
          std::move (*shared)(std::move(*answer));
        });
      });
    };
    auto answer = co_await asio::async_initiate<const asio::use_awaitable_t<>, void(Answer)>(
        std::move(start), asio::use_awaitable, std::move(work));
    co_return answer;
  }

  // Runs `work` on the pool for a caller that may leave before it is done. It owns all that it
  // touches, must not throw, and gives its answer by posting it to the loop, which outlives the
  // pool.
  template <class Work>
  void start(Work work) {
    ++busy_;
    asio::post(threads_, [this, work = std::move(work)]() mutable {
      work();
      --busy_;
    });
  }

  // What was given to it and is not done yet.
  std::size_t busy() const { return busy_; }

 private:
  std::atomic<std::size_t> busy_ = 0;
  asio::thread_pool threads_;
};

}  // namespace tidemark
