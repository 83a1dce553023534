// The commands completion and __names.

#include <algorithm>

#include "daemon/client/commands.h"
#include "daemon/client/completion/completion.h"

namespace tidemark::client {

Outcome<Exit> run_completion(Session& session) {
  const auto& shell = session.arguments.choice;
  const auto root = command_syntax();
  session.console.out(shell == "bash"  ? bash_completion(root)
                      : shell == "zsh" ? zsh_completion(root)
                                       : fish_completion(root));
  return Exit::done;
}

namespace {

// A shell puts what was completed on its command line as it is: whatever it could act upon is not
// offered.
bool safe(const std::string& name) {
  constexpr std::string_view harmless_characters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./+%,-";
  return !name.empty() && name.front() != '-' &&
         name.find_first_not_of(harmless_characters) == std::string::npos;
}

void offer(Session& session, const std::vector<std::string>& names) {
  std::string text;
  for (const auto& name : names) {
    if (safe(name)) {
      text += name + "\n";
    }
  }
  session.console.out(text);
}

std::vector<std::string> texts(const json::array& entries, std::string_view member) {
  std::vector<std::string> result;
  for (const auto& entry : entries) {
    result.push_back(raw(object(entry), member));
  }
  return result;
}

std::vector<std::string> environment_names(const json::object& status) {
  std::vector<std::string> names;
  for (const auto& entry : list(status, "environments")) {
    names.push_back(raw(object(entry), "app") + "/" + raw(object(entry), "name"));
  }
  return names;
}

}  // namespace

Outcome<Exit> run_names(Session& session) {
  const auto& kind = session.arguments.choice;
  auto& daemon = session.daemon;
  if (kind == "findings") {
    const auto findings = daemon.get({{"findings"}}, completion_deadline);
    if (!findings) {
      return std::unexpected(findings.error());
    }
    offer(session, texts(list(findings->root(), "findings"), "id"));
    return Exit::done;
  }
  const auto status = daemon.get({{"status"}}, completion_deadline);
  if (!status) {
    return std::unexpected(status.error());
  }
  if (kind != "migrations") {
    offer(session, kind == "apps" ? app_names(status->root()) : environment_names(status->root()));
    return Exit::done;
  }
  const auto scope = scope_named(session.arguments.scope, status->root());
  if (!scope) {
    return std::unexpected(scope.error());
  }
  const auto matrix = daemon.get({{"apps", scope->app, "matrix"}}, completion_deadline);
  if (!matrix) {
    return std::unexpected(matrix.error());
  }
  offer(session, texts(list(matrix->root(), "migrations"), "id"));
  return Exit::done;
}

}  // namespace tidemark::client
