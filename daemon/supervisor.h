#pragma once

#include <functional>
#include <list>
#include <memory>
#include <string>

#include "adapters/loop/asio.h"

namespace tidemark {

// Owns every task of the daemon. A task that throws is logged, counted and started again after a
// pause that grows; a task that returns is done. Stopping cancels all of them and waits until the
// last frame is gone.
class Supervisor {
 public:
  using Body = std::function<Awaitable<void>()>;

  explicit Supervisor(asio::io_context& loop);
  ~Supervisor();
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  // Tasks of one group can be stopped together. `body` is called again for each start and owns what
  // it needs.
  void start(std::string group, std::string name, Body body);

  Awaitable<void> stop(std::string group);
  // For good: nothing is started any more.
  Awaitable<void> stop_all();

  std::uint64_t restarts() const { return restarts_; }

 private:
  struct Task;
  Awaitable<void> keep_running(std::shared_ptr<Task> task);
  Awaitable<void> stop_where(std::function<bool(const Task&)> chosen);

  asio::io_context& loop_;
  std::list<std::shared_ptr<Task>>
      tasks_;  // shared: the list and the running frame; either may end first
  std::uint64_t restarts_ = 0;
  bool stopped_ = false;
};

}  // namespace tidemark
