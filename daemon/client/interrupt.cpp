#include "daemon/client/interrupt.h"

#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstring>
#include <string>

#include "daemon/client/outcome.h"

namespace tidemark::client {

namespace {

std::atomic<const char*> to_remove{nullptr};
std::atomic<const char*> to_say{nullptr};
static_assert(std::atomic<const char*>::is_always_lock_free, "a signal handler reads it");

// The handler may come between any two of these steps.
void hand_over(const std::string& text, std::string& kept, std::atomic<const char*>& to) {
  to.store(nullptr);
  kept = text;
  to.store(kept.empty() ? nullptr : kept.c_str());
}

// Only what POSIX allows in a signal handler.
void end_now(int) {
  if (const char* path = to_remove.load()) {
    ::unlink(path);
  }
  if (const char* text = to_say.load()) {
    (void)!::write(STDERR_FILENO, text, std::strlen(text));
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
  hand_over(path, kept, to_remove);
}

void last_words(const std::string& text) {
  static std::string kept;
  hand_over(text, kept, to_say);
}

}  // namespace tidemark::client
