#pragma once

#include <span>
#include <string>
#include <string_view>

#include "daemon/client/arguments.h"
#include "daemon/client/commands.h"

namespace CLI {
class App;
}

namespace tidemark::client {

// One command: how it is called, how it is taught, what it does. `name` is "audit verify" for a
// command below another, which stands before it.
struct Command {
  std::string_view name;
  std::string_view group;  // heading in the help; empty: not shown
  std::string_view sentence;
  std::string_view usage;     // what follows the name
  std::string_view examples;  // one a line
  void (*declare)(CLI::App& app, Arguments& arguments);
  std::string (*check)(
      const Arguments& arguments);  // what is wrong with them together; nullptr: nothing can be
  Outcome<Exit> (*run)(Session& session);
};

std::span<const Command> all_commands();

}  // namespace tidemark::client
