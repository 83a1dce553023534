#include "adapters/config/command.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <optional>
#include <system_error>

#include "adapters/config/descriptor.h"

extern char** environ;

namespace tidemark {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::int64_t longest_wait_ms = 100;  // then: is the answer still wanted?

std::string reason(int error) {
  return std::generic_category().message(error);
}

// What the child starts with: its own process group, no signal blocked or ignored, output into the
// pipe.
class SpawnPlan {
 public:
  explicit SpawnPlan(int output) {
    ::posix_spawn_file_actions_init(&actions_);
    ::posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_adddup2(&actions_, output, STDOUT_FILENO);
    ::posix_spawn_file_actions_addopen(&actions_, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    ::posix_spawn_file_actions_addclosefrom_np(&actions_, STDERR_FILENO + 1);
    ::posix_spawnattr_init(&attributes_);
    sigset_t none;
    sigset_t all;
    ::sigemptyset(&none);
    ::sigfillset(&all);
    ::posix_spawnattr_setsigmask(&attributes_, &none);
    ::posix_spawnattr_setsigdefault(&attributes_, &all);
    ::posix_spawnattr_setpgroup(&attributes_, 0);
    ::posix_spawnattr_setflags(
        &attributes_, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;
  ~SpawnPlan() {
    ::posix_spawn_file_actions_destroy(&actions_);
    ::posix_spawnattr_destroy(&attributes_);
  }

  int spawn(pid_t& child, std::vector<std::string> arguments) const {
    std::vector<char*> argv;
    for (auto& argument : arguments) {
      argv.push_back(argument.data());
    }
    argv.push_back(nullptr);
    return ::posix_spawn(&child, argv.front(), &actions_, &attributes_, argv.data(), environ);
  }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

// A running child that is reaped in any case, and killed with its group when it was not seen to
// end.
class Child {
 public:
  // glibc 2.36 declares pidfd_open() without C linkage, so C++ cannot call it.
  explicit Child(pid_t pid)
      : pid_(pid), ended_(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))) {}
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (pid_ > 0) {
      ::kill(-pid_, SIGKILL);  // not reaped yet, so the number still is this child's
      reap();
    }
  }

  int end_descriptor() const { return ended_.get(); }

  int reap() {
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    return status;
  }

 private:
  pid_t pid_;
  Descriptor ended_;
};

// Takes what is in the pipe now. False: nothing more can come.
bool drain(int pipe, std::string& output, std::size_t bytes_max) {
  std::array<char, 4096> buffer{};
  while (output.size() <= bytes_max) {
    const auto got = ::read(pipe, buffer.data(), buffer.size());
    if (got > 0) {
      output.append(buffer.data(), static_cast<std::size_t>(got));
    } else if (got == 0) {
      return false;
    } else if (errno != EINTR) {
      return errno == EAGAIN;
    }
  }
  return true;
}

// Until the child has ended. What it left running may hold the pipe open: nobody waits for that.
std::optional<Error> collect(const Child& child,
                             int pipe,
                             Clock::time_point deadline,
                             std::size_t bytes_max,
                             const std::stop_token& stop,
                             std::string& output) {
  std::array<pollfd, 2> waiting{{{child.end_descriptor(), POLLIN, 0}, {pipe, POLLIN, 0}}};
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) {
      return Error{Errc::retry, "did not end in time and was killed"};
    }
    if (stop.stop_requested()) {
      return Error{Errc::cancelled, "was killed: nobody waits for it any more"};
    }
    const auto slice = std::min<std::int64_t>(left, longest_wait_ms);
    if (::poll(waiting.data(), waiting.size(), static_cast<int>(slice)) < 0 && errno != EINTR) {
      return Error{Errc::internal, "cannot be waited for: " + reason(errno)};
    }
    const bool ended = waiting[0].revents != 0;
    if (waiting[1].fd >= 0 && !drain(pipe, output, bytes_max)) {
      waiting[1].fd = -1;  // poll() skips it
    }
    if (output.size() > bytes_max) {
      return Error{Errc::invalid, "printed more than " + std::to_string(bytes_max) + " bytes"};
    }
    if (ended) {
      return std::nullopt;
    }
  }
}

std::string ending(int status) {
  if (WIFSIGNALED(status)) {
    return "was ended by signal " + std::to_string(WTERMSIG(status));
  }
  return "ended with status " + std::to_string(WEXITSTATUS(status));
}

}  // namespace

Result<std::string> run_command(const std::vector<std::string>& arguments,
                                std::chrono::milliseconds time_max,
                                std::size_t bytes_max,
                                const std::stop_token& stop) {
  const auto deadline = Clock::now() + time_max;
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return fail(Errc::retry, "cannot be started: " + reason(errno));
  }
  const Descriptor reading(ends[0]);
  Descriptor writing(ends[1]);
  ::fcntl(reading.get(), F_SETFL, O_NONBLOCK);
  pid_t pid = -1;
  if (const int error = SpawnPlan(writing.get()).spawn(pid, arguments); error != 0) {
    const bool missing = error == ENOENT || error == EACCES;
    return fail(missing ? Errc::not_found : Errc::retry, "cannot be started: " + reason(error));
  }
  Child child(pid);
  if (child.end_descriptor() < 0) {
    return fail(Errc::internal, "cannot be waited for: " + reason(errno));
  }
  writing.close();
  std::string output;
  if (auto error = collect(child, reading.get(), deadline, bytes_max, stop, output)) {
    return std::unexpected(*std::move(error));
  }
  if (const int status = child.reap(); status != 0) {
    return fail(Errc::retry, ending(status));
  }
  return output;
}

}  // namespace tidemark
