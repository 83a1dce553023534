// From what is known to what is shown: compared, written to our ledger (world_writing.cpp), and
// only then believed.

#include <algorithm>

#include "core/drift/compare.h"
#include "core/drift/history.h"
#include "daemon/world.h"
#include "daemon/world_parts.h"

namespace tidemark {

namespace {

// More or less: those of one environment are not cut.
constexpr std::size_t records_at_once = 10'000;

}  // namespace

Awaitable<Result<void>> World::settle(App& app) {
  std::vector<App*> apps{&app};
  auto settled = co_await settle(std::move(apps));
  co_return settled;
}

// Compares what changed and writes it down, in promotion order: what one environment has settled is
// what makes migrations due in the next. All that wait for no other are written in one go.
Awaitable<Result<void>> World::settle(std::vector<App*> apps) {
  Result<void> outcome;
  std::set<const WatchedEnvironment*> tried;
  for (auto due = to_settle(apps, tried); !due.empty(); due = to_settle(apps, tried)) {
    auto settling = co_await judge(std::move(due));
    for (const auto& each : settling) {
      tried.insert(each.at.environment);
    }
    if (auto settled = co_await settle_together(std::move(settling)); !settled) {
      outcome = std::move(settled);
    }
  }
  for (App* app : apps) {
    const bool all = std::ranges::none_of(app->unsettled, &App::Unsettled::compare);
    app->watched.compared = app->watched.compared || (app->watched.scanned_at && all);
  }
  co_return outcome;
}

bool World::wants_settling(const Place& at) const {
  const auto& unsettled = at.unsettled();
  const bool compare = at.app->watched.scanned_at && unsettled.compare;
  const bool lag = !unsettled.compare && lag_turned(*at.environment);
  return compare || unsettled.write || lag;
}

// Those that have something to settle and come after none that has.
std::vector<World::Place> World::to_settle(const std::vector<App*>& apps,
                                           const std::set<const WatchedEnvironment*>& tried) const {
  std::vector<Place> due;
  for (App* app : apps) {
    std::vector<bool> held(app->order.size());
    for (const auto index : app->order) {
      const Place at{app, index, app->watched.environments[index].get()};
      const bool waits = std::ranges::any_of(app->upstream[index],
                                             [&](std::size_t before) { return held[before]; });
      const bool wants = wants_settling(at) && !tried.contains(at.environment);
      if (wants && !waits) {
        due.push_back(at);
      }
      held[index] = wants || waits;
    }
  }
  return due;
}

Awaitable<void> World::catch_up() {
  auto turn = co_await gate_.enter();
  if (!halted_.empty()) {
    co_return;
  }
  std::vector<App*> apps;
  for (const auto& app : apps_) {
    apps.push_back(app.get());
  }
  // What goes wrong is told by write(), once.
  [[maybe_unused]] const auto settled = co_await settle(std::move(apps));
}

std::optional<Settled> World::App::settled_before(std::size_t index) const {
  std::optional<Settled> keys;
  for (const auto before : upstream[index]) {
    const auto& settled = unsettled[before].settled;
    keys = keys ? settled_in_both(*keys, settled) : settled;
  }
  return keys;
}

namespace {

Judgement judgement_of(const Catalog& catalog,
                       const WatchedEnvironment& environment,
                       const Policy& policy,
                       bool database_is_new,
                       TimePoint now) {
  Judgement judgement;
  judgement.learnt = learn(catalog,
                           environment.records,
                           environment.observation,
                           environment.findings,
                           now,
                           database_is_new);
  const auto conclude = [&](std::span<const Record> records) {
    judgement.standing = compare(catalog, records, environment.observation, policy);
    judgement.settled = settled(judgement.standing, records);
  };
  if (judgement.learnt.empty()) {
    conclude(environment.records);
  } else {
    auto records = environment.records;
    records.insert(records.end(), judgement.learnt.begin(), judgement.learnt.end());
    conclude(records);
  }
  judgement.waiting = longest_waiting(judgement.standing, policy.upstream);
  judgement.changes = changes(environment.findings, judgement.standing, now);
  return judgement;
}

}  // namespace

// As many of them, from the first, as learn no more than is good to hold at once.
Awaitable<std::vector<World::Settling>> World::judge(std::vector<Place> due) {
  // Nobody changes what this reads while we hold the gate, and we wait for it whatever happens.
  auto work = [due = std::move(due), now = now_()] {
    std::vector<Settling> settling;
    std::size_t learnt = 0;
    for (const auto& at : due) {
      const App& app = *at.app;
      Settling next{.at = at, .now = now, .judgement = {}};
      if (app.watched.scanned_at && at.unsettled().compare) {
        const Policy policy{at.environment->mode,
                            app.settings.forbid_out_of_order,
                            at.environment->history_certain,
                            app.settled_before(at.index),
                            at.environment->attempts};
        next.judgement = judgement_of(
            app.watched.catalog, *at.environment, policy, at.unsettled().database_is_new, now);
        learnt += next.judgement->learnt.size();
      }
      settling.push_back(std::move(next));
      if (learnt >= records_at_once) {
        break;
      }
    }
    return settling;
  };
  auto settling = co_await workers_.run(std::move(work));
  co_return settling;
}

// One that cannot be written keeps no other from it.
Awaitable<Result<void>> World::settle_together(std::vector<Settling> settling) {
  Result<void> outcome;
  std::vector<Settling> to_write;
  std::vector<Place> places;
  std::vector<Change> changes;
  for (auto& each : settling) {
    if (each.judgement) {
      const App& app = *each.at.app;
      auto kept = co_await keep_contents(app, each.at.environment->ref, each.judgement->learnt);
      if (!kept) {
        outcome = std::move(kept);
        continue;
      }
    }
    Change change = change_of(each);
    if (each.at.unsettled().write || !change.records.empty() || !change.findings.empty() ||
        !change.audit.empty()) {
      places.push_back(each.at);
      changes.push_back(std::move(change));
      to_write.push_back(std::move(each));
    } else {
      believe(std::move(each));
    }
  }
  const auto results = co_await write(std::move(places), std::move(changes));
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (results[i]) {
      believe(std::move(to_write[i]));
    } else {
      outcome = results[i];
    }
  }
  co_return outcome;
}

// What its records, its findings and what is told of it become.
Change World::change_of(const Settling& settling) {
  WatchedEnvironment& environment = *settling.at.environment;
  Change change = begin(settling.at);
  change.at = settling.now;
  if (const auto& judgement = settling.judgement) {
    change.records.insert(change.records.end(), judgement->learnt.begin(), judgement->learnt.end());
    for (const auto& record : judgement->learnt) {
      if (!record.reason.empty()) {
        change.audit.push_back(
            audit_event(settling.now,
                        daemon_itself,
                        "ledger.rewritten",
                        environment.ref,
                        {{"migration", record.id.value}, {"what", record.reason}}));
      }
    }
    change.findings = judgement->changes;
    environment.waiting = judgement->waiting;
  }
  // What waits is known from the first comparison on.
  if ((settling.judgement || !settling.at.unsettled().compare) && lag_turned(environment)) {
    tell_lag(environment, change);
  }
  return change;
}

namespace {

// Not what was seen before, of which nothing newer could be seen.
bool was_read_now(const WatchedEnvironment& environment) {
  const auto& seen = environment.observation;
  return seen && seen->ledger != Observation::Ledger::unreadable && seen->trouble.empty() &&
         seen->at_work.empty();
}

}  // namespace

// What was written, or needs no writing, is what is known from now on.
void World::believe(Settling settling) {
  App& app = *settling.at.app;
  WatchedEnvironment& environment = *settling.at.environment;
  auto& unsettled = settling.at.unsettled();
  if (auto& judgement = settling.judgement) {
    environment.records.insert(
        environment.records.end(), judgement->learnt.begin(), judgement->learnt.end());
    environment.standing = std::move(judgement->standing);
    if (on_compared) {
      on_compared(environment.ref);
    }
    unsettled.compare = false;
    unsettled.database_is_new = unsettled.database_is_new && !was_read_now(environment);
    if (unsettled.settled != judgement->settled) {
      unsettled.settled = std::move(judgement->settled);
      for (std::size_t after = 0; after < app.upstream.size(); ++after) {
        const auto& before = app.upstream[after];
        app.unsettled[after].compare = app.unsettled[after].compare ||
                                       std::ranges::find(before, settling.at.index) != before.end();
      }
    }
  }
  publish(environment);
}

bool World::lag_turned(const WatchedEnvironment& environment) const {
  return environment.lags(instant()) != environment.told.lag_at.has_value();
}

void World::tell_lag(const WatchedEnvironment& environment, Change& change) const {
  Told told = change.told.value_or(environment.told);
  std::map<std::string, std::string> details;
  std::string_view what = "lag.resolved";
  told.lag_at.reset();
  if (environment.lags({change.at, steady_now_()})) {
    what = "lag.opened";
    told.lag_at = change.at;
    details = {{"migration", environment.waiting->id.value},
               {"since", format_time(environment.waiting->since)}};
  }
  change.told = std::move(told);
  change.audit.push_back(
      audit_event(change.at, daemon_itself, what, environment.ref, std::move(details)));
}

}  // namespace tidemark
