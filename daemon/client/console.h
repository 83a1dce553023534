#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/time.h"

namespace tidemark::client {

// How things are shown: what the output is connected to, and when "now" is.
struct Style {
  bool terminal =
      false;  // people read it: ages beside times, lines no longer than the terminal is wide
  bool colour = false;     // only on a terminal
  std::size_t width = 80;  // of the terminal
  TimePoint now{};
};

// The three ends of the program. Data goes to `out`, everything else to `err`.
class Console {
 public:
  virtual ~Console() = default;

  virtual Style style() const = 0;

  // False when nobody reads any more (the pipe is closed, the disk is full): stop quietly.
  virtual bool out(std::string_view text) = 0;
  virtual void err(std::string_view text) = 0;

  // Asks the person on the terminal for a line. Empty when there is nobody to ask, or no answer.
  virtual bool can_ask() const = 0;
  virtual std::optional<std::string> ask(std::string_view question) = 0;
};

}  // namespace tidemark::client
