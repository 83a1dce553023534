#include "daemon/client/confirm.h"

#include "core/text/printable.h"

namespace tidemark::client {

namespace {

std::unexpected<Failure> nobody_to_ask(const std::string& what) {
  return stop(Exit::usage,
              what + "\n  There is no terminal to ask whether you mean it: add --yes if you do");
}

}  // namespace

Outcome<void> confirmed(Session& session,
                        const EnvironmentRef& environment,
                        const std::string& what) {
  if (session.arguments.yes) {
    return {};
  }
  if (!session.console.can_ask()) {
    return nobody_to_ask(what);
  }
  const auto name = printable(environment.text());
  const auto typed = session.console.ask(what + "\nType " + name + " to go on: ");
  if (!typed || *typed != environment.text()) {
    return stop(Exit::failed, "that is not " + name + ": nothing was changed");
  }
  return {};
}

Outcome<void> agreed(Session& session, const std::string& what, const std::string& question) {
  if (session.arguments.yes) {
    return {};
  }
  if (!session.console.can_ask()) {
    return nobody_to_ask(what);
  }
  const auto typed = session.console.ask(what + "\n" + question + " [y/N] ");
  if (typed != "y" && typed != "Y" && typed != "yes") {
    return stop(Exit::failed, "that is not yes: nothing was changed");
  }
  return {};
}

}  // namespace tidemark::client
