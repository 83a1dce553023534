#include "daemon/signals.h"

#include <unistd.h>

#include <csignal>
#include <initializer_list>
#include <string_view>

namespace tidemark {

namespace {

extern "C" void leave(int) {
  constexpr std::string_view words = "tidemarkd: told to stop before it had started\n";
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, words.data(), words.size());
  ::_exit(0);
}

void change_mask(int how, std::initializer_list<int> signals) {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int signal : signals) {
    ::sigaddset(&set, signal);
  }
  ::pthread_sigmask(how, &set, nullptr);
}

}  // namespace

void leave_when_told_to_stop() {
  change_mask(SIG_BLOCK, {SIGHUP});
  std::signal(SIGTERM, leave);
  std::signal(SIGINT, leave);
}

void hold_signals() {
  change_mask(SIG_BLOCK, {SIGHUP, SIGTERM, SIGINT});
}

void release_signals() {
  change_mask(SIG_UNBLOCK, {SIGHUP, SIGTERM, SIGINT});
}

}  // namespace tidemark
