#include "daemon/control/control.h"

#include <algorithm>
#include <array>

#include "adapters/log/log.h"
#include "adapters/loop/timer.h"
#include "core/text/printable.h"
#include "daemon/control/answer.h"
#include "daemon/control/caller.h"

namespace tidemark {

Control::Control(World& world,
                 Events& events,
                 Ledger& ledger,
                 Metrics& metrics,
                 Pool& store,
                 Pool& workers,
                 Daemon daemon)
    : world_(world),
      events_(events),
      ledger_(ledger),
      metrics_(metrics),
      store_(store),
      workers_(workers),
      daemon_(std::move(daemon)) {}

std::string Control::Asked::query(const std::string& name) const {
  const auto at = request.query.find(name);
  return at == request.query.end() ? "" : at->second;
}

std::span<const Control::Route> Control::routes() {
  using enum Role;
  using C = Control;
  static const std::vector<Route> all{
      {"landing", "GET", {""}, none, Tcp::always, &C::get_landing},
      {"healthy", "GET", {"-", "healthy"}, none, Tcp::always, &C::get_healthy},
      {"ready", "GET", {"-", "ready"}, none, Tcp::always, &C::get_ready},
      {"metrics", "GET", {"metrics"}, none, Tcp::always, &C::get_metrics},
      {"openapi", "GET", {"v1", "openapi.json"}, none, Tcp::always, &C::get_openapi},
      {"status", "GET", {"v1", "status"}, none, Tcp::always, &C::get_status},
      {"findings", "GET", {"v1", "findings"}, none, Tcp::always, &C::get_findings},
      {"matrix", "GET", {"v1", "apps", "{app}", "matrix"}, none, Tcp::always, &C::get_matrix},
      {"migration",
       "GET",
       {"v1", "apps", "{app}", "migrations", "{id}"},
       none,
       Tcp::always,
       &C::get_migration},
      {"environment",
       "GET",
       {"v1", "apps", "{app}", "environments", "{environment}"},
       viewer,
       Tcp::always,
       &C::get_environment},
      {"ledger",
       "GET",
       {"v1", "apps", "{app}", "environments", "{environment}", "ledger"},
       viewer,
       Tcp::always,
       &C::get_ledger},
      {"diff",
       "GET",
       {"v1", "apps", "{app}", "environments", "{environment}", "migrations", "{id}", "diff"},
       viewer,
       Tcp::with_content,
       &C::get_diff},
      {"audit", "GET", {"v1", "audit"}, viewer, Tcp::with_content, &C::get_audit},
      {"audit.verify",
       "GET",
       {"v1", "audit", "verify"},
       viewer,
       Tcp::with_content,  // reads the whole log: not for everybody who reaches the port
       &C::get_audit_verify},
      {"events", "GET", {"v1", "events"}, none, Tcp::always, &C::get_events},
      {"poll",
       "POST",
       {"v1", "apps", "{app}", "environments", "{environment}", "poll"},
       operator_,
       Tcp::never,
       &C::post_poll},
      {"mark",
       "POST",
       {"v1", "apps", "{app}", "environments", "{environment}", "mark"},
       operator_,
       Tcp::never,
       &C::post_mark},
      {"unmark",
       "POST",
       {"v1", "apps", "{app}", "environments", "{environment}", "unmark"},
       operator_,
       Tcp::never,
       &C::post_unmark},
      {"mode",
       "POST",
       {"v1", "apps", "{app}", "environments", "{environment}", "mode"},
       admin,
       Tcp::never,
       &C::post_mode},
      {"adopt",
       "POST",
       {"v1", "apps", "{app}", "environments", "{environment}", "adopt"},
       admin,
       Tcp::never,
       &C::post_adopt},
      {"rebaseline",
       "POST",
       {"v1", "apps", "{app}", "environments", "{environment}", "rebaseline"},
       admin,
       Tcp::never,
       &C::post_rebaseline},
      {"plan",
       "POST",
       {"v1", "apps", "{app}", "environments", "{environment}", "plan"},
       operator_,
       Tcp::never,
       &C::post_plan},
      {"apply",
       "POST",
       {"v1", "apps", "{app}", "environments", "{environment}", "apply"},
       operator_,
       Tcp::never,
       &C::post_apply},
      {"rollback",
       "POST",
       {"v1", "apps", "{app}", "environments", "{environment}", "rollback"},
       operator_,
       Tcp::never,
       &C::post_rollback},
      {"cancel",
       "POST",
       {"v1", "apps", "{app}", "environments", "{environment}", "cancel"},
       operator_,
       Tcp::never,
       &C::post_cancel},
      {"freeze",
       "POST",
       {"v1", "apps", "{app}", "environments", "{environment}", "freeze"},
       operator_,
       Tcp::never,
       &C::post_freeze},
      {"unfreeze",
       "POST",
       {"v1", "apps", "{app}", "environments", "{environment}", "unfreeze"},
       operator_,
       Tcp::never,
       &C::post_unfreeze},
      {"resolve",
       "POST",
       {"v1", "apps", "{app}", "environments", "{environment}", "resolve"},
       admin,
       Tcp::never,
       &C::post_resolve},
      {"attach",
       "GET",
       {"v1", "apps", "{app}", "environments", "{environment}", "apply"},
       viewer,
       Tcp::never,
       &C::get_apply},
      {"ack", "POST", {"v1", "findings", "{id}", "ack"}, none, Tcp::never, &C::post_ack},
      {"unack", "POST", {"v1", "findings", "{id}", "unack"}, none, Tcp::never, &C::post_unack},
      {"reload", "POST", {"v1", "reload"}, admin, Tcp::never, &C::post_reload},
      {"backup", "POST", {"v1", "backup"}, admin, Tcp::never, &C::post_backup},
  };
  return all;
}

namespace {

std::optional<std::map<std::string, std::string>> match(std::span<const std::string_view> pattern,
                                                        std::span<const std::string> segments) {
  if (pattern.size() != segments.size()) {
    return std::nullopt;
  }
  std::map<std::string, std::string> parts;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i].starts_with('{')) {
      parts.emplace(pattern[i].substr(1, pattern[i].size() - 2), segments[i]);
    } else if (pattern[i] != segments[i]) {
      return std::nullopt;
    }
  }
  return parts;
}

}  // namespace

Awaitable<Response> Control::handle(Request request) {
  std::string allowed;
  for (const auto& route : routes()) {
    const bool root =
        request.segments.empty() && route.path.size() == 1 && route.path.front().empty();
    auto parts = root ? std::map<std::string, std::string>{} : match(route.path, request.segments);
    if (!parts) {
      continue;
    }
    if (route.method != request.method) {
      allowed += (allowed.empty() ? "" : ", ") + std::string(route.method);
      continue;
    }
    Asked asked{request, std::move(*parts), std::nullopt, std::nullopt};
    if (request.peer.local) {
      auto work = [peer = request.peer] { return look_up(peer); };
      asked.caller = co_await workers_.run(std::move(work));
    }
    if (asked.parts.contains("environment")) {
      asked.environment = EnvironmentRef{asked.part("app"), asked.part("environment")};
    }
    if (auto refused = refusal(route, asked); refused) {
      auto response = co_await refuse(route, asked, std::move(*refused));
      co_return response;
    }
    auto response = co_await (this->*route.act)(asked);
    co_return response;
  }
  if (!allowed.empty()) {
    auto response = problem(405, "method-not-allowed", "Method not allowed", "use " + allowed);
    response.headers.emplace_back("Allow", allowed);
    co_return response;
  }
  co_return problem(404,
                    "not-found",
                    "There is no such thing",
                    "no resource has this path: " + printable(request.path));
}

bool Control::may(const Asked& asked, const EnvironmentRef& environment, Role role) const {
  return !asked.caller || role_of(*asked.caller, daemon_.settings().access, environment) >= role;
}

std::function<bool(const EnvironmentRef&)> Control::visible_to(const Asked& asked) const {
  return [this, &asked](const EnvironmentRef& environment) {
    return may(asked, environment, Role::viewer);
  };
}

bool Control::may_look_at_app(const Asked& asked, const WatchedApp& app) const {
  return std::ranges::any_of(app.environments, [&](const auto& environment) {
    return may(asked, environment->ref, Role::viewer);
  });
}

bool Control::may_look_anywhere(const Asked& asked) const {
  const auto everywhere = [&] {
    return role_of(*asked.caller, daemon_.settings().access, std::nullopt) >= Role::viewer;
  };
  return !asked.caller || everywhere() || std::ranges::any_of(world_.apps(), [&](const auto* app) {
    return may_look_at_app(asked, *app);
  });
}

// nullopt: go on. Routes with role `none` look themselves, where they know what is asked for.
std::optional<Response> Control::refusal(const Route& route, const Asked& asked) const {
  if (!asked.caller) {
    if (route.tcp == Tcp::never) {
      return problem(405,
                     "method-not-allowed",
                     "Method not allowed",
                     "changes are taken over the control socket only");
    }
    if (route.tcp == Tcp::with_content && !daemon_.settings().http.expose_content) {
      return problem(403,
                     "forbidden",
                     "Not allowed",
                     "not shown over TCP while the config says `http: {expose: summary}`");
    }
    return std::nullopt;
  }
  const Role role = role_of(*asked.caller, daemon_.settings().access, asked.environment);
  if (role >= route.role || (route.act == &Control::post_reload && may_signal(*asked.caller))) {
    return std::nullopt;
  }
  const std::string where = asked.environment ? " on " + printable(asked.environment->text()) : "";
  return problem(403,
                 "forbidden",
                 "Not allowed",
                 std::string(route.name) + where + " needs the role " +
                     std::string(to_string(route.role)) + "; " + printable(asked.by()) + " has " +
                     std::string(to_string(role)) + " there (see `access:` in the config)");
}

// Refused over the socket: written down, repeated ones counted.
Awaitable<Response> Control::refuse(const Route& route, const Asked& asked, Response response) {
  if (asked.caller) {
    AuditEvent event;
    event.at = wall_clock_now();
    event.actor = asked.by();
    event.what = "refused." + std::string(route.name);
    // Only what exists is named: a caller who makes names up fills no log with them.
    if (asked.environment && world_.environment(*asked.environment) != nullptr) {
      event.app = asked.environment->app;
      event.environment = asked.environment->name;
    }
    const auto written = co_await world_.note(refusals_.refused(event));
    if (!written) {
      log_error("refusal could not be audited",
                {{"actor", event.actor}, {"error", written.error().detail}});
    }
  }
  co_return response;
}

Awaitable<void> Control::write_counted_refusals(bool all) {
  auto events = all ? refusals_.all() : refusals_.due(wall_clock_now());
  const auto written = co_await world_.note(std::move(events));
  if (!written) {
    log_error("refusals could not be audited", {{"error", written.error().detail}});
  }
}

}  // namespace tidemark
