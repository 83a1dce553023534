// The commands that change something: freeze, unfreeze, resolve, poll, mark, unmark, mode, adopt,
// rebaseline, ack, unack.

#include "core/text/printable.h"
#include "daemon/client/commands.h"
#include "daemon/client/confirm.h"
#include "daemon/client/print.h"
#include "daemon/client/render/render.h"

namespace tidemark::client {

namespace {

json::object with_reason(const Arguments& arguments) {
  json::object body;
  if (!arguments.reason.empty()) {
    body["reason"] = arguments.reason;
  }
  return body;
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
    auto ids = migrations_named(arguments.migrations, matrix->root());
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

Outcome<Exit> run_freeze(Session& session) {
  const auto environment = session.daemon.environment(session.arguments.environment);
  if (!environment) {
    return std::unexpected(environment.error());
  }
  auto body = with_reason(session.arguments);
  if (!session.arguments.until.empty()) {
    body["until"] = session.arguments.until;
  }
  return print(session,
               session.daemon.post(below(*environment, {"freeze"}), body),
               [&](const auto& answer) { return render_frozen(answer, session.console.style()); });
}

Outcome<Exit> run_unfreeze(Session& session) {
  const auto environment = session.daemon.environment(session.arguments.environment);
  if (!environment) {
    return std::unexpected(environment.error());
  }
  const auto body = with_reason(session.arguments);
  return print(
      session, session.daemon.post(below(*environment, {"unfreeze"}), body), render_unfrozen);
}

Outcome<Exit> run_resolve(Session& session) {
  const auto environment = session.daemon.environment(session.arguments.environment);
  if (!environment) {
    return std::unexpected(environment.error());
  }
  const auto id = session.daemon.migration(environment->app, session.arguments.migration);
  if (!id) {
    return std::unexpected(id.error());
  }
  auto body = with_reason(session.arguments);
  body["migration"] = *id;
  body["as"] = session.arguments.choice;
  return print(
      session, session.daemon.post(below(*environment, {"resolve"}), body), render_resolved);
}

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
  if (session.arguments.force) {
    body["force"] = true;
  }
  const auto deadline = session.arguments.force ? verdict_deadline : question_deadline;
  return print(
      session, session.daemon.post(below(*environment, {"mode"}), body, deadline), render_mode);
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
