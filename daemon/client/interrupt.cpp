#include "daemon/client/interrupt.h"

#include <unistd.h>

#include <atomic>
#include <csignal>
#include <string>

#include "daemon/client/outcome.h"

namespace tidemark::client {

namespace {

std::atomic<const char*> to_remove{nullptr};
static_assert(std::atomic<const char*>::is_always_lock_free, "a signal handler reads it");

// Only what POSIX allows in a signal handler.
void end_now(int) {
  if (const char* path = to_remove.load()) {
    ::unlink(path);
  }
  ::_exit(static_cast<int>(Exit::interrupted));
}

}  // namespace

void handle_signals() {
  std::signal(SIGPIPE, SIG_IGN);
  struct sigaction action {};
  action.sa_handler = end_now;
  ::sigaction(SIGINT, &action, nullptr);
}

void unfinished_file(const std::string& path) {
  static std::string kept;
  to_remove.store(nullptr);
  kept = path;
  to_remove.store(kept.empty() ? nullptr : kept.c_str());
}

}  // namespace tidemark::client
