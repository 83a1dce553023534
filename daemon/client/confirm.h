#pragma once

#include <string>

#include "daemon/client/commands.h"

namespace tidemark::client {

// Nothing that reaches far is done on a slip of the finger. `what` says what is about to be done;
// --yes is an answer that was given before, and the only one where there is no terminal.

// The environment's name is typed: for what destroys, or cannot be taken back.
Outcome<void> confirmed(Session& session,
                        const EnvironmentRef& environment,
                        const std::string& what);

// A "y" will do.
Outcome<void> agreed(Session& session, const std::string& what, const std::string& question);

}  // namespace tidemark::client
