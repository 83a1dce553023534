#include "daemon/client/command_line.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>

#include "core/text/printable.h"
#include "daemon/client/help.h"
#include "daemon/client/suggest.h"
#include "daemon/client/syntax.h"

namespace tidemark::client {

namespace {

// CLI11's tree of commands, each with the Command that it was made from.
struct Tree {
  CLI::App root{
      "One ledger of every schema migration across all environments, and a watch for drift.",
      "tidemark"};
  std::vector<std::pair<const CLI::App*, const Command*>> known;

  const Command* command(const CLI::App* app) const {
    const auto found = std::find_if(
        known.begin(), known.end(), [&](const auto& entry) { return entry.first == app; });
    return found == known.end() ? nullptr : found->second;
  }
};

void plant(Tree& tree, Arguments& arguments) {
  auto& root = tree.root;
  root.require_subcommand(1);
  root.set_help_flag("-h,--help", "explain, with examples");
  root.set_version_flag(
      "--version", std::string("tidemark " TIDEMARK_VERSION), "print the version");
  root.add_option("--socket", arguments.socket, "the daemon's control socket")->type_name("PATH");
  root.add_flag("--json", arguments.json, "print the daemon's JSON");
  root.add_flag("--no-color", arguments.no_color, "no colours on the terminal");
  for (const auto& command : all_commands()) {
    const auto space = command.name.find(' ');
    auto* above = space == std::string_view::npos
                      ? &root
                      : root.get_subcommand(std::string(command.name.substr(0, space)));
    auto* app = above->add_subcommand(std::string(command.name.substr(space + 1)),
                                      std::string(command.sentence));
    app->group(std::string(command.group));
    app->fallthrough();  // --json and its like may stand before or behind the command
    app->set_help_flag("-h,--help", "explain, with examples");
    command.declare(*app, arguments);
    tree.known.emplace_back(app, &command);
  }
}

// The command that was named, as far down as it went; the root when there was none.
const CLI::App* named(const CLI::App* app) {
  while (!app->get_subcommands().empty()) {
    app = app->get_subcommands().front();
  }
  return app;
}

std::string called(const CLI::App* app) {
  return app->get_parent() == nullptr ? app->get_name()
                                      : called(app->get_parent()) + " " + app->get_name();
}

std::vector<std::string> option_names(const CLI::App* app) {
  std::vector<std::string> names;
  for (; app != nullptr; app = app->get_parent()) {
    for (const auto* option : app->get_options({})) {
      for (const auto& name : option->get_lnames()) {
        names.push_back("--" + name);
      }
    }
  }
  return names;
}

std::vector<std::string> command_names() {
  std::vector<std::string> names;
  for (const auto& command : all_commands()) {
    if (!command.group.empty() && command.name.find(' ') == std::string_view::npos) {
      names.emplace_back(command.name);
    }
  }
  return names;
}

// What is there and belongs to nothing: a mistyped command, a mistyped option, or one word too
// many.
std::string unknown_word(const CLI::App& root, const CLI::App* at) {
  const auto extras = root.remaining(true);
  const auto found = std::find_if(
      extras.begin(), extras.end(), [](const std::string& word) { return word != "--"; });
  const auto word = found == extras.end() ? std::string() : *found;
  const bool option = word.starts_with("-");
  const bool command = !option && at == &root;
  const auto* what = option    ? "there is no option '"
                     : command ? "there is no command '"
                               : "there is no place for '";
  auto text = what + printable(word) + "'";
  const auto names = command ? command_names() : option_names(at);
  if (option || command) {
    if (const auto meant = suggestion(word.substr(0, word.find('=')), names)) {
      text += "; did you mean " + *meant + "?";
    }
  }
  return text;
}

Outcome<CommandLine> wrong(const CLI::App* at, const std::string& what) {
  return stop(Exit::usage, what + "\n  " + called(at) + " --help explains it");
}

}  // namespace

Outcome<CommandLine> parse_command_line(std::span<const std::string> words) {
  CommandLine line;
  Tree tree;
  plant(tree, line.arguments);
  auto& root = tree.root;
  std::vector<std::string> backwards(words.rbegin(), words.rend());  // as CLI11 wants them
  if (!words.empty() && words.front() == "help") {
    backwards.pop_back();
    backwards.insert(backwards.begin(), "--help");
  }
  if (backwards.empty()) {
    return wrong(&root, "no command was given");
  }
  try {
    root.parse(std::move(backwards));
  } catch (const CLI::CallForHelp&) {
    const auto* command = tree.command(named(&root));
    line.text = command == nullptr ? root_help(root) : command_help(*command, *named(&root));
    return line;
  } catch (const CLI::CallForVersion& version) {
    line.text = std::string(version.what()) + "\n";
    return line;
  } catch (const CLI::ExtrasError&) {
    return wrong(named(&root), unknown_word(root, named(&root)));
  } catch (const CLI::RequiredError& error) {
    if (named(&root) == &root) {
      const auto extras = root.remaining(true);
      return wrong(&root, extras.empty() ? "no command was given" : unknown_word(root, &root));
    }
    return wrong(named(&root), printable(error.what()));
  } catch (const CLI::ParseError& error) {
    return wrong(named(&root), printable(error.what()));
  }
  const auto* command = tree.command(named(&root));
  const auto problem = command->check == nullptr ? std::string() : command->check(line.arguments);
  if (!problem.empty()) {
    return wrong(named(&root), problem);
  }
  line.run = command->run;
  return line;
}

namespace {

CommandSyntax syntax_of(const CLI::App& app) {
  CommandSyntax syntax;
  syntax.name = app.get_name();
  syntax.sentence = app.get_description();
  for (const auto* option : app.get_options({})) {
    if (option->get_positional()) {
      syntax.positionals.push_back(option->get_name(true));
      syntax.last_repeats = option->get_items_expected_max() > 1;
      continue;
    }
    OptionSyntax entry{{},
                       option->get_items_expected_max() == 0 ? "" : option->get_type_name(),
                       option->get_description()};
    for (const auto& name : option->get_snames()) {
      entry.names.push_back("-" + name);
    }
    for (const auto& name : option->get_lnames()) {
      entry.names.push_back("--" + name);
    }
    syntax.options.push_back(std::move(entry));
  }
  for (const auto* below :
       app.get_subcommands([](const CLI::App* sub) { return !sub->get_group().empty(); })) {
    syntax.below.push_back(syntax_of(*below));
  }
  return syntax;
}

}  // namespace

CommandSyntax command_syntax() {
  Arguments unused;
  Tree tree;
  plant(tree, unused);
  return syntax_of(tree.root);
}

}  // namespace tidemark::client
