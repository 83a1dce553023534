#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "daemon/client/commands.h"

namespace tidemark::client {

// The document as it came, harmless on a terminal, with a newline at its end.
void print_json(Console& console, std::string_view document);

// What most commands end with: the answer as JSON where --json was given, else as people read it;
// or why there is none.
Outcome<Exit> print(Session& session,
                    const Outcome<Document>& answer,
                    const std::function<std::string(const json::object&)>& render);

}  // namespace tidemark::client
