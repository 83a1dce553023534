#include "adapters/metrics/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <array>
#include <utility>

#include "adapters/metrics/process.h"
#include "core/text/printable.h"

namespace tidemark {
namespace {

using prometheus::Counter;
using prometheus::Family;
using prometheus::Gauge;
using prometheus::Histogram;
using Labels = std::map<std::string, std::string>;

constexpr std::array poll_outcomes{"ok", "retry", "denied", "broken"};
constexpr std::array task_kinds{"directory", "environment", "housekeeping"};

const Histogram::BucketBoundaries poll_seconds{
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30};
const Histogram::BucketBoundaries lag_seconds{0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1, 5};

double unix_seconds(TimePoint time) {
  return std::chrono::duration<double>(time.time_since_epoch()).count();
}

// Names come from people's configs and their databases; a page with one byte that is no UTF-8 is
// refused whole.
Labels labels_of(const EnvironmentRef& environment) {
  return {{"app", valid_utf8(environment.app)}, {"environment", valid_utf8(environment.name)}};
}

Labels with(Labels labels, std::string_view name, std::string_view value) {
  labels.emplace(name, valid_utf8(value));
  return labels;
}

Family<Gauge>& gauges(prometheus::Registry& registry, const char* name, const char* help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(registry);
}

Family<Counter>& counters(prometheus::Registry& registry, const char* name, const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
}

Family<Histogram>& histograms(prometheus::Registry& registry, const char* name, const char* help) {
  return prometheus::BuildHistogram().Name(name).Help(help).Register(registry);
}

// A series that is there already is found again by its labels.
void set(Family<Gauge>& family, const Labels& labels, double value) {
  family.Add(labels).Set(value);
}

template <class Metric>
void remove(Family<Metric>& family, const Labels& labels) {
  if (family.Has(labels)) {
    family.Remove(&family.Add(labels));
  }
}

}  // namespace

// The one place where metrics are named and explained.
struct Metrics::Registered {
  prometheus::Registry registry;

  Family<Gauge>& build_info =
      gauges(registry, "tidemark_build_info", "Which version of tidemark this is; always 1.");
  Family<Gauge>& environment_info =
      gauges(registry,
             "tidemark_environment_info",
             "An environment's mode, and the tool whose ledger was found there; always 1.");
  Family<Gauge>& migrations =
      gauges(registry,
             "tidemark_migrations",
             "Number of migrations in each state, as the matrix shows them.");
  Family<Gauge>& drift_findings =
      gauges(registry,
             "tidemark_drift_findings",
             "Number of open findings of each kind that nobody acknowledged.");
  Family<Gauge>& acknowledged_findings =
      gauges(registry,
             "tidemark_acknowledged_findings",
             "Number of open findings that somebody acknowledged.");
  Family<Gauge>& reachable =
      gauges(registry,
             "tidemark_environment_reachable",
             "Whether the last poll reached the database. Absent where tidemark never connects.");
  Family<Gauge>& last_successful_poll =
      gauges(registry,
             "tidemark_last_successful_poll_timestamp_seconds",
             "When the environment was last read, in seconds since the Unix epoch.");
  Family<Gauge>& lag = gauges(registry,
                              "tidemark_lag_seconds",
                              "For how long the oldest pending migration has been applied in all "
                              "environments before this one; 0 when none is.");
  Family<Gauge>& overprivileged =
      gauges(registry,
             "tidemark_credential_overprivileged",
             "Whether the credential could do more than read, where tidemark only reads. Absent "
             "where it was never asked.");
  Family<Counter>& polls = counters(
      registry,
      "tidemark_polls_total",
      "Polls by outcome: ok, retry (unreachable), denied (refused us), broken (not understood).");
  Family<Histogram>& poll_duration = histograms(
      registry, "tidemark_poll_duration_seconds", "How long polls took, whatever their outcome.");
  Family<Gauge>& repo_migrations =
      gauges(registry, "tidemark_repo_migrations", "Number of migrations in an app's directory.");
  Family<Gauge>& repo_last_scan =
      gauges(registry,
             "tidemark_repo_last_scan_timestamp_seconds",
             "When an app's directory was last read, in seconds since the Unix epoch.");
  Family<Gauge>& reload_successful = gauges(registry,
                                            "tidemark_config_last_reload_successful",
                                            "Whether the configuration on disk is the one in use.");
  Family<Gauge>& audit_intact =
      gauges(registry,
             "tidemark_audit_verified",
             "Whether the audit log was whole and unaltered when last verified.");
  Family<Gauge>& ledger_writable =
      gauges(registry,
             "tidemark_ledger_writable",
             "Whether tidemark's own ledger took the last change; while it does not, changes are "
             "refused and what is seen is kept in memory.");
  Family<Histogram>& loop_lag =
      histograms(registry,
                 "tidemark_event_loop_lag_seconds",
                 "How late the event loop came to a timer: how long something held it.");
  Family<Counter>& handler_failures =
      counters(registry,
               "tidemark_http_handler_failures_total",
               "Requests and streams that ended in an internal error.");
  Family<Counter>& task_restarts =
      counters(registry,
               "tidemark_task_restarts_total",
               "Tasks that failed by an error of our own and were started again, by kind.");

  std::map<EnvironmentRef, Labels> infos;  // the labels of environment_info that are on the page
};

Metrics::Metrics() : registered_(std::make_unique<Registered>()) {
  set(registered_->build_info, {{"version", TIDEMARK_VERSION}}, 1);
  registered_->handler_failures.Add({});
  for (const auto* kind : task_kinds) {
    registered_->task_restarts.Add({{"task", kind}});
  }
  ledger_writable(true);
  registered_->poll_duration.Add({}, poll_seconds);
  registered_->loop_lag.Add({}, lag_seconds);
}

Metrics::~Metrics() = default;

void Metrics::environment(const EnvironmentFacts& facts) {
  auto& all = *registered_;
  const auto labels = labels_of(facts.environment);
  const auto info = with(with(labels, "mode", to_string(facts.mode)), "tool", facts.tool);
  auto& shown = all.infos[facts.environment];
  if (shown != info) {
    remove(all.environment_info, shown);
    shown = info;
  }
  set(all.environment_info, info, 1);
  for (const auto state : all_cell_states) {
    const auto found = facts.migrations.find(state);
    const auto count = found == facts.migrations.end() ? 0 : found->second;
    set(all.migrations, with(labels, "state", to_string(state)), static_cast<double>(count));
  }
  for (const auto kind : all_finding_kinds) {
    const auto found = facts.findings.find(kind);
    const auto count = found == facts.findings.end() ? 0 : found->second;
    set(all.drift_findings, with(labels, "kind", to_string(kind)), static_cast<double>(count));
  }
  set(all.acknowledged_findings, labels, static_cast<double>(facts.acknowledged));
  if (may_connect(facts.mode)) {
    set(all.reachable, labels, facts.reachable ? 1 : 0);
    for (const auto* outcome : poll_outcomes) {
      all.polls.Add(with(labels, "outcome", outcome));
    }
  } else {
    remove(all.reachable, labels);
  }
  set(all.lag, labels, std::chrono::duration<double>(facts.lag).count());
  if (facts.overprivileged && may_connect(facts.mode)) {
    set(all.overprivileged, labels, *facts.overprivileged ? 1 : 0);
  } else {
    remove(all.overprivileged, labels);
  }
  if (facts.last_successful_poll) {
    set(all.last_successful_poll, labels, unix_seconds(*facts.last_successful_poll));
  } else {
    remove(all.last_successful_poll, labels);
  }
}

void Metrics::remove_environment(const EnvironmentRef& environment) {
  auto& all = *registered_;
  const auto labels = labels_of(environment);
  const auto info = all.infos.find(environment);
  if (info != all.infos.end()) {
    remove(all.environment_info, info->second);
    all.infos.erase(info);
  }
  for (const auto state : all_cell_states) {
    remove(all.migrations, with(labels, "state", to_string(state)));
  }
  for (const auto kind : all_finding_kinds) {
    remove(all.drift_findings, with(labels, "kind", to_string(kind)));
  }
  for (const auto* outcome : poll_outcomes) {
    remove(all.polls, with(labels, "outcome", outcome));
  }
  remove(all.acknowledged_findings, labels);
  remove(all.reachable, labels);
  remove(all.lag, labels);
  remove(all.overprivileged, labels);
  remove(all.last_successful_poll, labels);
}

void Metrics::read(const EnvironmentRef& environment, TimePoint as_of) {
  set(registered_->last_successful_poll, labels_of(environment), unix_seconds(as_of));
}

void Metrics::poll(const EnvironmentRef& environment,
                   std::string_view outcome,
                   std::chrono::duration<double> took) {
  registered_->polls.Add(with(labels_of(environment), "outcome", outcome)).Increment();
  registered_->poll_duration.Add({}, poll_seconds).Observe(took.count());
}

void Metrics::repo(const std::string& app, std::size_t migrations, TimePoint scanned_at) {
  const Labels labels{{"app", valid_utf8(app)}};
  set(registered_->repo_migrations, labels, static_cast<double>(migrations));
  set(registered_->repo_last_scan, labels, unix_seconds(scanned_at));
}

void Metrics::remove_repo(const std::string& app) {
  const Labels labels{{"app", valid_utf8(app)}};
  remove(registered_->repo_migrations, labels);
  remove(registered_->repo_last_scan, labels);
}

void Metrics::reloaded(bool successful) {
  set(registered_->reload_successful, {}, successful ? 1 : 0);
}

void Metrics::audit_verified(bool intact) {
  set(registered_->audit_intact, {}, intact ? 1 : 0);
}

void Metrics::ledger_writable(bool writable) {
  set(registered_->ledger_writable, {}, writable ? 1 : 0);
}

void Metrics::loop_lag(std::chrono::duration<double> late) {
  registered_->loop_lag.Add({}, lag_seconds).Observe(std::max(late.count(), 0.0));
}

void Metrics::task_restarted(std::string_view kind) {
  registered_->task_restarts.Add({{"task", std::string(kind)}}).Increment();
}

void Metrics::handler_failed() {
  registered_->handler_failures.Add({}).Increment();
}

std::string Metrics::page() {
  auto families = registered_->registry.Collect();
  auto process = ProcessMetrics().Collect();
  std::move(process.begin(), process.end(), std::back_inserter(families));
  std::sort(families.begin(), families.end(), [](const auto& a, const auto& b) {
    return a.name < b.name;
  });
  for (auto& family : families) {
    // Each metric's own labels come sorted: they were a map.
    std::sort(family.metric.begin(), family.metric.end(), [](const auto& a, const auto& b) {
      return a.label < b.label;
    });
  }
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace tidemark
