#pragma once

#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

#include <boost/asio/async_result.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "adapters/loop/asio.h"

namespace tidemark {

// A few threads for what blocks or burns: hashing, SQLite, connect steps, DNS. Work goes there and
// its answer comes back to the loop; nothing else ever runs beside the loop.
class Pool {
 public:
  explicit Pool(std::size_t threads) : threads_(threads) {}
  ~Pool() { threads_.join(); }

  // Runs `work` on the pool and resumes the caller on its own executor with what it returned.
  // `work` owns all that it touches, must not throw, and is never abandoned half-way: a cancelled
  // caller still waits for it.
  template <class Work>
  Awaitable<std::invoke_result_t<Work>> run(Work work) {
    using Answer = std::invoke_result_t<Work>;
    auto executor = co_await asio::this_coro::executor;
    // Not bound to the caller's cancellation: the work's owner must be alive for as long as the
    // work runs.
    auto start = [this, executor]<class Handler>(Handler handler, Work job) {
      auto shared = std::make_shared<Handler>(std::move(handler));
      asio::post(threads_, [executor, shared, job = std::move(job)]() mutable {
        auto answer = std::make_shared<Answer>(job());
        asio::post(executor, [shared, answer] { std::move (*shared)(std::move(*answer)); });
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
    asio::post(threads_, std::move(work));
  }

 private:
  asio::thread_pool threads_;
};

}  // namespace tidemark
