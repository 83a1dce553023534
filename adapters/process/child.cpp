#include "adapters/process/child.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

extern char** environ;

namespace tidemark {

namespace {

std::string reason(int error) {
  return std::generic_category().message(error);
}

class SpawnPlan {
 public:
  explicit SpawnPlan(const ChildSetup& setup) {
    ::posix_spawn_file_actions_init(&actions_);
    open_as(STDIN_FILENO, setup.input, O_RDONLY);
    open_as(STDOUT_FILENO, setup.output, O_WRONLY);
    open_as(STDERR_FILENO, -1, O_WRONLY);
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

  int spawn(pid_t& child, std::vector<std::string>& arguments, bool environment) const {
    std::vector<char*> argv;
    for (auto& argument : arguments) {
      argv.push_back(argument.data());
    }
    argv.push_back(nullptr);
    char* nothing = nullptr;
    return ::posix_spawn(&child,
                         argv.front(),
                         &actions_,
                         &attributes_,
                         argv.data(),
                         environment ? environ : &nothing);
  }

 private:
  void open_as(int standard, int fd, int how) {
    if (fd >= 0) {
      ::posix_spawn_file_actions_adddup2(&actions_, fd, standard);
    } else {
      ::posix_spawn_file_actions_addopen(&actions_, standard, "/dev/null", how, 0);
    }
  }

  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

}  // namespace

Result<Child> Child::start(std::vector<std::string> arguments, const ChildSetup& setup) {
  pid_t pid = -1;
  if (const int error = SpawnPlan(setup).spawn(pid, arguments, setup.environment); error != 0) {
    const bool missing = error == ENOENT || error == EACCES;
    return fail(missing ? Errc::not_found : Errc::retry, "cannot be started: " + reason(error));
  }
  Child child(pid);
  if (child.end_descriptor() < 0) {
    return fail(Errc::internal, "cannot be waited for: " + reason(errno));
  }
  return child;
}

// glibc 2.36 declares pidfd_open() without C linkage, so C++ cannot call it.
Child::Child(pid_t pid) : pid_(pid), ended_(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))) {}

Child::Child(Child&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), ended_(std::move(other.ended_)) {}

Child::~Child() {
  if (pid_ > 0) {
    ::kill(-pid_, SIGKILL);  // not reaped yet, so the number still is this child's
    reap();
  }
}

int Child::reap() {
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  return status;
}

std::string ending(int status) {
  if (WIFSIGNALED(status)) {
    return "was ended by signal " + std::to_string(WTERMSIG(status));
  }
  return "ended with status " + std::to_string(WEXITSTATUS(status));
}

}  // namespace tidemark
