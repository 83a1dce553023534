#include "daemon/world.h"

#include <algorithm>

#include "adapters/config/settings.h"
#include "adapters/loop/timer.h"
#include "adapters/metrics/metrics.h"
#include "adapters/store/ledger.h"
#include "core/drift/compare.h"
#include "core/environment/promotion.h"
#include "daemon/world_parts.h"

namespace tidemark {

World::World(Ledger& ledger, Pool& store, Pool& workers, Metrics& metrics, Events& events)
    : ledger_(ledger),
      store_(store),
      workers_(workers),
      metrics_(metrics),
      events_(events),
      now_(wall_clock_now),
      steady_now_(std::chrono::steady_clock::now) {}

World::~World() = default;

std::vector<const WatchedApp*> World::apps() const {
  std::vector<const WatchedApp*> all;
  for (const auto& app : apps_) {
    all.push_back(&app->watched);
  }
  return all;
}

const WatchedApp* World::app(std::string_view name) const {
  const auto at =
      std::ranges::find_if(apps_, [&](const auto& app) { return app->watched.name == name; });
  return at == apps_.end() ? nullptr : &(*at)->watched;
}

const WatchedEnvironment* World::environment(const EnvironmentRef& ref) const {
  return place(ref).environment;
}

ContentReader World::contents(std::string_view name) const {
  const auto at =
      std::ranges::find_if(apps_, [&](const auto& app) { return app->watched.name == name; });
  return at == apps_.end() ? ContentReader{} : (*at)->contents;
}

std::string_view World::layout(std::string_view name) const {
  const auto* watched = app(name);
  const bool known = watched != nullptr && !watched->catalog.migrations.empty();
  return known ? std::string_view(watched->catalog.layout) : "";
}

World::App* World::find_app(std::string_view name) {
  const auto at =
      std::ranges::find_if(apps_, [&](const auto& app) { return app->watched.name == name; });
  return at == apps_.end() ? nullptr : at->get();
}

World::Place World::place(const EnvironmentRef& ref) const {
  const auto at = places_.find(ref);
  if (at == places_.end()) {
    return {};
  }
  const auto [app, index] = at->second;
  return {app, index, app->watched.environments[index].get()};
}

void World::index_places() {
  places_.clear();
  for (const auto& app : apps_) {
    for (std::size_t i = 0; i < app->watched.environments.size(); ++i) {
      places_[app->watched.environments[i]->ref] = {app.get(), i};
    }
  }
}

Result<void> World::may_change() const {
  if (!halted_.empty()) {
    return fail(Errc::conflict, "no change is taken: " + halted_);
  }
  return {};
}

Awaitable<Result<void>> World::add_app(AppSettings settings, ContentReader contents) {
  auto turn = co_await gate_.enter();
  auto app = std::make_unique<App>();
  app->watched.name = settings.name;
  app->contents = std::move(contents);
  std::vector<Stage> stages;
  for (const auto& environment : settings.environments) {
    stages.push_back({environment.name, environment.after});
  }
  app->upstream = upstream_of(stages);
  app->order = promotion_order(stages);
  auto states = co_await load(settings);
  if (!states) {
    co_return std::unexpected(states.error());
  }
  app->unsettled.reserve(states->size());
  for (std::size_t i = 0; i < states->size(); ++i) {
    remember(*app, settings.environments[i], std::move((*states)[i]));
  }
  app->settings = std::move(settings);
  App& added = *app;
  const auto before = std::ranges::find_if(
      apps_, [&](const auto& old) { return old->watched.name == added.watched.name; });
  if (before == apps_.end()) {
    apps_.push_back(std::move(app));
  } else {
    inherit(added, **before);
    *before = std::move(app);
  }
  index_places();
  for (const auto& environment : added.watched.environments) {
    publish(*environment);
  }
  // With the directory as it was last read nothing is unknown in between; a comparison that cannot
  // be stored now is made up for by the next.
  [[maybe_unused]] const auto settled = co_await settle(added);
  co_return Result<void>{};
}

// What other settings do not change: the directory as last read, and how the last look went.
void World::inherit(App& app, const App& before) {
  app.watched.catalog = before.watched.catalog;
  app.watched.scanned_at = before.watched.scanned_at;
  app.watched.trouble = before.watched.trouble;
  for (const auto& old : before.watched.environments) {
    const auto same = std::ranges::find_if(app.watched.environments,
                                           [&](const auto& now) { return now->ref == old->ref; });
    if (same == app.watched.environments.end()) {
      metrics_.remove_environment(old->ref);
    } else if ((*same)->mode == old->mode) {
      (*same)->last_poll = old->last_poll;
      (*same)->failures = old->failures;
      (*same)->shape = old->shape;
      (*same)->standing = old->standing;
      (*same)->waiting = old->waiting;
      if (may_connect(old->mode)) {
        (*same)->observation = old->observation;  // as it was last seen, not as it was last written
        (*same)->seen_at = old->seen_at;
      }
    }
  }
}

// What our ledger remembers of an app's environments, in the config's order.
Awaitable<Result<std::vector<EnvironmentState>>> World::load(const AppSettings& settings) {
  std::vector<EnvironmentRef> refs;
  std::vector<std::pair<EnvironmentRef, std::string>> renamed;
  for (const auto& environment : settings.environments) {
    refs.push_back({settings.name, environment.name});
    if (!environment.renamed_from.empty()) {
      renamed.emplace_back(EnvironmentRef{settings.name, environment.renamed_from},
                           environment.name);
    }
  }
  auto work = [this,
               refs = std::move(refs),
               renamed = std::move(renamed),
               now = now_()]() -> Result<std::vector<EnvironmentState>> {
    for (const auto& [from, to] : renamed) {
      if (const auto done = ledger_.rename(from, to, now); !done) {
        return fail("renamed_from of " + EnvironmentRef{from.app, to}.text(), done.error());
      }
    }
    return ledger_.load(refs, now);
  };
  auto loaded = co_await store_.run(std::move(work));
  co_return loaded;
}

// With the mode that it has now.
void World::remember(App& app, const EnvironmentSettings& settings, EnvironmentState state) {
  const auto now = now_();
  const EnvironmentRef ref{app.watched.name, settings.name};
  auto environment = std::make_unique<WatchedEnvironment>();
  environment->ref = ref;
  environment->poll_interval = settings.poll;
  environment->lag_after = settings.lag_after;
  if (settings.mode) {
    environment->mode = *settings.mode;
    environment->mode_source = ModeSource::config;
  } else if (state.flip.mode && (*state.flip.mode == Mode::export_only || settings.database)) {
    environment->mode = *state.flip.mode;
    environment->mode_source = ModeSource::admin;
  } else {
    environment->mode = default_mode(settings.name);
  }
  environment->records = std::move(state.records);
  if (may_connect(environment->mode)) {
    environment->observation = std::move(state.observation);
    if (environment->observation) {  // from the future: the clock was set, and nobody knows its age
      environment->seen_at =
          steady_now_() - std::chrono::abs(now - environment->observation->as_of);
    }
  }
  environment->identity = std::move(state.identity);
  environment->history_certain = state.history.certain;
  environment->history_reason = std::move(state.history.reason);
  environment->findings = std::move(state.findings);
  environment->attempts = std::move(state.attempts);
  environment->freeze = std::move(state.freeze);
  environment->told = std::move(state.told);

  App::Unsettled unsettled;
  unsettled.change.environment = ref;
  if (state.last_mode != environment->mode) {
    unsettled.change.last_mode = environment->mode;
    unsettled.write = true;
    if (state.last_mode) {
      unsettled.change.audit.push_back(
          audit_event(now,
                      daemon_itself,
                      "mode.changed",
                      ref,
                      {{"from", std::string(to_string(*state.last_mode))},
                       {"to", std::string(to_string(environment->mode))},
                       {"source", std::string(to_string(environment->mode_source))},
                       {"reason", "the config changed"}}));
      if (environment->mode == Mode::managed) {
        const auto adopted = adoption(environment->records, "the config changed", now);
        adopt_with(unsettled.change, adopted, daemon_itself, "the config changed");
        environment->records.insert(environment->records.end(), adopted.begin(), adopted.end());
      }
    }
  }
  app.unsettled.push_back(std::move(unsettled));
  app.watched.environments.push_back(std::move(environment));
}

Awaitable<void> World::remove_app(std::string name) {
  auto turn = co_await gate_.enter();
  const auto at =
      std::ranges::find_if(apps_, [&](const auto& app) { return app->watched.name == name; });
  if (at == apps_.end()) {
    co_return;
  }
  for (const auto& environment : (*at)->watched.environments) {
    metrics_.remove_environment(environment->ref);
  }
  metrics_.remove_repo(name);
  apps_.erase(at);
  index_places();
}

void World::arrange(const std::vector<std::string>& names) {
  std::ranges::sort(
      apps_, {}, [&](const auto& app) { return std::ranges::find(names, app->watched.name); });
}

}  // namespace tidemark
