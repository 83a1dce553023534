// From what was written to those who want to know: the log, the events, the metrics.

#include "adapters/log/log.h"
#include "adapters/metrics/metrics.h"
#include "daemon/control/document_parts.h"
#include "daemon/control/documents.h"
#include "daemon/world.h"
#include "daemon/world_parts.h"

namespace tidemark {

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
  facts.unknown_outcomes = static_cast<std::size_t>(std::ranges::count(
      environment.attempts, Attempt::Outcome::unknown, &Attempt::outcome));
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
