// From what is known to what is shown: compared, written to our ledger, and only then believed.

#include <algorithm>

#include "adapters/log/log.h"
#include "adapters/metrics/metrics.h"
#include "adapters/store/ledger.h"
#include "core/drift/compare.h"
#include "core/drift/history.h"
#include "daemon/control/document_parts.h"
#include "daemon/control/documents.h"
#include "daemon/world.h"
#include "daemon/world_parts.h"

namespace tidemark {

namespace {

// Contents go to the ledger in portions, so that the first look at a large directory needs no
// memory for all of it.
constexpr std::size_t contents_at_once = 16U << 20U;

}  // namespace

// Compares what changed, in promotion order: what one environment has settled is what makes
// migrations due in the next.
Awaitable<Result<void>> World::settle(App& app) {
  Result<void> outcome;
  for (const auto index : app.order) {
    const auto& unsettled = app.unsettled[index];
    const bool compare = app.watched.scanned_at && unsettled.compare;
    const bool lag = !unsettled.compare && lag_turned(*app.watched.environments[index]);
    if (!compare && !unsettled.write && !lag) {
      continue;
    }
    auto settled = co_await settle_environment(app, index);
    if (!settled) {
      outcome = std::move(settled);
    }
  }
  app.watched.compared = app.watched.compared || (app.watched.scanned_at && outcome);
  co_return outcome;
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
  for (App* app : apps) {
    // What goes wrong is told by write(), once.
    [[maybe_unused]] const auto settled = co_await settle(*app);
  }
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

struct Judgement {
  std::vector<Record> learnt;
  Standing standing;
  Settled settled;
  std::optional<Waiting> waiting;
  FindingChanges changes;
};

Judgement judge(const Catalog& catalog,
                const WatchedEnvironment& environment,
                const Policy& policy,
                TimePoint now) {
  Judgement judgement;
  judgement.learnt = learn(catalog, environment.records, environment.observation, now);
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

Awaitable<Result<void>> World::settle_environment(App& app, std::size_t index) {
  WatchedEnvironment& environment = *app.watched.environments[index];
  const Place at{&app, index, &environment};
  auto& unsettled = at.unsettled();
  const bool compare = app.watched.scanned_at && unsettled.compare;
  const auto now = now_();
  Judgement judgement;
  if (compare) {
    // Nobody changes what this reads while we hold the gate, and we wait for it whatever happens.
    auto work = [&app, &environment, index, now] {
      const Policy policy{environment.mode,
                          app.settings.forbid_out_of_order,
                          environment.history_certain,
                          app.settled_before(index)};
      return judge(app.watched.catalog, environment, policy, now);
    };
    judgement = co_await workers_.run(std::move(work));
    auto kept = co_await keep_contents(app, environment.ref, judgement.learnt);
    if (!kept) {
      co_return kept;
    }
  }
  Change change = begin(at);
  change.at = now;
  change.records.insert(change.records.end(), judgement.learnt.begin(), judgement.learnt.end());
  for (const auto& record : judgement.learnt) {
    if (!record.reason.empty()) {
      change.audit.push_back(
          audit_event(now,
                      daemon_itself,
                      "ledger.rewritten",
                      environment.ref,
                      {{"migration", record.id.value}, {"what", record.reason}}));
    }
  }
  change.findings = judgement.changes;
  if (compare) {
    environment.waiting = std::move(judgement.waiting);
  }
  // What waits is known from the first comparison on.
  if ((compare || !unsettled.compare) && lag_turned(environment)) {
    tell_lag(environment, change);
  }
  const bool anything = unsettled.write || !change.records.empty() || !change.findings.empty() ||
                        !change.audit.empty();
  if (anything) {
    auto written = co_await write(at, std::move(change));
    if (!written) {
      co_return written;
    }
  }
  if (compare) {
    environment.records.insert(
        environment.records.end(), judgement.learnt.begin(), judgement.learnt.end());
    environment.standing = std::move(judgement.standing);
    unsettled.compare = false;
    if (unsettled.settled != judgement.settled) {
      unsettled.settled = std::move(judgement.settled);
      for (std::size_t after = 0; after < app.upstream.size(); ++after) {
        const auto& before = app.upstream[after];
        app.unsettled[after].compare =
            app.unsettled[after].compare || std::ranges::find(before, index) != before.end();
      }
    }
  }
  publish(environment);
  co_return Result<void>{};
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

// The contents that records refer to, read again from the directory; one that changed meanwhile is
// looked at anew by the scan that noticed.
Awaitable<Result<void>> World::keep_contents(App& app,
                                             EnvironmentRef ref,
                                             std::vector<Record> records) {
  std::vector<std::pair<std::string, Digest>> wanted;
  const auto files = by_key(app.watched.catalog);
  for (const auto& record : records) {
    const Migration* file = find(files, record.key);
    if (record.content && file != nullptr && record.content->raw == file->content.raw &&
        file->content.size <= content_size_max) {
      wanted.emplace_back(file->file, file->content.raw);
    }
  }
  if (!wanted.empty() && app.contents) {
    auto work = [this, ref, read = app.contents, wanted = std::move(wanted), now = now_()]()
        -> Result<void> {
      Change portion;
      portion.environment = ref;
      portion.at = now;
      std::size_t size = 0;
      const auto write_portion = [&]() -> Result<void> {
        const auto written = ledger_.commit(portion);
        portion.contents.clear();
        size = 0;
        return written ? Result<void>{} : std::unexpected(written.error());
      };
      for (const auto& [file, digest] : wanted) {
        const auto known = ledger_.has_content(digest);
        if (known && *known) {
          continue;
        }
        auto bytes = read(file, digest);
        if (bytes) {
          size += bytes->size();
          portion.contents.push_back({digest, std::move(*bytes)});
        }
        if (size >= contents_at_once) {
          if (auto written = write_portion(); !written) {
            return written;
          }
        }
      }
      return portion.contents.empty() ? Result<void>{} : write_portion();
    };
    auto kept = co_await store_.run(std::move(work));
    if (!kept) {
      note_trouble(kept.error());
      co_return kept;
    }
  }
  co_return Result<void>{};
}

void World::note_trouble(const Error& error) {
  // Told once: the same trouble reads differently for each environment that waits to be written.
  if (ledger_trouble_.empty()) {
    log_error("our ledger cannot be written", {{"error", error.detail}});
  }
  ledger_trouble_ = error.detail;
  metrics_.ledger_writable(false);
}

void World::note_written() {
  if (!ledger_trouble_.empty()) {
    log_info("our ledger can be written again");
  }
  ledger_trouble_.clear();
  metrics_.ledger_writable(true);
}

// A change of an environment takes along what is still to be written of it: written later, that
// would undo this.
Change World::begin(const Place& at) const {
  Change change = at.unsettled().change;
  change.environment = at.environment->ref;
  change.at = now_();
  return change;
}

Awaitable<Result<void>> World::write(Place at, Change change) {
  if (auto allowed = may_change(); !allowed) {
    co_return allowed;
  }
  const auto told = change.told;
  auto work = [this, change = std::move(change)] { return ledger_.commit(change); };
  auto committed = co_await store_.run(std::move(work));
  if (!committed) {
    note_trouble(committed.error());
    co_return std::unexpected(committed.error());
  }
  note_written();
  if (told) {
    take(*at.environment, *told);
  }
  at.unsettled().change = Change{};
  at.unsettled().write = false;
  take(*at.environment, *committed);
  co_return Result<void>{};
}

namespace {

constexpr std::size_t findings_told_at_once = 20;

// A directory that vanishes as a whole shall not drown the log; the audit log names each finding.
void log_findings(std::string_view one,
                  std::string_view many,
                  const EnvironmentRef& environment,
                  const std::vector<StoredFinding>& findings) {
  if (findings.size() > findings_told_at_once) {
    log_info(many, {{"environment", environment.text()}, {"count", findings.size()}});
    return;
  }
  for (const auto& finding : findings) {
    log_info(one,
             {{"environment", environment.text()},
              {"kind", to_string(finding.finding.kind)},
              {"migration", finding.finding.id.value},
              {"id", finding.id}});
  }
}

}  // namespace

void World::take(WatchedEnvironment& environment, const Committed& committed) {
  const auto now = now_();
  const auto tell = [&](std::string type, const StoredFinding& finding) {
    events_.publish(
        std::move(type), environment.ref, now, finding_document(finding, environment.ref));
  };
  log_findings("finding opened", "findings opened", environment.ref, committed.opened);
  log_findings("finding resolved", "findings resolved", environment.ref, committed.resolved);
  for (const auto& finding : committed.opened) {
    environment.findings.push_back(finding);
    tell("finding.opened", finding);
  }
  std::map<std::string_view, const StoredFinding*> updated;
  for (const auto& finding : committed.updated) {
    updated.emplace(finding.id, &finding);
    tell("finding.updated", finding);
  }
  std::set<std::string_view> resolved;
  for (const auto& finding : committed.resolved) {
    resolved.insert(finding.id);
    tell("finding.resolved", finding);
  }
  std::erase_if(environment.findings, [&](const auto& f) { return resolved.contains(f.id); });
  for (auto& finding : environment.findings) {
    if (const auto at = updated.find(finding.id); at != updated.end()) {
      finding = *at->second;
    }
  }
}

void World::take(WatchedEnvironment& environment, const Told& told) {
  const bool lags = told.lag_at.has_value();
  if (lags != environment.told.lag_at.has_value()) {
    boost::json::object data;
    if (lags && environment.waiting) {
      data = {{"migration", text(environment.waiting->id.value)},
              {"since", format_time(environment.waiting->since)}};
    }
    log_info(lags ? "migrations wait too long" : "nothing waits too long any more",
             {{"environment", environment.ref.text()},
              {"oldest", lags && environment.waiting ? environment.waiting->id.value : ""}});
    events_.publish(lags ? "lag.opened" : "lag.resolved", environment.ref, now_(), std::move(data));
  }
  environment.told = told;
}

void World::publish(const WatchedEnvironment& environment) {
  const auto now = instant();
  EnvironmentFacts facts;
  facts.environment = environment.ref;
  facts.mode = environment.mode;
  facts.tool = environment.observation ? environment.observation->tool : "";
  for (const auto state : all_cell_states) {
    facts.migrations[state] = environment.standing.count(state);
  }
  for (const auto& finding : environment.findings) {
    if (finding.acknowledged_at(now.wall)) {
      ++facts.acknowledged;
    } else {
      ++facts.findings[finding.finding.kind];
    }
  }
  facts.reachable = environment.reachable();
  facts.lag = environment.lag(now);
  if (const auto& excess = environment.told.excess_privileges) {
    facts.overprivileged = !excess->empty();
  }
  if (environment.observation && may_connect(environment.mode)) {
    facts.last_successful_poll = environment.observation->as_of;
  }
  metrics_.environment(facts);
}

void World::publish_what_ages() {
  for (const auto& app : apps_) {
    for (const auto& environment : app->watched.environments) {
      const bool any = std::ranges::any_of(environment->findings, [](const auto& finding) {
        return finding.acknowledged.has_value();
      });
      if (any || environment->waiting) {
        publish(*environment);
      }
    }
  }
}

}  // namespace tidemark
