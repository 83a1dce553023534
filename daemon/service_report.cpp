#include "daemon/service_report.h"

#include <algorithm>

#include "adapters/loop/timer.h"
#include "core/environment/mode.h"

namespace tidemark {
namespace {

constexpr std::chrono::milliseconds news_every{1'000};

std::string counted(std::size_t count, std::string_view one, std::string_view many) {
  return std::to_string(count) + " " + std::string(count == 1 ? one : many);
}

}  // namespace

std::string status_line(const std::vector<const WatchedApp*>& apps,
                        const std::vector<std::string>& notes,
                        TimePoint now) {
  std::size_t environments = 0;
  std::size_t unreachable = 0;
  std::size_t not_seen = 0;
  std::size_t findings = 0;
  for (const auto* app : apps) {
    for (const auto& environment : app->environments) {
      ++environments;
      if (may_connect(environment->mode)) {
        not_seen += environment->last_poll ? 0 : 1;
        unreachable += environment->last_poll && !environment->reachable() ? 1 : 0;
      }
      findings += static_cast<std::size_t>(std::ranges::count_if(
          environment->findings,
          [now](const StoredFinding& finding) { return !finding.acknowledged_at(now); }));
    }
  }
  std::string line = "watching " + counted(environments, "environment", "environments") + " of " +
                     counted(apps.size(), "app", "apps");
  if (not_seen != 0) {
    line += ", " + std::to_string(not_seen) + " not looked at yet";
  }
  if (unreachable != 0) {
    line += ", " + std::to_string(unreachable) + " unreachable";
  }
  if (findings != 0) {
    line += ", " + counted(findings, "finding", "findings");
  }
  for (const auto& note : notes) {
    line += "; " + note;
  }
  return line;
}

ServiceReport::ServiceReport(ServiceManager manager, std::function<std::string()> status)
    : manager_(std::move(manager)), status_(std::move(status)) {}

void ServiceReport::enter(ServicePhase phase) {
  if (phase_ != ServicePhase::stopping) {
    phase_ = phase;
    told_.reset();
    tell_news();
  }
}

void ServiceReport::tell_news() {
  if (!manager_.listens()) {
    return;
  }
  std::string status;
  switch (phase_) {
    case ServicePhase::starting:
      status = "starting";
      break;
    case ServicePhase::ready:
      status = status_();
      break;
    case ServicePhase::reloading:
      status = "reading the config again";
      break;
    case ServicePhase::stopping:
      status = "stopping";
      break;
  }
  if (told_ != status && manager_.tell(phase_, status)) {
    told_ = std::move(status);
  }
}

Awaitable<void> ServiceReport::run() {
  if (!manager_.listens()) {
    co_return;
  }
  std::chrono::steady_clock::duration pause = news_every;
  if (const auto watchdog = manager_.watchdog(); watchdog) {
    pause = std::min<std::chrono::steady_clock::duration>(pause, *watchdog / 3);
  }
  for (;;) {
    if (manager_.watchdog()) {
      manager_.tell_alive();
    }
    tell_news();
    const bool slept = co_await wait_for(pause);
    if (!slept) {
      co_return;
    }
  }
}

}  // namespace tidemark
