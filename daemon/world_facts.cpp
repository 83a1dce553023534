// What comes in from directories and databases.

#include <algorithm>

#include "adapters/log/log.h"
#include "adapters/metrics/metrics.h"
#include "daemon/world.h"
#include "daemon/world_parts.h"

namespace tidemark {

namespace {

// An unchanged observation is written down again only to keep its age honest over a restart.
constexpr std::chrono::minutes age_written_every{10};
constexpr unsigned failures_until_unreachable = 2;

}  // namespace

Awaitable<Result<void>> World::directory_read(std::string name, Catalog catalog) {
  auto turn = co_await gate_.enter();
  App* app = find_app(name);
  if (app == nullptr) {
    co_return Result<void>{};
  }
  const bool changed = !app->watched.scanned_at || app->watched.catalog != catalog;
  app->watched.scanned_at = now_();
  app->watched.trouble.clear();
  metrics_.repo(name, catalog.migrations.size(), *app->watched.scanned_at);
  if (changed) {
    const std::string before(layout(name));
    app->watched.catalog = std::move(catalog);
    for (auto& unsettled : app->unsettled) {
      unsettled.compare = true;
    }
    if (layout(name) != before) {
      doubt_ledgers(*app);
      if (on_layout_changed) {
        on_layout_changed(name);
      }
    }
  }
  auto settled = co_await settle(*app);
  co_return settled;
}

namespace {

// What was taken for their ledger, or could not be told, before it was known whose files the app
// has, is not compared with them: the next look knows. `layout` is empty where no files are.
bool is_doubtful(const LedgerShape& shape, const Observation& seen, std::string_view layout) {
  const bool took_one = seen.ledger == Observation::Ledger::unreadable || !shape.tool.empty();
  return shape.looked && took_one && shape.tool != layout && shape.layout != layout;
}

}  // namespace

void World::doubt_ledgers(App& app) const {
  if (layout(app.watched.name).empty()) {
    return;  // files that are gone say nothing of whose ledger it was
  }
  for (auto& environment : app.watched.environments) {
    auto& seen = environment->observation;
    if (seen && is_doubtful(environment->shape, *seen, layout(app.watched.name))) {
      seen.reset();
    }
  }
}

void World::directory_still_the_same(const std::string& name, TimePoint scanned_at) {
  if (App* app = find_app(name);
      app != nullptr && app->watched.scanned_at && app->watched.trouble.empty()) {
    app->watched.scanned_at = scanned_at;
    metrics_.repo(name, app->watched.catalog.migrations.size(), scanned_at);
  }
}

Awaitable<void> World::directory_failed(std::string name, Error error) {
  auto turn = co_await gate_.enter();
  if (App* app = find_app(name); app != nullptr) {
    app->watched.trouble = std::move(error.detail);
  }
}

namespace {

// A failed look at their ledger does not unsee what the last good one saw.
Observation merged(const std::optional<Observation>& before, Observation now) {
  // While somebody is at work, what is half done is not what is so.
  const bool blind = now.ledger == Observation::Ledger::unreadable || !now.at_work.empty();
  if (!now.at_work.empty() && (!before || before->ledger == Observation::Ledger::unreadable)) {
    now.ledger = Observation::Ledger::unreadable;
    now.rows.clear();
    return now;
  }
  if (!blind || !before || before->ledger == Observation::Ledger::unreadable) {
    return now;
  }
  Observation kept = *before;
  kept.trouble = std::move(now.trouble);
  kept.at_work = std::move(now.at_work);
  kept.invalid_indexes = std::move(now.invalid_indexes);
  if (now.identity != Identity{}) {
    kept.identity = now.identity;
    kept.standby = now.standby;
  }
  return kept;
}

bool rests_on_our_word(const WatchedEnvironment& environment) {
  return environment.mode == Mode::managed ||
         std::ranges::any_of(environment.records, [](const Record& record) {
           return record.evidence != Evidence::observed;
         });
}

}  // namespace

// Whoever is let in sees all that has arrived, so that a thousand environments that are looked at
// together are written together.
Awaitable<Result<void>> World::environment_read(EnvironmentRef ref,
                                                Observation observation,
                                                LedgerShape shape) {
  auto arrival = std::make_shared<Arrival>(
      Arrival{std::move(ref), std::move(observation), std::move(shape), std::nullopt});
  arrived_.push_back(arrival);
  auto turn = co_await gate_.enter();
  if (!arrival->outcome) {
    co_await see_all(arrival);
  }
  co_return *arrival->outcome;
}

// `mine` too when it was taken along by one that was cancelled on the way.
Awaitable<void> World::see_all(std::shared_ptr<Arrival> mine) {
  auto arrived = std::exchange(arrived_, {});
  std::vector<App*> apps;
  for (const auto& arrival : arrived) {
    see(*arrival);
  }
  if (std::ranges::find(arrived, mine) == arrived.end()) {
    arrived.push_back(std::move(mine));
  }
  for (const auto& arrival : arrived) {
    if (const Place at = place(arrival->ref); at && std::ranges::find(apps, at.app) == apps.end()) {
      apps.push_back(at.app);
    }
  }
  const auto settled = co_await settle(std::move(apps));
  for (const auto& arrival : arrived) {
    const Place at = place(arrival->ref);
    arrival->outcome = at && wants_settling(at) ? settled : Result<void>{};
  }
}

void World::see(Arrival& arrival) {
  const Place at = place(arrival.ref);
  if (!at || !may_connect(at.environment->mode)) {
    return;
  }
  WatchedEnvironment& environment = *at.environment;
  auto& observation = arrival.observation;
  if (const auto* twin = same_database(*at.app, environment, observation.identity);
      twin != nullptr) {
    environment.problem = "is the same database as " + twin->ref.text() +
                          ": two environments of one app cannot share one";
    failed(environment, {Errc::broken, environment.problem});
    return;
  }
  environment.problem.clear();
  recognise(at, observation.identity);
  const bool unreadable = observation.ledger == Observation::Ledger::unreadable;
  if (at.app->watched.scanned_at
          ? is_doubtful(arrival.shape, observation, layout(arrival.ref.app))
          : unreadable && at.app->watched.trouble.empty() && environment.observation) {
    return;  // looked at before that was known; whoever looks is told to look again
  }
  const auto as_of = observation.as_of;
  succeeded(environment, as_of);
  environment.shape = std::move(arrival.shape);

  auto& unsettled = at.unsettled();
  Observation now = merged(environment.observation, std::move(observation));
  const bool changed = !environment.observation || !same_sight(*environment.observation, now);
  if (now.as_of == as_of) {
    environment.seen_at = steady_now_();
  }
  const bool old = environment.seen_at - unsettled.age_written >= age_written_every;
  environment.observation = std::move(now);
  if (changed || old) {
    unsettled.change.observation = environment.observation;
    unsettled.write = true;
    unsettled.age_written = environment.seen_at;
  }
  unsettled.compare = unsettled.compare || changed;
  publish(environment);
}

// Looked at by the watch before it only glances.
bool World::needs_no_news(const EnvironmentRef& ref) const {
  const Place at = place(ref);
  return at && at.environment->problem.empty() && at.environment->observation &&
         at.environment->observation->trouble.empty() &&
         at.environment->observation->at_work.empty() && !at.unsettled().compare;
}

bool World::take_unchanged(const EnvironmentRef& ref, TimePoint as_of) {
  return gate_.vacant() && !note_unchanged(place(ref), as_of);
}

Awaitable<Result<void>> World::environment_unchanged(EnvironmentRef ref, TimePoint as_of) {
  auto turn = co_await gate_.enter();
  const Place at = place(ref);
  if (!note_unchanged(at, as_of)) {
    co_return Result<void>{};
  }
  auto settled = co_await settle(*at.app);
  co_return settled;
}

// True when there is something to settle.
bool World::note_unchanged(const Place& at, TimePoint as_of) {
  if (!at || !may_connect(at.environment->mode) || !at.environment->observation) {
    return false;
  }
  WatchedEnvironment& environment = *at.environment;
  const bool recovered = environment.failures > 0;
  succeeded(environment, as_of);
  environment.observation->as_of = as_of;
  environment.seen_at = steady_now_();
  auto& unsettled = at.unsettled();
  if (environment.seen_at - unsettled.age_written >= age_written_every) {
    unsettled.change.observation = environment.observation;
    unsettled.write = true;
    unsettled.age_written = environment.seen_at;
  }
  if (recovered) {
    publish(environment);
  } else {
    metrics_.read(environment.ref, as_of);
  }
  return unsettled.write || lag_turned(environment);
}

// A credential that could write is no error: a warning, a metric, and a line in the audit log,
// written with what the look saw, of which this is a part.
Awaitable<void> World::credential_seen(EnvironmentRef ref, std::string excess_privileges) {
  auto turn = co_await gate_.enter();
  const Place at = place(ref);
  if (!at || at.environment->told.excess_privileges == excess_privileges) {
    co_return;
  }
  const bool harmless = excess_privileges.empty();
  const bool news = !harmless || !at.environment->told.excess_privileges.value_or("").empty();
  auto& unsettled = at.unsettled();
  Told told = unsettled.change.told.value_or(at.environment->told);
  told.excess_privileges = excess_privileges;
  unsettled.change.told = std::move(told);
  unsettled.write = true;
  if (news) {
    const std::string_view what = harmless ? "credential.reduced" : "credential.overprivileged";
    unsettled.change.audit.push_back(
        audit_event(now_(), daemon_itself, what, ref, {{"can", excess_privileges}}));
    if (harmless) {
      log_info("credential can only read now", {{"environment", ref.text()}});
    } else {
      log_warn("credential can write", {{"environment", ref.text()}, {"can", excess_privileges}});
    }
  }
}

const WatchedEnvironment* World::same_database(const App& app,
                                               const WatchedEnvironment& environment,
                                               const Identity& identity) const {
  if (identity.system_identifier.empty()) {
    return nullptr;
  }
  for (const auto& other : app.watched.environments) {
    const bool read = other.get() != &environment && may_connect(other->mode) &&
                      other->observation && other->reachable();
    if (read && other->observation->identity.system_identifier == identity.system_identifier &&
        other->observation->identity.database_oid == identity.database_oid &&
        other->observation->identity.schema_oid == identity.schema_oid) {
      return other.get();
    }
  }
  return nullptr;
}

// Is it still the database that we know?
void World::recognise(const Place& at, const Identity& seen) {
  WatchedEnvironment& environment = *at.environment;
  if (seen == Identity{}) {
    return;
  }
  const Identity known = environment.identity ? combined(*environment.identity, seen) : seen;
  if (environment.identity == known) {
    return;
  }
  auto& change = at.unsettled().change;
  const auto now = now_();
  const std::string what = environment.identity ? difference(*environment.identity, seen) : "";
  if (environment.identity && created_anew(*environment.identity, seen)) {
    at.unsettled().database_is_new = true;
  }
  environment.identity = known;
  change.identity = known;
  at.unsettled().write = true;
  if (what.empty()) {
    return;
  }
  change.audit.push_back(
      audit_event(now, daemon_itself, "environment.changed", environment.ref, {{"what", what}}));
  log_warn("database is another one", {{"environment", environment.ref.text()}, {"what", what}});
  if (rests_on_our_word(environment)) {
    environment.history_certain = false;
    environment.history_reason = what;
    change.history = History{false, what};
  }
  at.unsettled().compare = true;
  events_.publish("environment.changed", environment.ref, now, {{"what", what}});
}

void World::succeeded(WatchedEnvironment& environment, TimePoint at) {
  const bool recovered = environment.failures >= failures_until_unreachable;
  const bool told = environment.failures > 0;
  environment.failures = 0;
  if (!environment.last_poll || environment.last_poll->outcome != "ok") {
    environment.last_poll = LastPoll{at, "ok", ""};
  }
  environment.last_poll->at = at;
  if (told) {
    log_info("environment is back", {{"environment", environment.ref.text()}});
  }
  if (recovered) {
    events_.publish("environment.recovered", environment.ref, at, {});
  }
}

namespace {

// Without what is another each time although nothing is: ports, processes, a name's many addresses.
std::string gist(std::string text) {
  std::erase_if(text, [](char c) { return c >= '0' && c <= '9'; });
  return text;
}

}  // namespace

void World::failed(WatchedEnvironment& environment, const Error& error) {
  const auto now = now_();
  ++environment.failures;
  const std::string outcome(poll_outcome(error.code));
  const bool news = !environment.last_poll || environment.last_poll->outcome != outcome ||
                    gist(environment.last_poll->error) != gist(error.detail);
  environment.last_poll = LastPoll{now, outcome, error.detail};
  if (news) {
    log_warn("poll failed",
             {{"environment", environment.ref.text()},
              {"outcome", environment.last_poll->outcome},
              {"error", error.detail}});
  }
  if (environment.failures == failures_until_unreachable) {
    events_.publish("environment.unreachable",
                    environment.ref,
                    now,
                    {{"outcome", environment.last_poll->outcome}, {"error", error.detail}});
  }
  publish(environment);
}

Awaitable<void> World::environment_failed(EnvironmentRef ref, Error error) {
  auto turn = co_await gate_.enter();
  const Place at = place(ref);
  if (at && may_connect(at.environment->mode)) {
    failed(*at.environment, error);
  }
}

}  // namespace tidemark
