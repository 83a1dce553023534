#pragma once

#include <expected>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "adapters/config/reader.h"
#include "adapters/http/http.h"
#include "adapters/loop/asio.h"
#include "adapters/loop/pool.h"
#include "core/access/access.h"
#include "core/audit/refusals.h"
#include "daemon/world.h"

namespace tidemark {

enum class PlanFor;
class Applier;
class Ledger;
class Metrics;

// Says yes or no to every request, and carries out what it says yes to. Who asks is what the kernel
// says; over TCP nobody is anybody, and only reading is possible.
class Control {
 public:
  // What only the daemon as a whole can do.
  struct Daemon {
    std::function<const Settings&()> settings;
    std::function<Awaitable<Result<void>>(EnvironmentRef)> poll;
    std::function<std::shared_ptr<Applier>(const EnvironmentRef&)> applier;  // null: no such one
    using Reloaded = std::expected<std::vector<std::string>, std::vector<Problem>>;  // what changed
    std::function<Awaitable<Reloaded>(std::string by)> reload;
    std::function<std::vector<std::string>()> troubles;  // why it is not ready; empty: it is
    std::function<std::vector<std::string>()> warnings;  // what else somebody should know
  };

  Control(World& world,
          Events& events,
          Ledger& ledger,
          Metrics& metrics,
          Pool& store,
          Pool& workers,
          Daemon daemon);

  Awaitable<Response> handle(Request request);

  // Refusals that were counted and whose hour is over; all of them at the end.
  Awaitable<void> write_counted_refusals(bool all);

 private:
  // One request on its way through, with what is known of it.
  struct Asked {
    const Request& request;
    std::map<std::string, std::string> parts;  // {app}, {environment}, {id} of the path
    std::optional<Caller> caller;              // nobody over TCP
    std::optional<EnvironmentRef> environment;

    const std::string& part(const std::string& name) const { return parts.at(name); }
    std::string query(const std::string& name) const;
    std::string by() const { return caller->text(); }
  };
  // How much of a document may be shown over TCP.
  enum class Tcp { never, always, with_content };
  struct Route {
    std::string_view name;  // in the audit log: "refused.mark"
    std::string_view method;
    std::vector<std::string_view> path;  // "{app}" stands for one part
    Role role;
    Tcp tcp;
    Awaitable<Response> (Control::*act)(const Asked&);
  };
  static std::span<const Route> routes();

  bool may(const Asked& asked, const EnvironmentRef& environment, Role role) const;
  bool may_look_at_app(const Asked& asked, const WatchedApp& app) const;
  bool may_look_anywhere(const Asked& asked) const;
  std::optional<Response> refusal(const Route& route, const Asked& asked) const;
  Awaitable<Response> refuse(const Route& route, const Asked& asked, Response response);
  std::function<bool(const EnvironmentRef&)> visible_to(const Asked& asked) const;

  // routes_read.cpp
  Awaitable<Response> get_landing(const Asked& asked);
  Awaitable<Response> get_healthy(const Asked& asked);
  Awaitable<Response> get_ready(const Asked& asked);
  Awaitable<Response> get_metrics(const Asked& asked);
  Awaitable<Response> get_openapi(const Asked& asked);
  Awaitable<Response> get_status(const Asked& asked);
  Awaitable<Response> get_matrix(const Asked& asked);
  Awaitable<Response> get_migration(const Asked& asked);
  Awaitable<Response> get_environment(const Asked& asked);
  Awaitable<Response> get_ledger(const Asked& asked);
  Awaitable<Response> get_diff(const Asked& asked);
  Awaitable<Response> get_findings(const Asked& asked);
  Awaitable<Response> get_audit(const Asked& asked);
  Awaitable<Response> get_audit_verify(const Asked& asked);
  Awaitable<Response> get_events(const Asked& asked);

  // routes_act.cpp
  Awaitable<Response> post_poll(const Asked& asked);
  Awaitable<Response> post_mark(const Asked& asked);
  Awaitable<Response> post_unmark(const Asked& asked);
  Awaitable<Response> post_mode(const Asked& asked);
  Awaitable<Response> post_adopt(const Asked& asked);
  Awaitable<Response> post_rebaseline(const Asked& asked);
  Awaitable<Response> post_ack(const Asked& asked);
  Awaitable<Response> post_unack(const Asked& asked);
  Awaitable<Response> post_reload(const Asked& asked);
  Awaitable<Response> post_backup(const Asked& asked);

  // routes_apply.cpp
  Awaitable<Response> post_plan(const Asked& asked);
  Awaitable<Response> post_apply(const Asked& asked);
  Awaitable<Response> get_apply(const Asked& asked);
  Awaitable<Response> post_rollback(const Asked& asked);
  Awaitable<Response> post_cancel(const Asked& asked);
  Awaitable<Response> post_freeze(const Asked& asked);
  Awaitable<Response> post_unfreeze(const Asked& asked);
  Awaitable<Response> post_resolve(const Asked& asked);
  Awaitable<std::expected<Plan, Response>> plan_for(const Asked& asked,
                                                    Selection selection,
                                                    Attempt::Action action,
                                                    PlanFor what);
  Awaitable<Response> start_plan(const Asked& asked, Attempt::Action action);

  Awaitable<Result<std::string>> file_content(std::string app, Migration migration);
  Awaitable<Result<std::optional<std::string>>> recorded_content(Digest digest);
  Awaitable<std::optional<Response>> finding_refusal(const Asked& asked,
                                                     std::string id,
                                                     std::string_view verb);

  World& world_;
  Events& events_;
  Ledger& ledger_;
  Metrics& metrics_;
  Pool& store_;
  Pool& workers_;
  Daemon daemon_;
  Refusals refusals_;
};

}  // namespace tidemark
