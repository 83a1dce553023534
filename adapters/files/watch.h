#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "adapters/files/watch_plan.h"
#include "adapters/loop/asio.h"

namespace tidemark {

// Says that something below an app's roots, or on the way to them, may have changed. Only a hint:
// it may be wrong, and where `polling()` is true it may stay silent, so that the directory has to
// be looked at from time to time.
//
// Each scan is given a plan() and adopt() takes it over: what this scan passed through is watched
// from then on.
class DirectoryWatch {
 public:
  using Clock = std::chrono::steady_clock;

  explicit DirectoryWatch(asio::any_io_executor executor);
  ~DirectoryWatch();
  DirectoryWatch(const DirectoryWatch&) = delete;
  DirectoryWatch& operator=(const DirectoryWatch&) = delete;

  std::shared_ptr<WatchPlan> plan();
  void adopt(const WatchPlan& plan);

  // Waits for an event. False when it is `until`, or sooner when wake() was called or an event did
  // not concern us.
  Awaitable<bool> changed(Clock::time_point until);
  void wake();

  // What came without waiting for it; true when it concerns us.
  bool drain();

  bool polling() const { return !trouble_.empty(); }
  const std::string& why_polling() const { return trouble_; }

 private:
  struct Waiting;

  void open();
  bool concerns_us(std::uint32_t mask, int watch, std::string_view name);

  std::unique_ptr<Waiting> waiting_;
  std::shared_ptr<const FileDescriptor> inotify_;
  std::set<int> folders_;
  std::map<int, std::set<std::string>> steps_;
  std::string no_inotify_;
  std::string trouble_;
};

}  // namespace tidemark
