#pragma once

#include <functional>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/loop/asio.h"

namespace tidemark {

// Owns every task of the daemon. A task that throws is logged, counted and started again after a
// pause that grows, or stops the daemon; a task that returns is done. Stopping cancels all of them
// and waits until the last frame is gone.
class Supervisor {
 public:
  using Body = std::function<Awaitable<void>()>;

  enum class Restart {
    always,     // what it does may heal by itself, and others do without it
    few_times,  // the daemon needs it: five failures in a row, each within a minute of its start,
                // stop it
    never,      // it cannot begin again half-way: the first failure stops the daemon
  };

  explicit Supervisor(asio::io_context& loop);
  ~Supervisor();
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  // Tasks of one group can be stopped together. `body` is called again for each start and owns what
  // it needs. The first word of `name` is what kind of task it is.
  void start(std::string group, std::string name, Body body, Restart restart = Restart::always);

  Awaitable<void> stop(std::string group);
  // For good: nothing is started any more.
  Awaitable<void> stop_all();

  std::uint64_t restarts() const { return restarts_; }
  std::vector<std::string> running() const;

  // Told of every start after a failure: the kind of task.
  std::function<void(std::string_view kind)> on_restart;
  // A task that the daemon needs will not run again.
  std::function<void()> on_hopeless;

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
