#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/config/settings.h"
#include "adapters/store/change.h"
#include "daemon/world.h"

namespace tidemark {

// The inside of World, for the files that it is written in.

inline constexpr std::string_view daemon_itself = "tidemark";

inline AuditEvent audit_event(TimePoint at,
                              std::string_view actor,
                              std::string_view what,
                              const EnvironmentRef& ref,
                              std::map<std::string, std::string> details) {
  return {at, std::string(actor), std::string(what), ref.app, ref.name, std::move(details)};
}

// What belongs to an app beside what is shown of it.
struct World::App {
  AppSettings settings;
  ContentReader contents;
  std::vector<std::vector<std::size_t>> upstream;  // of each environment
  std::vector<std::size_t> order;                  // upstream first

  struct Unsettled {
    bool compare = true;  // something that compare() looks at has changed
    Settled settled;      // what it makes due downstream, as last compared
    Change change;        // to be written with the next settling
    bool write = false;   // there is something in it
    // What was learnt of their ledger is of a database that is gone, until the new one was read.
    bool database_is_new = false;
    std::chrono::steady_clock::time_point age_written;
  };

  // What is applied without drift in all that this one comes after; nullopt: it comes after none.
  std::optional<Settled> settled_before(std::size_t index) const;
  std::vector<Unsettled> unsettled;  // of each environment
  WatchedApp watched;
};

struct World::Place {
  App* app = nullptr;
  std::size_t index = 0;
  WatchedEnvironment* environment = nullptr;
  explicit operator bool() const { return environment != nullptr; }
  App::Unsettled& unsettled() const { return app->unsettled[index]; }
};

// An attempt on its way into our ledger, with what comes with it, and what the audit log and
// listeners are told; of nothing by name: nothing.
struct World::AttemptStep {
  Attempt attempt;
  std::vector<Record> records;
  std::vector<ContentBytes> contents;
  std::string what;
  std::map<std::string, std::string> details;
  std::string actor;  // empty: who has begun the attempt
};

// A look at an environment that has come in.
struct World::Arrival {
  EnvironmentRef ref;
  Observation observation;
  LedgerShape shape;
  std::optional<Result<void>> outcome;  // once it is known
};

// What comparing an environment said.
struct Judgement {
  std::vector<Record> learnt;
  Standing standing;
  Settled settled;
  std::optional<Waiting> waiting;
  FindingChanges changes;
};

// An environment on its way into our ledger.
struct World::Settling {
  Place at;
  TimePoint now{};
  std::optional<Judgement> judgement;  // empty: there was nothing to compare
};

// What was learnt of their ledger becomes ours, as a part of a change with its line in the audit
// log.
void adopt_with(Change& change,
                const std::vector<Record>& adopted,
                std::string_view by,
                const std::string& reason);

}  // namespace tidemark
