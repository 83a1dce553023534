#pragma once

#include <string>

#include "daemon/client/syntax.h"

namespace tidemark::client {

// What --help prints: a sentence, how it is called, its options, examples.
std::string root_help(const CLI::App& root);
std::string command_help(const Command& command, const CLI::App& app);

}  // namespace tidemark::client
