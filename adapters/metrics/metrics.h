#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/drift/finding.h"
#include "core/drift/standing.h"
#include "core/environment/environment.h"
#include "core/environment/mode.h"
#include "core/time.h"

namespace tidemark {

// What the metrics say of one environment. States and kinds that are absent count as 0.
struct EnvironmentFacts {
  EnvironmentRef environment;
  Mode mode = Mode::export_only;
  std::string tool;  // empty: none recognised
  std::map<CellState, std::size_t> migrations;
  std::map<FindingKind, std::size_t> findings;  // open, not acknowledged
  std::size_t acknowledged = 0;
  std::size_t unknown_outcomes = 0;
  bool reachable = false;
  std::chrono::milliseconds lag{0};    // of the oldest pending migration
  std::optional<bool> overprivileged;  // nullopt: nobody asked
  std::optional<TimePoint> last_successful_poll;
};

// Every metric of the daemon, registered in one place; names and labels are the contract of
// interface.md. Called on the loop only.
class Metrics {
 public:
  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  void environment(const EnvironmentFacts& facts);
  // What comes afterwards of a look at it is not told any more.
  void remove_environment(const EnvironmentRef& environment);
  // It was read, and is as it was.
  void read(const EnvironmentRef& environment, TimePoint as_of);
  // `outcome`: ok, retry, denied, broken.
  void poll(const EnvironmentRef& environment,
            std::string_view outcome,
            std::chrono::duration<double> took);
  // `outcome`: applied, failed, cancelled, unknown. What failed before it began has no duration.
  void applied(const EnvironmentRef& environment,
               std::string_view outcome,
               std::optional<std::chrono::duration<double>> took);
  void repo(const std::string& app, std::size_t migrations, TimePoint scanned_at);
  void remove_repo(const std::string& app);
  void reloaded(bool successful);
  void audit_verified(bool intact);
  void ledger_writable(bool writable);
  void loop_lag(std::chrono::duration<double> late);
  void handler_failed();
  void task_restarted(std::string_view kind);

  static constexpr std::string_view content_type = "text/plain; version=0.0.4; charset=utf-8";
  // The text page, in an order that does not change from scrape to scrape. It may run on the pool,
  // the only one here that may, and holds nobody up for longer than it takes to copy what was told.
  std::string page();

 private:
  struct Registered;
  std::unique_ptr<Registered> registered_;
};

}  // namespace tidemark
