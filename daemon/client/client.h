#pragma once

#include <span>
#include <string>

#include "daemon/client/command_line.h"
#include "daemon/client/console.h"
#include "daemon/client/transport.h"

namespace tidemark::client {

// --socket, else $TIDEMARK_SOCKET, else where the packages put it.
std::string socket_path(const Arguments& arguments, const char* from_environment);

// Says on the error output why a command ends early, and what to exit with.
Exit report(Console& console, const Failure& failure);

// Carries out what the command line says, against this daemon and this console.
Exit run(const CommandLine& line,
         Transport& transport,
         const std::string& socket,
         Console& console);

}  // namespace tidemark::client
