#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "adapters/store/change.h"
#include "adapters/tools/observe.h"
#include "core/apply/attempt.h"
#include "core/apply/freeze.h"
#include "core/catalog/catalog.h"
#include "core/drift/finding.h"
#include "core/drift/lag.h"
#include "core/drift/standing.h"
#include "core/environment/environment.h"
#include "core/environment/mode.h"
#include "core/ledger/observation.h"
#include "core/ledger/record.h"
#include "core/result.h"

namespace tidemark {

// Who says what an environment's mode is.
enum class ModeSource { name, config, admin };

std::string_view to_string(ModeSource source);

// What a failed poll is called in the API, the metrics and the log: retry, denied or broken.
std::string_view poll_outcome(Errc code);

// How the last look at an environment went.
struct LastPoll {
  TimePoint at{};
  std::string outcome;  // ok, retry, denied, broken
  std::string error;
};

// Everything that is known of one environment at this moment. Changed only by World, under its
// gate.
struct WatchedEnvironment {
  EnvironmentRef ref;
  Mode mode = Mode::export_only;
  ModeSource mode_source = ModeSource::name;
  std::chrono::milliseconds poll_interval{60'000};

  std::vector<Record> records;  // oldest first
  std::optional<Observation> observation;
  std::chrono::steady_clock::time_point seen_at;  // its as_of, by the clock that nobody sets
  std::optional<Identity> identity;
  bool history_certain = true;
  std::string history_reason;
  std::vector<StoredFinding> findings;  // open
  std::vector<Attempt> attempts;        // unsettled ones, and the newest of each migration
  std::optional<Freeze> freeze;
  Standing standing;
  std::optional<Waiting> waiting;
  std::chrono::milliseconds lag_after{};
  Told told;

  LedgerShape shape;
  std::optional<LastPoll> last_poll;
  unsigned failures = 0;  // polls failed in a row
  std::string problem;    // what needs a person, beside findings

  bool reachable() const { return last_poll && failures == 0; }
  // The last known cells are older than they should be.
  bool stale(Instant now) const {
    return may_connect(mode) && (!observation || now.steady - seen_at > 3 * poll_interval);
  }
  // How long something has been pending here. While nobody can look, nobody knows whether it still
  // is: then as of the last look.
  std::chrono::milliseconds lag(Instant now) const;
  bool lags(Instant now) const { return lag(now) > lag_after; }
};

// One app with its directory and its environments, in the config's order.
struct WatchedApp {
  std::string name;
  Catalog catalog;
  std::optional<TimePoint> scanned_at;  // empty until the directory was read once
  bool compared = false;                // every environment, with that directory, at least once
  std::string trouble;  // why the directory cannot be read now; the catalog is then the last one
  std::vector<std::unique_ptr<WatchedEnvironment>> environments;
};

}  // namespace tidemark
