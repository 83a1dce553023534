#include "daemon/client/help.h"

#include <CLI/App.hpp>

#include "core/text/printable.h"

namespace tidemark::client {

namespace {

constexpr std::size_t column = 22;  // where explanations begin

std::string line(std::string left, const std::string& right) {
  left = "  " + left;
  if (display_width(left) + 2 > column) {
    return left + "\n" + std::string(column, ' ') + right + "\n";
  }
  return left + std::string(column - display_width(left), ' ') + right + "\n";
}

std::string option_line(const CLI::Option& option) {
  std::string names;
  for (const auto& name : option.get_snames()) {
    names += (names.empty() ? "-" : ", -") + name;
  }
  for (const auto& name : option.get_lnames()) {
    names += (names.empty() ? "--" : ", --") + name;
  }
  const bool takes_value = option.get_items_expected_max() > 0;
  return line(takes_value ? names + " " + option.get_type_name() : names, option.get_description());
}

std::string positionals(const CLI::App& app) {
  std::string text;
  for (const auto* option :
       app.get_options([](const CLI::Option* o) { return o->get_positional(); })) {
    text += line(option->get_name(true), option->get_description());
  }
  return text;
}

std::string options(const CLI::App& app) {
  std::string text;
  for (const auto* option :
       app.get_options([](const CLI::Option* o) { return !o->get_positional(); })) {
    text += option_line(*option);
  }
  return text;
}

std::string indented(std::string_view lines) {
  std::string text = "  ";
  for (const char c : lines) {
    text += c;
    if (c == '\n') {
      text += "  ";
    }
  }
  return text + "\n";
}

std::string commands_of(std::string_view group) {
  std::string text;
  for (const auto& command : all_commands()) {
    if (command.group == group) {
      text += line(std::string(command.name), std::string(command.sentence));
    }
  }
  return text;
}

}  // namespace

std::string root_help(const CLI::App& root) {
  std::string text = root.get_description() + "\n\nUsage: tidemark [OPTIONS] COMMAND ...\n";
  std::string_view shown;
  for (const auto& command : all_commands()) {
    if (!command.group.empty() && command.group != shown) {
      shown = command.group;
      text += "\n" + std::string(shown) + ":\n" + commands_of(shown);
    }
  }
  text += "\nOptions, before or behind the command:\n" + options(root);
  text +=
      "\nExamples:\n"
      "  tidemark status\n"
      "  tidemark matrix shop\n"
      "  tidemark findings shop/staging\n"
      "\n"
      "An environment is APP/ENV, or ENV where that is unambiguous; a migration is its id, its "
      "version, or how its\n"
      "id begins. tidemark COMMAND --help teaches a command by example.\n"
      "\n"
      "The socket: --socket, else TIDEMARK_SOCKET, else /run/tidemark/control.sock. NO_COLOR: no "
      "colours.\n"
      "Exit codes: 0 done, 1 failed, 2 usage or bad config, 3 with --exit-code: drifted or "
      "pending, 4 not allowed,\n"
      "5 the daemon cannot be reached, 6 the world changed, 130 interrupted.\n";
  return text;
}

std::string command_help(const Command& command, const CLI::App& app) {
  const auto name = "tidemark " + std::string(command.name);
  std::string text = name + ": " + std::string(command.sentence) + "\n\nUsage: " + name +
                     (command.usage.empty() ? "" : " ") + std::string(command.usage) + "\n\n";
  text += positionals(app);
  text += options(app);
  text += line("--json, --socket, --no-color", "as everywhere: tidemark --help");
  if (!command.examples.empty()) {
    text += "\nExamples:\n" + indented(command.examples);
  }
  return text;
}

}  // namespace tidemark::client
