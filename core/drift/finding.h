#pragma once

#include <array>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/catalog/migration.h"
#include "core/time.h"

namespace tidemark {

enum class FindingKind {
  edited,
  removed,
  foreign,
  unrecorded,
  vanished,
  checksum,
  dirty,
  out_of_order,
  schema,
  invalid_index,
  unreadable,  // of the environment: its ledger is there and may not be read
};

inline constexpr std::array all_finding_kinds{FindingKind::edited,
                                              FindingKind::removed,
                                              FindingKind::foreign,
                                              FindingKind::unrecorded,
                                              FindingKind::vanished,
                                              FindingKind::checksum,
                                              FindingKind::dirty,
                                              FindingKind::out_of_order,
                                              FindingKind::schema,
                                              FindingKind::invalid_index,
                                              FindingKind::unreadable};

enum class Severity { drift, warning };

std::string_view to_string(FindingKind kind);
std::string_view to_string(Severity severity);
std::optional<FindingKind> parse_finding_kind(std::string_view text);
std::optional<Severity> parse_severity(std::string_view text);

// One thing that is wrong in one environment, as a comparison sees it: a level, without a life of
// its own. Its identity is kind and subject; nothing that merely passes (an age, a counter) belongs
// into it.
struct Finding {
  FindingKind kind = FindingKind::edited;
  Key key;  // what it is about: a migration's key, or the object's name where it concerns no single
            // migration
  MigrationId id;
  Severity severity = Severity::drift;
  bool environmental = false;                  // concerns no single migration
  std::string summary;                         // one line for people
  std::map<std::string, std::string> details;  // the evidence; a change of it is an update
  friend bool operator==(const Finding&, const Finding&) = default;
};

struct Acknowledgement {
  std::string by;
  std::string reason;
  TimePoint at{};
  std::optional<TimePoint> until;
  friend bool operator==(const Acknowledgement&, const Acknowledgement&) = default;
};

// A finding with its life: opened once, updated while it lasts, resolved when the cause is gone.
struct StoredFinding {
  std::string id;  // "f_…"
  Finding finding;
  TimePoint opened_at{};
  TimePoint updated_at{};
  std::optional<TimePoint> resolved_at;
  std::optional<Acknowledgement> acknowledged;

  bool acknowledged_at(TimePoint now) const {
    return acknowledged && (!acknowledged->until || now < *acknowledged->until);
  }
  friend bool operator==(const StoredFinding&, const StoredFinding&) = default;
};

// What has to be written down when `seen` is what is wrong now and `open` is what was.
struct FindingChanges {
  std::vector<Finding> opened;
  std::vector<StoredFinding> updated;   // new evidence; the acknowledgement ended with the old.
                                        // Other words for the same evidence are no news
  std::vector<StoredFinding> resolved;  // resolved_at is set
  bool empty() const { return opened.empty() && updated.empty() && resolved.empty(); }
  friend bool operator==(const FindingChanges&, const FindingChanges&) = default;
};

FindingChanges changes(std::span<const StoredFinding> open,
                       std::span<const Finding> seen,
                       TimePoint now);

}  // namespace tidemark
