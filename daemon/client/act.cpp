// The commands that change something: poll, mark, unmark, mode, adopt, rebaseline, ack, unack.

#include <algorithm>

#include "core/text/printable.h"
#include "daemon/client/commands.h"
#include "daemon/client/print.h"
#include "daemon/client/render/render.h"

namespace tidemark::client {

namespace {

// Nothing that reaches far is done on a slip of the finger: the environment's name is typed, or
// --yes given.
Outcome<void> confirmed(Session& session,
                        const EnvironmentRef& environment,
                        const std::string& what) {
  if (session.arguments.yes) {
    return {};
  }
  const auto name = printable(environment.text());
  if (!session.console.can_ask()) {
    return stop(Exit::usage,
                what + "\n  There is no terminal to ask whether you mean it: add --yes if you do");
  }
  const auto typed = session.console.ask(what + "\nType " + name + " to go on: ");
  if (!typed || *typed != environment.text()) {
    return stop(Exit::failed, "that is not " + name + ": nothing was changed");
  }
  return {};
}

json::object with_reason(const Arguments& arguments) {
  json::object body;
  if (!arguments.reason.empty()) {
    body["reason"] = arguments.reason;
  }
  return body;
}

// The ids of what was typed, each once, in that order.
Outcome<json::array> migrations_named(const json::object& matrix,
                                      const std::vector<std::string>& typed) {
  json::array ids;
  for (const auto& word : typed) {
    const auto id = migration_named(word, matrix);
    if (!id) {
      return std::unexpected(id.error());
    }
    if (std::find(ids.begin(), ids.end(), json::value(*id)) == ids.end()) {
      ids.emplace_back(*id);
    }
  }
  return ids;
}

Outcome<Exit> record(Session& session, bool applied) {
  const auto& arguments = session.arguments;
  const auto environment = session.daemon.environment(arguments.environment);
  if (!environment) {
    return std::unexpected(environment.error());
  }
  const auto matrix = session.daemon.get({{"apps", environment->app, "matrix"}});
  if (!matrix) {
    return std::unexpected(matrix.error());
  }
  auto body = with_reason(arguments);
  if (!arguments.baseline.empty()) {
    const auto id = migration_named(arguments.baseline, matrix->root());
    if (!id) {
      return std::unexpected(id.error());
    }
    body["baseline"] = *id;
  } else {
    auto ids = migrations_named(matrix->root(), arguments.migrations);
    if (!ids) {
      return std::unexpected(ids.error());
    }
    body["migrations"] = std::move(*ids);
  }
  if (!arguments.at.empty()) {
    body["at"] = arguments.at;
  }
  if (!arguments.by.empty()) {
    body["by"] = arguments.by;
  }
  return print(session,
               session.daemon.post(below(*environment, {applied ? "mark" : "unmark"}), body),
               [&](const auto& answer) {
                 return render_marked(answer, *environment, applied, session.console.style());
               });
}

}  // namespace

Outcome<Exit> run_poll(Session& session) {
  const auto environment = session.daemon.environment(session.arguments.environment);
  if (!environment) {
    return std::unexpected(environment.error());
  }
  const auto answer = session.daemon.post(below(*environment, {"poll"}), {}, poll_deadline);
  const auto printed = print(session, answer, [&](const auto& polled) {
    return render_poll(polled, *environment, session.console.style());
  });
  if (!printed) {
    return printed;
  }
  return raw(answer->root(), "outcome") == "ok" ? Exit::done : Exit::failed;
}

Outcome<Exit> run_mark(Session& session) {
  return record(session, true);
}

Outcome<Exit> run_unmark(Session& session) {
  return record(session, false);
}

Outcome<Exit> run_mode(Session& session) {
  const auto& mode = session.arguments.choice;
  const auto environment = session.daemon.environment(session.arguments.environment);
  if (!environment) {
    return std::unexpected(environment.error());
  }
  if (mode == "managed") {
    const auto sure =
        confirmed(session,
                  *environment,
                  printable(environment->text()) +
                      " becomes managed: tidemark may write to its database from then on.");
    if (!sure) {
      return std::unexpected(sure.error());
    }
  }
  auto body = with_reason(session.arguments);
  body["mode"] = mode;
  return print(session, session.daemon.post(below(*environment, {"mode"}), body), render_mode);
}

Outcome<Exit> run_adopt(Session& session) {
  const auto environment = session.daemon.environment(session.arguments.environment);
  if (!environment) {
    return std::unexpected(environment.error());
  }
  const auto body = with_reason(session.arguments);
  return print(session, session.daemon.post(below(*environment, {"adopt"}), body), render_adopted);
}

Outcome<Exit> run_rebaseline(Session& session) {
  const auto& as = session.arguments.choice;
  const auto environment = session.daemon.environment(session.arguments.environment);
  if (!environment) {
    return std::unexpected(environment.error());
  }
  const auto name = printable(environment->text());
  const auto what =
      as == "empty"
          ? "all that our ledger says of " + name + " ends: nothing counts as applied there."
      : as == "adopt"
          ? "what their ledger says of " + name + " becomes ours; what only ours says ends."
          : "what our ledger says of " + name + " holds for the database that is there now.";
  const auto sure = confirmed(session, *environment, what);
  if (!sure) {
    return std::unexpected(sure.error());
  }
  auto body = with_reason(session.arguments);
  body["as"] = as;
  return print(
      session, session.daemon.post(below(*environment, {"rebaseline"}), body), render_rebaseline);
}

Outcome<Exit> run_ack(Session& session) {
  auto body = with_reason(session.arguments);
  if (!session.arguments.until.empty()) {
    body["until"] = session.arguments.until;
  }
  return print(
      session,
      session.daemon.post({{"findings", session.arguments.finding, "ack"}}, body),
      [&](const auto& answer) { return render_acknowledged(answer, session.console.style()); });
}

Outcome<Exit> run_unack(Session& session) {
  return print(
      session,
      session.daemon.post({{"findings", session.arguments.finding, "unack"}},
                          with_reason(session.arguments)),
      [&](const auto& answer) { return render_acknowledged(answer, session.console.style()); });
}

}  // namespace tidemark::client
