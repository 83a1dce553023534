#include "daemon/client/terminal_console.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <iostream>
#include <string>

namespace tidemark::client {

namespace {

// False when not all of it could be written; errno says why.
bool write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const auto written = ::write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) {
      continue;
    }
    if (written < 0) {
      return false;
    }
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

std::string_view variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::size_t terminal_width() {
  constexpr std::size_t usual = 80;
  winsize size{};
  return ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : usual;
}

}  // namespace

TerminalConsole::TerminalConsole(bool no_color)
    : no_color_(no_color || !variable("NO_COLOR").empty() || variable("TERM") == "dumb") {}

Style TerminalConsole::style() const {
  Style style;
  style.terminal = ::isatty(STDOUT_FILENO) == 1;
  style.colour = style.terminal && !no_color_;
  style.width = terminal_width();
  style.now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  return style;
}

bool TerminalConsole::out(std::string_view text) {
  if (open_ && !write_all(STDOUT_FILENO, text)) {
    open_ = false;
    if (errno != EPIPE) {
      written_ = false;
      err("tidemark: standard output: " + std::string(std::strerror(errno)) + "\n");
    }
  }
  return open_;
}

void TerminalConsole::err(std::string_view text) {
  (void)write_all(STDERR_FILENO, text);
}

bool TerminalConsole::can_ask() const {
  return ::isatty(STDIN_FILENO) == 1 && ::isatty(STDERR_FILENO) == 1;
}

std::optional<std::string> TerminalConsole::ask(std::string_view question) {
  err(question);
  std::string line;
  if (!std::getline(std::cin, line)) {
    return std::nullopt;
  }
  return line;
}

}  // namespace tidemark::client
