#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/client/arguments.h"
#include "daemon/client/commands.h"
#include "daemon/client/outcome.h"

namespace tidemark::client {

struct CommandLine {
  Arguments arguments;
  Outcome<Exit> (*run)(Session& session) = nullptr;
  std::string text;  // --help or --version was asked for: print this, run nothing
};

// `words` without the program's name. A failure says what is wrong with them, and what may have
// been meant.
Outcome<CommandLine> parse_command_line(std::span<const std::string> words);

// The same tree of commands for the completion scripts. A label such as "json|csv" names the
// choices; the others say what kind of thing is meant: APP/ENV, MIGRATION, FILE, TIME, …
struct OptionSyntax {
  std::vector<std::string> names;  // "-o", "--output"
  std::string label;               // of its value; empty for a flag
  std::string sentence;
};

struct CommandSyntax {
  std::string name;
  std::string sentence;
  std::vector<std::string> positionals;  // labels
  bool last_repeats = false;             // the last positional may be given more than once
  std::vector<OptionSyntax> options;
  std::vector<CommandSyntax> below;
};

CommandSyntax command_syntax();

}  // namespace tidemark::client
