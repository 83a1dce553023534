#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "daemon/client/command_line.h"

namespace tidemark::client {

// The scripts that complete commands, options and names, made from the tree of commands. Names of
// apps, environments, migrations and findings come from the daemon, through `tidemark __names`;
// without a daemon there are none.
std::string bash_completion(const CommandSyntax& root);
std::string zsh_completion(const CommandSyntax& root);
std::string fish_completion(const CommandSyntax& root);

// What may stand where a label stands.
struct Offer {
  std::vector<std::string> words;  // fixed ones
  std::vector<std::string> names;  // what to ask the daemon for: "environments", "apps", …
  bool files = false;
  bool empty() const { return words.empty() && names.empty() && !files; }
};

Offer offer_for(std::string_view label);

// Of the positionals of a command: one for each place, and whether the last goes on for ever.
struct Places {
  std::vector<Offer> offers;
  bool repeats = false;
};

Places places_of(const CommandSyntax& command);

// The options of all commands and their values, each once.
std::vector<OptionSyntax> all_options(const CommandSyntax& root);

// Those of one command and of all commands together, as they are typed.
std::vector<std::string> option_words(const CommandSyntax& root, const CommandSyntax& command);

// 'it'\''s'
std::string shell_quoted(std::string_view text);

// "a | b | c"
std::string alternatives(const std::vector<std::string>& words, std::string_view between);

}  // namespace tidemark::client
