#pragma once

#include <algorithm>
#include <future>
#include <span>
#include <thread>
#include <vector>

namespace tidemark {

// Gives `work` all of `items`, in parts: with many of them, on a few threads at once, of which the
// caller's is one. Throws what `work` threw once no thread is at it any more.
template <class T, class Work>
void in_parallel(std::span<T> items, Work work) {
  constexpr std::size_t worth_a_thread = 128;
  constexpr std::size_t threads_max = 4;
  const std::size_t cores = std::max(1U, std::thread::hardware_concurrency());
  const auto parts =
      std::clamp(items.size() / worth_a_thread, std::size_t{1}, std::min(cores, threads_max));
  const auto part = [&](std::size_t index) {
    const auto begin = items.size() * index / parts;
    return items.subspan(begin, items.size() * (index + 1) / parts - begin);
  };
  // Where no thread can be had, get() works off its part. A future waits for its thread when it
  // goes.
  std::vector<std::future<void>> others;
  for (std::size_t index = 1; index < parts; ++index) {
    others.push_back(std::async(std::launch::async | std::launch::deferred,
                                [&work, mine = part(index)] { work(mine); }));
  }
  work(part(0));
  for (auto& other : others) {
    other.get();
  }
}

}  // namespace tidemark
