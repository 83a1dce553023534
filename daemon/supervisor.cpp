#include "daemon/supervisor.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <vector>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include "adapters/log/log.h"

namespace tidemark {

struct Supervisor::Task {
  Task(asio::io_context& loop,
       std::string group_,
       std::string name_,
       Body body_,
       Restart restart_)
      : group(std::move(group_)),
        name(std::move(name_)),
        body(std::move(body_)),
        restart(restart_),
        ended(loop) {
    ended.expires_at(asio::steady_timer::time_point::max());
  }

  std::string group;
  std::string name;
  Body body;
  Restart restart;
  asio::cancellation_signal cancel;
  asio::steady_timer ended;  // cancelled when the last frame is gone
  bool running = true;
  bool stopping = false;
};

Supervisor::Supervisor(asio::io_context& loop) : loop_(loop) {}
Supervisor::~Supervisor() = default;

namespace {

constexpr std::chrono::milliseconds first_pause{100};
constexpr std::chrono::milliseconds longest_pause{30'000};
constexpr std::chrono::minutes ran_well{1};  // a failure after so long is not one in a row
constexpr unsigned few = 5;

bool is_hopeless(Supervisor::Restart restart, unsigned failures) {
  switch (restart) {
    case Supervisor::Restart::always:
      return false;
    case Supervisor::Restart::few_times:
      return failures >= few;
    case Supervisor::Restart::never:
      return true;
  }
  return true;
}

std::string what(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const std::exception& error) {
    return error.what();
  } catch (...) {
    return "an exception that is no std::exception";
  }
}

bool is_cancellation(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const boost::system::system_error& error) {
    return error.code() == asio::error::operation_aborted;
  } catch (...) {
    return false;
  }
}

}  // namespace

void Supervisor::start(std::string group, std::string name, Body body, Restart restart) {
  if (stopped_) {
    return;  // a reload that was under way when everything stopped
  }
  auto task =
      std::make_shared<Task>(loop_, std::move(group), std::move(name), std::move(body), restart);
  tasks_.push_back(task);
  auto finished = [this, task](std::exception_ptr failure) {
    if (failure && !is_cancellation(failure)) {
      log_error("task ended", {{"task", task->name}, {"error", what(failure)}});
    }
    task->running = false;
    task->ended.cancel();
    tasks_.remove(task);
  };
  asio::co_spawn(loop_,
                 keep_running(task),
                 asio::bind_cancellation_slot(task->cancel.slot(), std::move(finished)));
}

Awaitable<void> Supervisor::keep_running(std::shared_ptr<Task> task) {
  auto pause = first_pause;
  unsigned failures = 0;  // in a row
  asio::steady_timer timer(loop_);
  while (!task->stopping) {
    const auto started = std::chrono::steady_clock::now();
    std::exception_ptr failure;
    try {
      co_await task->body();
    } catch (...) {
      failure = std::current_exception();
    }
    // An operation that was aborted although nobody stops us is a failure like any other.
    if (!failure || task->stopping) {
      co_return;
    }
    if (std::chrono::steady_clock::now() - started > ran_well) {
      pause = first_pause;
      failures = 0;
    }
    if (is_hopeless(task->restart, ++failures)) {
      log_error("task failed and the daemon cannot go on without it",
                {{"task", task->name}, {"failures", failures}, {"error", what(failure)}});
      if (on_hopeless) {
        on_hopeless();
      }
      co_return;
    }
    ++restarts_;
    if (on_restart) {
      on_restart(std::string_view(task->name).substr(0, task->name.find(' ')));
    }
    log_error("task failed, starting it again",
              {{"task", task->name},
               {"error", what(failure)},
               {"pause_ms", std::to_string(pause.count())}});
    timer.expires_after(pause);
    co_await timer.async_wait(asio::use_awaitable);
    pause = std::min(pause * 2, longest_pause);
  }
}

Awaitable<void> Supervisor::stop(std::string group) {
  auto chosen = [group](const Task& task) { return task.group == group; };
  co_await stop_where(std::move(chosen));
}

Awaitable<void> Supervisor::stop_all() {
  stopped_ = true;
  auto chosen = [](const Task&) { return true; };
  co_await stop_where(std::move(chosen));
}

Awaitable<void> Supervisor::stop_where(std::function<bool(const Task&)> chosen) {
  std::vector<std::shared_ptr<Task>> stopping;
  for (const auto& task : tasks_) {
    if (chosen(*task)) {
      stopping.push_back(task);
    }
  }
  for (const auto& task : stopping) {
    task->stopping = true;
    task->cancel.emit(asio::cancellation_type::terminal);
  }
  // Also when whoever asked for it is cancelled: nobody may believe that they have ended before.
  const bool throws = co_await asio::this_coro::throw_if_cancelled();
  co_await asio::this_coro::throw_if_cancelled(false);
  for (const auto& task : stopping) {
    while (task->running) {
      co_await task->ended.async_wait(asio::as_tuple(asio::use_awaitable));
    }
  }
  co_await asio::this_coro::throw_if_cancelled(throws);
}

std::vector<std::string> Supervisor::running() const {
  std::vector<std::string> names;
  for (const auto& task : tasks_) {
    names.push_back(task->name);
  }
  return names;
}

}  // namespace tidemark
