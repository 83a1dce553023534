#include "daemon/watch/watchers.h"

#include "adapters/metrics/metrics.h"
#include "adapters/tools/choice.h"
#include "adapters/tools/custom.h"
#include "daemon/world.h"

namespace tidemark {

Watchers::Watchers(asio::io_context& loop,
                   Supervisor& supervisor,
                   World& world,
                   Metrics& metrics,
                   Pool& workers,
                   Pool& connecting,
                   Resolver& resolver,
                   ConnectionLimits limits)
    : loop_(loop),
      supervisor_(supervisor),
      world_(world),
      metrics_(metrics),
      workers_(workers),
      connecting_(connecting),
      resolver_(resolver),
      connections_(loop, limits) {}

namespace {

Result<LedgerSetting> ledger_setting(const EnvironmentSettings& settings) {
  const auto& theirs = settings.their_ledger;
  LedgerSetting setting;
  setting.none = theirs.tool == "none";
  if (!theirs.tool.empty() && !setting.none) {
    setting.tool = find_tool(theirs.tool);
    if (setting.tool == nullptr) {
      return fail(Errc::invalid,
                  settings.where.text() + ": their_ledger: '" + theirs.tool +
                      "' is no tool that can be read");
    }
  }
  if (theirs.custom) {
    setting.custom = custom_ledger(*theirs.custom);
    setting.tool = setting.custom.get();
  }
  setting.table = theirs.table;
  if (setting.table && setting.table->schema.empty()) {
    setting.table->schema = settings.schema;
  }
  return setting;
}

}  // namespace

Awaitable<Result<void>> Watchers::start(AppSettings settings) {
  App app;
  app.directory = std::make_unique<AppDirectory>(loop_, world_, workers_, settings);
  app.directory->on_asked_anew = [this, name = settings.name] { layout_changed(name); };
  for (const auto& environment : settings.environments) {
    const EnvironmentRef ref{settings.name, environment.name};
    auto setting = ledger_setting(environment);
    if (!setting) {
      co_return std::unexpected(setting.error());
    }
    auto watch = std::make_unique<EnvironmentWatch>(loop_,
                                                    world_,
                                                    metrics_,
                                                    connections_,
                                                    connecting_,
                                                    resolver_,
                                                    ref,
                                                    environment,
                                                    std::move(*setting),
                                                    starting_++);
    watch->on_ledger_seen = [directory = app.directory.get()](std::string_view tool) {
      return directory->ledger_seen(tool);
    };
    app.environments.emplace(ref, std::move(watch));
    app.appliers.emplace(
        ref,
        std::make_shared<Applier>(loop_,
                                  world_,
                                  workers_,
                                  parser_,
                                  Door(connections_, connecting_, resolver_, ref, environment),
                                  ref,
                                  environment,
                                  settings.repo.paths,
                                  [this, ref] { return poll(ref); }));
  }
  auto added = co_await world_.add_app(settings, AppDirectory::content_reader(settings.repo));
  if (!added) {
    co_return added;
  }
  // Owned before anything runs: whatever is started finds what it watches with.
  const App& owned = apps_.insert_or_assign(settings.name, std::move(app)).first->second;
  const std::string group = "app " + settings.name;
  supervisor_.start(group, "directory of " + settings.name, [watch = owned.directory.get()] {
    return watch->run();
  });
  for (const auto& [ref, watch] : owned.environments) {
    supervisor_.start(
        group, "environment " + ref.text(), [look = watch.get()] { return look->run(); });
  }
  for (const auto& [ref, applier] : owned.appliers) {
    supervisor_.start(group, "apply " + ref.text(), [task = applier.get()] { return task->run(); });
  }
  co_return Result<void>{};
}

std::shared_ptr<Applier> Watchers::applier(const EnvironmentRef& ref) const {
  const auto app = apps_.find(ref.app);
  if (app == apps_.end()) {
    return nullptr;
  }
  const auto at = app->second.appliers.find(ref);
  return at == app->second.appliers.end() ? nullptr : at->second;
}

std::string Watchers::applying(const std::string& name) const {
  if (const auto app = apps_.find(name); app != apps_.end()) {
    for (const auto& [ref, applier] : app->second.appliers) {
      if (applier->progress() != nullptr) {
        return ref.text();
      }
    }
  }
  return "";
}

Awaitable<void> Watchers::stop(std::string app) {
  co_await pause(app);
  co_await world_.remove_app(app);
}

Awaitable<void> Watchers::pause(std::string app) {
  co_await supervisor_.stop("app " + app);
  const auto at = apps_.find(app);
  if (at != apps_.end()) {
    // Whoever asked for a look may still be in there: it goes when they have gone.
    for (auto& [ref, watch] : at->second.environments) {
      co_await watch->idle();
    }
    apps_.erase(app);
  }
}

Awaitable<Result<void>> Watchers::poll(EnvironmentRef ref) {
  const auto app = apps_.find(ref.app);
  if (app == apps_.end() || !app->second.environments.contains(ref)) {
    co_return fail(Errc::not_found, "there is no environment '" + ref.text() + "'");
  }
  auto looked = co_await app->second.environments.at(ref)->poll();
  co_return looked;
}

void Watchers::mode_changed(const EnvironmentRef& ref) {
  const auto app = apps_.find(ref.app);
  if (app != apps_.end()) {
    if (const auto at = app->second.environments.find(ref); at != app->second.environments.end()) {
      at->second->mode_changed();
    }
  }
}

void Watchers::compared(const EnvironmentRef& ref) {
  if (const auto there = applier(ref)) {
    there->look();
  }
}

void Watchers::layout_changed(const std::string& name) {
  if (const auto app = apps_.find(name); app != apps_.end()) {
    for (auto& [ref, watch] : app->second.environments) {
      watch->look_soon();
    }
  }
}

void Watchers::tell_scans() {
  for (const auto& [name, app] : apps_) {
    if (const auto at = app.directory->last_scan(); at) {
      world_.directory_still_the_same(name, *at);
    }
  }
}

}  // namespace tidemark
