#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/environment/environment.h"
#include "daemon/client/fields.h"
#include "daemon/client/outcome.h"

namespace tidemark::client {

// What people type, made exact with the daemon's answers. A failure says what was meant to be
// typed.

// APP/ENV, or ENV where one app only has such an environment. APP/ENV itself is left for the daemon
// to judge.
Outcome<EnvironmentRef> environment_named(std::string_view text, const json::object& status);

// Which part of the world is meant: everything, one app, or one environment.
struct Scope {
  std::string app;
  std::string environment;
  bool covers(std::string_view other_app, std::string_view other_environment) const {
    return (app.empty() || app == other_app) &&
           (environment.empty() || environment == other_environment);
  }
};

// "" | APP | APP/ENV | ENV. An app wins over an environment of the same name.
Outcome<Scope> scope_named(std::string_view text, const json::object& status);

// The id of the migration that is meant, for the daemon: by its id, else its key or version, else
// an unambiguous beginning of its id.
Outcome<std::string> migration_named(std::string_view text, const json::object& matrix);

// The ids of what was typed, each once, in that order.
Outcome<json::array> migrations_named(const std::vector<std::string>& typed,
                                      const json::object& matrix);

// The names of all apps, in the daemon's order.
std::vector<std::string> app_names(const json::object& status);

// "one", "one or two", "one, two or three": printable.
std::string choice_of(const std::vector<std::string>& names);

// A path segment or a query value: everything but unreserved characters as %XX.
std::string percent_encoded(std::string_view text);

}  // namespace tidemark::client
