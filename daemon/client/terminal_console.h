#pragma once

#include <cstdlib>
#include <optional>

#include "daemon/client/console.h"

namespace tidemark::client {

// Standard input, output and error of the process.
class TerminalConsole : public Console {
 public:
  // `no_color`: from the command line; NO_COLOR and TERM=dumb say the same.
  explicit TerminalConsole(bool no_color);

  Style style() const override;
  bool out(std::string_view text) override;
  void err(std::string_view text) override;
  bool can_ask() const override;
  std::optional<std::string> ask(std::string_view question) override;

  // False when something could not be written for another reason than that nobody reads any more.
  bool written() const { return written_; }

 private:
  bool no_color_;
  bool open_ = true;
  bool written_ = true;
};

}  // namespace tidemark::client
