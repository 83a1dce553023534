// The commands that only look: status, matrix, show, findings, diff, ledger.

#include <optional>

#include <boost/json/serialize.hpp>

#include "core/text/printable.h"
#include "daemon/client/commands.h"
#include "daemon/client/print.h"
#include "daemon/client/render/render.h"

namespace tidemark::client {

namespace {

Target findings_of(const Scope& scope, bool all) {
  return {{"findings"},
          {{"app", scope.app}, {"environment", scope.environment}, {"all", all ? "1" : ""}}};
}

// The same document with the environments of `scope` only.
std::string narrowed(json::object status, const Scope& scope) {
  json::array kept;
  for (const auto& entry : list(status, "environments")) {
    if (scope.covers(raw(object(entry), "app"), raw(object(entry), "name"))) {
      kept.push_back(entry);
    }
  }
  status["environments"] = std::move(kept);
  return json::serialize(status);
}

// Whether drift is acknowledged is told by the findings only.
Outcome<bool> unacknowledged_drift(Session& session, const Scope& scope) {
  const auto findings = session.daemon.get(findings_of(scope, false));
  if (!findings) {
    return std::unexpected(findings.error());
  }
  return has_unacknowledged(findings->root(), scope, false, session.console.style().now);
}

Outcome<Exit> exit_with(bool attention) {
  return attention ? Exit::attention : Exit::done;
}

// Before everything was compared once, a look finds nothing wrong because nothing is known: no
// script may take that for clean.
std::optional<std::string> why_nothing_can_be_told(const json::object& status) {
  const auto* ready = status.if_contains("ready");
  if (ready == nullptr || !ready->is_bool() || ready->as_bool()) {
    return std::nullopt;
  }
  std::string why = "the daemon is not ready, so nothing can be told for sure";
  for (const auto& trouble : list(status, "trouble")) {
    if (trouble.is_string()) {
      why += "; " + printable(trouble.as_string());
    }
  }
  return why;
}

}  // namespace

Outcome<Exit> run_status(Session& session) {
  const auto status = session.daemon.get({{"status"}});
  if (!status) {
    return std::unexpected(status.error());
  }
  const auto scope = scope_named(session.arguments.scope, status->root());
  if (!scope) {
    return std::unexpected(scope.error());
  }
  if (session.arguments.json) {
    print_json(session.console,
               session.arguments.scope.empty() ? status->text : narrowed(status->root(), *scope));
  } else {
    session.console.out(render_status(status->root(), *scope, session.console.style()));
  }
  if (!session.arguments.exit_code) {
    return Exit::done;
  }
  if (const auto why = why_nothing_can_be_told(status->root()); why) {
    return stop(Exit::failed, *why);
  }
  if (status_has_pending(status->root(), *scope)) {
    return Exit::attention;
  }
  if (!status_has_findings(status->root(), *scope)) {
    return Exit::done;
  }
  const auto attention = unacknowledged_drift(session, *scope);
  if (!attention) {
    return std::unexpected(attention.error());
  }
  return exit_with(*attention);
}

namespace {

Outcome<std::vector<std::string>> apps_meant(const Arguments& arguments,
                                             const json::object& status) {
  if (!arguments.app.empty()) {
    return std::vector{arguments.app};
  }
  auto apps = app_names(status);
  if (arguments.json && apps.size() != 1) {
    return stop(Exit::usage,
                apps.empty() ? std::string("there is no app")
                             : "--json prints the matrix of one app: " + choice_of(apps) + "?");
  }
  return apps;
}

}  // namespace

Outcome<Exit> run_matrix(Session& session) {
  const auto status = session.daemon.get({{"status"}});
  if (!status) {
    return std::unexpected(status.error());
  }
  const auto apps = apps_meant(session.arguments, status->root());
  if (!apps) {
    return std::unexpected(apps.error());
  }
  if (apps->empty()) {
    session.console.out("no apps\n");
  }
  if (const auto why = why_nothing_can_be_told(status->root()); session.arguments.exit_code && why) {
    return stop(Exit::failed, *why);
  }
  bool attention = false;
  bool first = true;
  for (const auto& app : *apps) {
    const auto matrix = session.daemon.get({{"apps", app, "matrix"}});
    if (!matrix) {
      return std::unexpected(matrix.error());
    }
    if (session.arguments.json) {
      print_json(session.console, matrix->text);
    } else {
      session.console.out((first ? "" : "\n") +
                          render_matrix(matrix->root(), status->root(), session.console.style()));
    }
    first = false;
    if (!session.arguments.exit_code || attention) {
      continue;
    }
    attention = matrix_needs_attention(matrix->root());
    if (!attention && environment_findings(status->root(), Scope{app, ""}) > 0) {
      const auto drift = unacknowledged_drift(session, Scope{app, ""});
      if (!drift) {
        return std::unexpected(drift.error());
      }
      attention = *drift;
    }
  }
  return exit_with(attention);
}

Outcome<Exit> run_show(Session& session) {
  const auto& app = session.arguments.app;
  const auto id = session.daemon.migration(app, session.arguments.migration);
  if (!id) {
    return std::unexpected(id.error());
  }
  return print(session,
               session.daemon.get({{"apps", app, "migrations", *id}}),
               [&](const auto& answer) { return render_show(answer, session.console.style()); });
}

Outcome<Exit> run_findings(Session& session) {
  const auto scope = session.daemon.scope(session.arguments.scope);
  if (!scope) {
    return std::unexpected(scope.error());
  }
  const bool all = session.arguments.all;
  const auto findings = session.daemon.get(findings_of(*scope, all));
  const auto style = session.console.style();
  const auto printed = print(
      session, findings, [&](const auto& answer) { return render_findings(answer, all, style); });
  if (!printed || !session.arguments.exit_code) {
    return printed;
  }
  return exit_with(has_unacknowledged(findings->root(), *scope, true, style.now));
}

Outcome<Exit> run_diff(Session& session) {
  const auto environment = session.daemon.environment(session.arguments.environment);
  if (!environment) {
    return std::unexpected(environment.error());
  }
  const auto id = session.daemon.migration(environment->app, session.arguments.migration);
  if (!id) {
    return std::unexpected(id.error());
  }
  return print(session,
               session.daemon.get(below(*environment, {"migrations", *id, "diff"})),
               [&](const auto& answer) { return render_diff(answer, session.console.style()); });
}

Outcome<Exit> run_ledger(Session& session) {
  const auto environment = session.daemon.environment(session.arguments.environment);
  if (!environment) {
    return std::unexpected(environment.error());
  }
  return print(
      session, session.daemon.get(below(*environment, {"ledger"})), [&](const auto& answer) {
        const auto style = session.console.style();
        return session.arguments.shape ? render_shape(answer, style) : render_ledger(answer, style);
      });
}

}  // namespace tidemark::client
