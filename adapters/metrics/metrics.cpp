#include "adapters/metrics/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <array>
#include <mutex>
#include <ranges>
#include <span>
#include <sstream>
#include <unordered_map>
#include <utility>
#include <vector>

#include "adapters/metrics/process.h"
#include "core/text/printable.h"

namespace tidemark {
namespace {

using prometheus::ClientMetric;
using prometheus::Counter;
using prometheus::Family;
using prometheus::Gauge;
using prometheus::Histogram;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::map<std::string, std::string>;

constexpr std::array<std::string_view, 4> poll_outcomes{"ok", "retry", "denied", "broken"};
constexpr std::array<std::string_view, 4> apply_outcomes{
    "applied", "failed", "cancelled", "unknown"};

std::string_view to_string(std::string_view outcome) {
  return outcome;
}

constexpr std::array task_kinds{
    "apply", "directory", "environment", "housekeeping", "loop", "reload", "service", "signals"};

const Histogram::BucketBoundaries apply_seconds{
    0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600, 14400};
const Histogram::BucketBoundaries poll_seconds{
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30};
const Histogram::BucketBoundaries lag_seconds{0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1, 5};

double unix_seconds(TimePoint time) {
  return std::chrono::duration<double>(time.time_since_epoch()).count();
}

// What the page says of one environment. Counts are in the order of the names that they are shown
// by.
struct Shown {
  EnvironmentRef environment;  // as labels
  Mode mode = Mode::export_only;
  std::string tool;
  std::array<std::size_t, all_cell_states.size()> migrations{};
  std::array<std::size_t, all_finding_kinds.size()> findings{};
  std::array<std::size_t, poll_outcomes.size()> polls{};
  std::array<std::size_t, apply_outcomes.size()> applies{};
  std::size_t unknown_outcomes = 0;
  std::size_t acknowledged = 0;
  bool reachable = false;
  double lag = 0;
  std::optional<bool> overprivileged;
  std::optional<double> last_successful_poll;

  // Names come from people's configs and their databases; a page with one byte that is no UTF-8 is
  // refused whole.
  void take(const EnvironmentFacts& facts) {
    environment = {valid_utf8(facts.environment.app), valid_utf8(facts.environment.name)};
    mode = facts.mode;
    tool = valid_utf8(facts.tool);
    take_counts(migrations, all_cell_states, facts.migrations);
    take_counts(findings, all_finding_kinds, facts.findings);
    acknowledged = facts.acknowledged;
    unknown_outcomes = facts.unknown_outcomes;
    reachable = facts.reachable;
    lag = std::chrono::duration<double>(facts.lag).count();
    overprivileged = may_connect(mode) ? facts.overprivileged : std::nullopt;
    last_successful_poll.reset();
    if (facts.last_successful_poll) {
      last_successful_poll = unix_seconds(*facts.last_successful_poll);
    }
  }

 private:
  static void take_counts(auto& counts, const auto& names, const auto& told) {
    for (std::size_t i = 0; i < names.size(); ++i) {
      const auto found = told.find(names[i]);
      counts[i] = found == told.end() ? 0 : found->second;
    }
  }
};

// The samples of one family, as they are written.
class Series {
 public:
  explicit Series(std::vector<ClientMetric>& samples) : samples_(samples) {}

  void add(const Shown& of, double value, std::vector<ClientMetric::Label> more = {}) {
    auto& sample = samples_.emplace_back();
    sample.label.reserve(2 + more.size());
    sample.label.push_back({"app", of.environment.app});
    sample.label.push_back({"environment", of.environment.name});
    std::ranges::move(more, std::back_inserter(sample.label));
    sample.gauge.value = value;
    sample.counter.value = value;
  }

  void add(const Shown& of, const char* label, const auto& names, const auto& counts) {
    for (std::size_t i = 0; i < names.size(); ++i) {
      add(of, static_cast<double>(counts[i]), {{label, std::string(to_string(names[i]))}});
    }
  }

 private:
  std::vector<ClientMetric>& samples_;
};

struct EnvironmentFamily {
  std::string_view name;
  const char* help;
  MetricType type;
  void (*add)(const Shown&, Series&);
};

// What is told of each environment, named and explained.
const std::array environment_families{
    EnvironmentFamily{
        "tidemark_environment_info",
        "An environment's mode, and the tool whose ledger was found there; always 1.",
        MetricType::Gauge,
        [](const Shown& of, Series& series) {
          series.add(of, 1, {{"mode", std::string(to_string(of.mode))}, {"tool", of.tool}});
        }},
    EnvironmentFamily{"tidemark_migrations",
                      "Number of migrations in each state, as the matrix shows them.",
                      MetricType::Gauge,
                      [](const Shown& of, Series& series) {
                        series.add(of, "state", all_cell_states, of.migrations);
                      }},
    EnvironmentFamily{"tidemark_drift_findings",
                      "Number of open findings of each kind that nobody acknowledged.",
                      MetricType::Gauge,
                      [](const Shown& of, Series& series) {
                        series.add(of, "kind", all_finding_kinds, of.findings);
                      }},
    EnvironmentFamily{"tidemark_acknowledged_findings",
                      "Number of open findings that somebody acknowledged.",
                      MetricType::Gauge,
                      [](const Shown& of, Series& series) {
                        series.add(of, static_cast<double>(of.acknowledged));
                      }},
    EnvironmentFamily{
        "tidemark_environment_reachable",
        "Whether the last poll reached the database. Absent where tidemark never connects.",
        MetricType::Gauge,
        [](const Shown& of, Series& series) {
          if (may_connect(of.mode)) {
            series.add(of, of.reachable ? 1 : 0);
          }
        }},
    EnvironmentFamily{"tidemark_last_successful_poll_timestamp_seconds",
                      "When the environment was last read, in seconds since the Unix epoch.",
                      MetricType::Gauge,
                      [](const Shown& of, Series& series) {
                        if (of.last_successful_poll) {
                          series.add(of, *of.last_successful_poll);
                        }
                      }},
    EnvironmentFamily{"tidemark_lag_seconds",
                      "For how long the oldest pending migration has been applied in all "
                      "environments before this one; 0 when none is.",
                      MetricType::Gauge,
                      [](const Shown& of, Series& series) { series.add(of, of.lag); }},
    EnvironmentFamily{
        "tidemark_credential_overprivileged",
        "Whether the credential could do more than read, where tidemark only reads. Absent "
        "where it was never asked.",
        MetricType::Gauge,
        [](const Shown& of, Series& series) {
          if (of.overprivileged) {
            series.add(of, *of.overprivileged ? 1 : 0);
          }
        }},
    EnvironmentFamily{
        "tidemark_polls_total",
        "Polls by outcome: ok, retry (unreachable), denied (refused us), broken (not understood).",
        MetricType::Counter,
        [](const Shown& of, Series& series) {
          if (may_connect(of.mode)) {
            series.add(of, "outcome", poll_outcomes, of.polls);
          }
        }},
    EnvironmentFamily{"tidemark_applies_total",
                      "Migrations applied or rolled back by tidemark, by outcome.",
                      MetricType::Counter,
                      [](const Shown& of, Series& series) {
                        if (of.mode == Mode::managed) {
                          series.add(of, "outcome", apply_outcomes, of.applies);
                        }
                      }},
    EnvironmentFamily{
        "tidemark_unknown_outcomes",
        "Attempts to apply of which nobody knows what became of them: a person settles them.",
        MetricType::Gauge,
        [](const Shown& of, Series& series) {
          series.add(of, static_cast<double>(of.unknown_outcomes));
        }},
};

// A few environments at a time: the serializer wants all samples of a family in memory, where they
// take some hundred bytes each.
void write(std::ostream& page,
           const EnvironmentFamily& what,
           std::span<const Shown> environments,
           prometheus::MetricFamily family) {
  constexpr std::size_t at_a_time = 100;
  constexpr int head_lines = 2;  // HELP and TYPE
  bool begun = false;
  while (!environments.empty()) {
    const auto some = environments.first(std::min(at_a_time, environments.size()));
    environments = environments.subspan(some.size());
    family.metric.clear();
    Series series(family.metric);
    for (const auto& environment : some) {
      what.add(environment, series);
    }
    if (family.metric.empty()) {
      continue;
    }
    std::ostringstream part;
    prometheus::TextSerializer().Serialize(part, {family});
    auto text = part.view();
    for (int i = 0; begun && i < head_lines; ++i) {
      text.remove_prefix(text.find('\n') + 1);
    }
    page << text;
    begun = true;
  }
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

// What is told of the daemon and its apps, named and explained.
struct Metrics::Registered {
  prometheus::Registry registry;

  Family<Gauge>& build_info =
      gauges(registry, "tidemark_build_info", "Which version of tidemark this is; always 1.");
  Family<Histogram>& poll_duration = histograms(
      registry, "tidemark_poll_duration_seconds", "How long polls took, whatever their outcome.");
  Histogram& polls_took = poll_duration.Add({}, poll_seconds);
  Family<Histogram>& apply_duration =
      histograms(registry,
                 "tidemark_apply_duration_seconds",
                 "How long migrations took to be applied, whatever their outcome.");
  Histogram& applies_took = apply_duration.Add({}, apply_seconds);
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
  Histogram& loop_was_late = loop_lag.Add({}, lag_seconds);
  Family<Counter>& handler_failures =
      counters(registry,
               "tidemark_http_handler_failures_total",
               "Requests and streams that ended in an internal error.");
  Family<Counter>& task_restarts =
      counters(registry,
               "tidemark_task_restarts_total",
               "Tasks that failed by an error of our own and were started again, by kind.");

  // Looks and scrapes come often and count in thousands: what is told of an environment is kept in
  // one place, and becomes series on the page only. The pool reads it there.
  std::mutex mutex;
  std::unordered_map<EnvironmentRef, Shown, EnvironmentRef::Hash> environments;

  std::vector<Shown> shown() {
    auto all = copied();
    std::ranges::sort(all, {}, &Shown::environment);
    return all;
  }

 private:
  std::vector<Shown> copied() {
    std::vector<Shown> all;
    const std::lock_guard lock(mutex);
    all.reserve(environments.size());
    std::ranges::copy(environments | std::views::values, std::back_inserter(all));
    return all;
  }
};

Metrics::Metrics() : registered_(std::make_unique<Registered>()) {
  set(registered_->build_info, {{"version", TIDEMARK_VERSION}}, 1);
  registered_->handler_failures.Add({});
  for (const auto* kind : task_kinds) {
    registered_->task_restarts.Add({{"task", kind}});
  }
  ledger_writable(true);
}

Metrics::~Metrics() = default;

void Metrics::environment(const EnvironmentFacts& facts) {
  const std::lock_guard lock(registered_->mutex);
  registered_->environments[facts.environment].take(facts);
}

void Metrics::remove_environment(const EnvironmentRef& environment) {
  const std::lock_guard lock(registered_->mutex);
  registered_->environments.erase(environment);
}

void Metrics::read(const EnvironmentRef& environment, TimePoint as_of) {
  const std::lock_guard lock(registered_->mutex);
  const auto shown = registered_->environments.find(environment);
  if (shown != registered_->environments.end()) {
    shown->second.last_successful_poll = unix_seconds(as_of);
  }
}

void Metrics::poll(const EnvironmentRef& environment,
                   std::string_view outcome,
                   std::chrono::duration<double> took) {
  registered_->polls_took.Observe(took.count());
  const std::lock_guard lock(registered_->mutex);
  const auto shown = registered_->environments.find(environment);
  const auto* at = std::ranges::find(poll_outcomes, outcome);
  if (shown != registered_->environments.end() && at != poll_outcomes.end()) {
    ++shown->second.polls.at(static_cast<std::size_t>(at - poll_outcomes.begin()));
  }
}

void Metrics::applied(const EnvironmentRef& environment,
                      std::string_view outcome,
                      std::optional<std::chrono::duration<double>> took) {
  if (took) {
    registered_->applies_took.Observe(took->count());
  }
  const std::lock_guard lock(registered_->mutex);
  const auto shown = registered_->environments.find(environment);
  const auto* at = std::ranges::find(apply_outcomes, outcome);
  if (shown != registered_->environments.end() && at != apply_outcomes.end()) {
    ++shown->second.applies.at(static_cast<std::size_t>(at - apply_outcomes.begin()));
  }
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
  registered_->loop_was_late.Observe(std::max(late.count(), 0.0));
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
  for (auto& family : families) {
    // Each metric's own labels come sorted: they were a map.
    std::sort(family.metric.begin(), family.metric.end(), [](const auto& a, const auto& b) {
      return a.label < b.label;
    });
  }
  for (const auto& family : environment_families) {
    families.push_back({std::string(family.name), family.help, family.type, {}});
  }
  std::sort(families.begin(), families.end(), [](const auto& a, const auto& b) {
    return a.name < b.name;
  });
  const auto environments = registered_->shown();
  std::ostringstream page;
  for (auto& family : families) {
    const auto* of_environments =
        std::ranges::find(environment_families, family.name, &EnvironmentFamily::name);
    if (of_environments != environment_families.end()) {
      write(page, *of_environments, environments, std::move(family));
    } else if (!family.metric.empty()) {
      prometheus::TextSerializer().Serialize(page, {std::move(family)});
    }
  }
  return std::move(page).str();
}

}  // namespace tidemark
