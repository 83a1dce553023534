#include "adapters/files/watch.h"

#include <fcntl.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "adapters/files/system_error.h"

namespace tidemark {

struct DirectoryWatch::Waiting {
  explicit Waiting(asio::any_io_executor executor) : timer(executor), readable(executor) {}

  Awaitable<void> for_time() { co_await timer.async_wait(asio::as_tuple(asio::use_awaitable)); }

  Awaitable<void> for_events() {
    co_await readable.async_wait(asio::posix::stream_descriptor::wait_read,
                                 asio::as_tuple(asio::use_awaitable));
  }

  asio::steady_timer timer;
  asio::posix::stream_descriptor
      readable;  // owns a duplicate, so that plans on the pool never see a closed number
};

DirectoryWatch::DirectoryWatch(asio::any_io_executor executor)
    : waiting_(std::make_unique<Waiting>(std::move(executor))) {
  open();
}

DirectoryWatch::~DirectoryWatch() = default;

void DirectoryWatch::open() {
  FileDescriptor fd(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  if (!fd) {
    no_inotify_ = errno == EMFILE
                      ? "the limit fs.inotify.max_user_instances is reached, or that of open files"
                      : "inotify: " + error_text(errno);
    return;
  }
  if (::access("/proc/self/fd", X_OK) != 0) {
    no_inotify_ = "folders are watched through /proc, which is not mounted";
    return;
  }
  const int duplicate = ::fcntl(fd.get(), F_DUPFD_CLOEXEC, 0);
  if (duplicate < 0) {
    no_inotify_ = "inotify: " + error_text(errno);
    return;
  }
  waiting_->readable.assign(duplicate);
  inotify_ = std::make_shared<const FileDescriptor>(std::move(fd));
  no_inotify_.clear();
}

std::shared_ptr<WatchPlan> DirectoryWatch::plan() {
  if (!inotify_) {
    open();
  }
  return std::make_shared<WatchPlan>(inotify_);
}

void DirectoryWatch::adopt(const WatchPlan& plan) {
  const auto drop_unless_planned = [&](int watch) {
    if (!plan.holds(watch)) {
      ::inotify_rm_watch(inotify_->get(),
                         watch);  // fails when the folder is gone and its watch with it
    }
  };
  for (const int watch : folders_) {
    drop_unless_planned(watch);
  }
  for (const auto& [watch, names] : steps_) {
    drop_unless_planned(watch);
  }
  folders_ = plan.folders();
  steps_ = plan.steps();
  trouble_ = no_inotify_.empty() ? plan.trouble() : no_inotify_;
}

Awaitable<bool> DirectoryWatch::changed(Clock::time_point until) {
  using namespace asio::experimental::awaitable_operators;
  if (drain()) {
    co_return true;
  }
  waiting_->timer.expires_at(until);
  if (inotify_) {
    co_await (waiting_->for_events() || waiting_->for_time());
  } else {
    co_await waiting_->for_time();
  }
  co_return drain();
}

void DirectoryWatch::wake() {
  waiting_->timer.cancel();
}

bool DirectoryWatch::drain() {
  if (!inotify_) {
    return false;
  }
  bool concerned = false;
  alignas(inotify_event) std::array<char, 64 * 1024> buffer;
  for (;;) {
    const auto length = ::read(inotify_->get(), buffer.data(), buffer.size());
    if (length <= 0) {
      return concerned;
    }
    const char* const end = buffer.data() + length;
    for (const char* at = buffer.data(); at < end;) {
      inotify_event event{};
      std::memcpy(&event, at, sizeof event);
      const char* name = at + sizeof event;
      concerned |= concerns_us(
          event.mask, event.wd, event.len > 0 ? std::string_view(name) : std::string_view());
      at = name + event.len;
    }
  }
}

bool DirectoryWatch::concerns_us(std::uint32_t mask, int watch, std::string_view name) {
  if ((mask & IN_Q_OVERFLOW) != 0) {
    return true;  // events were lost, and with them what changed
  }
  if (folders_.contains(watch)) {
    return true;
  }
  const auto step = steps_.find(watch);
  if (step == steps_.end()) {
    return false;  // dropped, with events still under way
  }
  return name.empty() || step->second.contains(std::string(name));
}

}  // namespace tidemark
