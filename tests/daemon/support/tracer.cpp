#include "tests/daemon/support/tracer.h"

#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <map>
#include <stdexcept>
#include <utility>

#include <csignal>

namespace tidemark::test {

namespace {

constexpr std::size_t looked_at = 256;

// Of another process; as much as can be read.
std::string memory_of(pid_t process, std::uint64_t address, std::uint64_t size) {
  std::string bytes(std::min<std::uint64_t>(size, looked_at), '\0');
  const iovec here{bytes.data(), bytes.size()};
  const iovec there{reinterpret_cast<void*>(address), bytes.size()};
  const auto got = ::process_vm_readv(process, &here, 1, &there, 1, 0);
  bytes.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
  return bytes;
}

void go_on(pid_t thread, int signal = 0) {
  // It may have been killed meanwhile; then there is nothing to go on with.
  ::ptrace(PTRACE_SYSCALL, thread, nullptr, signal);
}

}  // namespace

bool Tracer::available() {
  static const bool can = [] {
    const pid_t child = ::fork();
    if (child == 0) {
      ::pause();
      ::_exit(0);
    }
    const bool seized = ::ptrace(PTRACE_SEIZE, child, nullptr, nullptr) == 0;
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, __WALL);
    if (!seized) {
      std::puts("SKIPPED: tests that kill at a system call, no process may follow another here");
    }
    return seized;
  }();
  return can;
}

Tracer::Tracer(pid_t process, Deadly deadly) : process_(process), deadly_(std::move(deadly)) {
  // Only the thread that attached may go on with what it follows.
  std::promise<void> attached;
  auto done = attached.get_future();
  thread_ = std::thread([this, &attached] { follow([&attached] { attached.set_value(); }); });
  done.get();
}

Tracer::~Tracer() {
  if (!ended_) {
    ::kill(process_, SIGKILL);
  }
  thread_.join();
}

// A thread that is made meanwhile is followed by whoever made it, if that is followed already: all
// are looked for until there is no new one.
bool Tracer::attach() {
  constexpr long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL;
  std::map<pid_t, bool> seen;
  for (bool more = true; more;) {
    more = false;
    const auto threads = "/proc/" + std::to_string(process_) + "/task";
    for (const auto& entry : std::filesystem::directory_iterator(threads)) {
      const pid_t thread = std::atoi(entry.path().filename().c_str());
      if (!seen[thread]) {
        seen[thread] = more = true;
        if (::ptrace(PTRACE_SEIZE, thread, nullptr, options) == 0) {
          ::ptrace(PTRACE_INTERRUPT, thread, nullptr, nullptr);
        } else if (thread == process_) {
          return false;
        }
      }
    }
  }
  return true;
}

void Tracer::follow(std::function<void()> attached) {
  const bool follows = attach();
  attached();
  while (follows) {
    // The end of the process itself is left for whoever started it.
    siginfo_t next{};
    constexpr int mine = __WALL | __WNOTHREAD;
    if (::waitid(P_ALL, 0, &next, WEXITED | WSTOPPED | WNOWAIT | mine) != 0) {
      break;
    }
    const bool over =
        next.si_code == CLD_EXITED || next.si_code == CLD_KILLED || next.si_code == CLD_DUMPED;
    if (over && next.si_pid == process_) {
      break;
    }
    int status = 0;
    if (::waitpid(next.si_pid, &status, mine) == next.si_pid && WIFSTOPPED(status)) {
      stopped(next.si_pid, status);
    }
  }
  ended_ = true;
}

void Tracer::stopped(pid_t thread, int status) {
  const int signal = WSTOPSIG(status);
  if (signal == (SIGTRAP | 0x80)) {
    at_call(thread);
    go_on(thread);
  } else if (status >> 16 != 0) {
    go_on(thread);  // it attached, or made a thread
  } else {
    go_on(thread, signal);
  }
}

void Tracer::at_call(pid_t thread) {
  __ptrace_syscall_info info{};
  if (::ptrace(PTRACE_GET_SYSCALL_INFO, thread, sizeof info, &info) <= 0) {
    return;
  }
  static thread_local std::map<pid_t, Call> entered;
  Call& call = entered[thread];
  if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
    call = Call{static_cast<long>(info.entry.nr)};
    if (call.number == SYS_sendto) {
      call.sent = memory_of(thread, info.entry.args[1], info.entry.args[2]);
    }
  } else {
    call.entered = false;
  }
  if (deadly_(call)) {
    ::kill(process_, SIGKILL);
  }
}

}  // namespace tidemark::test
