#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/apply/attempt.h"
#include "core/apply/freeze.h"
#include "core/audit/event.h"
#include "core/drift/finding.h"
#include "core/environment/environment.h"
#include "core/environment/mode.h"
#include "core/ledger/observation.h"
#include "core/ledger/record.h"

namespace tidemark {

// What goes into our ledger and what comes out of it.

// Contents above this are recorded by their hash alone.
inline constexpr std::size_t content_size_max = 64U << 20U;

struct ContentBytes {
  Digest digest;
  std::string bytes;
  friend bool operator==(const ContentBytes&, const ContentBytes&) = default;
};

// The mode that an admin set over the control socket. nullopt: taken back, config and name decide
// again.
struct ModeFlip {
  std::optional<Mode> mode;
  std::string by;
  std::string reason;
  friend bool operator==(const ModeFlip&, const ModeFlip&) = default;
};

// What people were told of an environment beside findings, so that a restart does not tell it
// again.
struct Told {
  std::optional<TimePoint> lag_at;  // that migrations wait there; nullopt: that none does
  std::optional<std::string>
      excess_privileges;  // what its credential could write; nullopt: not asked
  friend bool operator==(const Told&, const Told&) = default;
};

struct History {
  bool certain = true;
  std::string reason;  // why it is not
  friend bool operator==(const History&, const History&) = default;
};

// All that is remembered of one environment.
struct EnvironmentState {
  ModeFlip flip;
  std::optional<Mode> last_mode;        // the mode that it was last seen in, whoever said so
  std::optional<TimePoint> mode_since;  // since when it has been in that one
  std::optional<Identity> identity;
  History history;
  Told told;
  std::vector<Record> records;  // oldest first
  std::optional<Observation> observation;
  std::vector<StoredFinding> findings;  // the open ones, oldest first
  // Those that nobody has settled, and the newest that ended of each key; oldest first.
  std::vector<Attempt> attempts;
  std::optional<Freeze> freeze;
  friend bool operator==(const EnvironmentState&, const EnvironmentState&) = default;
};

// What changes in one environment, all of it or nothing. What is empty stays as it is.
struct Change {
  EnvironmentRef environment;
  TimePoint at{};
  std::vector<Record> records;
  std::vector<ContentBytes> contents;
  std::optional<Observation> observation;
  FindingChanges findings;
  std::optional<ModeFlip> flip;
  std::optional<Mode> last_mode;
  std::optional<Identity> identity;
  std::optional<History> history;
  std::optional<Told> told;
  // One whose id is new begins, and is open. One that is known goes on or ends: its mark, journal
  // and end are written down, and what it set out to do has to be what it was. In this order.
  std::vector<Attempt> attempts;
  std::optional<std::optional<Freeze>> freeze;  // an empty one within: it has ended
  std::vector<AuditEvent> audit;  // the events of findings are added by the ledger itself
};

// What became of it: opened findings have their ids, and the audit entries are those that were
// written.
struct Committed {
  std::vector<StoredFinding> opened;
  std::vector<StoredFinding> updated;
  std::vector<StoredFinding> resolved;
  std::vector<AuditEntry> audit;
};

struct ListedFinding {
  EnvironmentRef environment;
  StoredFinding stored;
  friend bool operator==(const ListedFinding&, const ListedFinding&) = default;
};

struct FindingFilter {
  std::string app;          // empty: of every app
  std::string environment;  // empty: of every environment
  bool include_resolved = false;
};

struct AuditFilter {
  std::optional<TimePoint> since;
  std::string app;              // empty: whatever it concerns
  std::uint64_t after_seq = 0;  // for reading on where the last answer ended
  std::size_t limit = 1000;
};

struct AuditCheck {
  bool ok = true;
  std::uint64_t entries = 0;  // how many were read
  std::uint64_t first_bad =
      0;  // the number of the first entry that is not as it was written, or is missing
  std::string problem;
  AuditMark last;  // the last good entry
  friend bool operator==(const AuditCheck&, const AuditCheck&) = default;
};

struct Pruned {
  std::int64_t findings = 0;
  std::int64_t contents = 0;
  friend bool operator==(const Pruned&, const Pruned&) = default;
};

}  // namespace tidemark
