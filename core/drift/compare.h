#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/apply/attempt.h"
#include "core/catalog/catalog.h"
#include "core/drift/lag.h"
#include "core/drift/standing.h"
#include "core/environment/mode.h"
#include "core/ledger/observation.h"
#include "core/ledger/record.h"

namespace tidemark {

// What compare() has to know besides facts.
struct Policy {
  Mode mode = Mode::export_only;
  bool out_of_order_forbidden = false;
  bool history_certain = true;  // false: what rests on our word alone is unknown
  // Applied without drift in every environment that this one comes after; nullopt: comes after
  // none, all is due.
  std::optional<Settled> upstream;
  std::span<const Attempt> attempts{};  // oldest first
};

// The heart: the same arguments give the same answer. `records` are the environment's records,
// oldest first. `observation` is nullopt when its database was never read (always, when
// export_only).
Standing compare(const Catalog& catalog,
                 std::span<const Record> records,
                 const std::optional<Observation>& observation,
                 const Policy& policy);

// What has to be written down when `open` was wrong and `standing` is so now. Not knowing is no
// reason to call anything over: a finding on what is unknown now lasts until somebody can look.
FindingChanges changes(std::span<const StoredFinding> open,
                       const Standing& standing,
                       TimePoint now);

// What `observation` teaches that `records` do not say yet: their ledger's rows as records of ours,
// with the content of the file at this moment, the first at which it was seen applied. What was
// missed before (`open`) and is back was applied again. What came back under another key is over
// under the one that it had. Stored before comparing. `database_is_new`: the one that the records
// were learnt from was dropped, and this one created in its place.
std::vector<Record> learn(const Catalog& catalog,
                          std::span<const Record> records,
                          const std::optional<Observation>& observation,
                          std::span<const StoredFinding> open,
                          TimePoint now,
                          bool database_is_new = false);

// Their ledger's history as ours, for an environment where tidemark is the one to apply: what was
// learnt from it counts from now on even if that ledger goes.
std::vector<Record> adoption(std::span<const Record> records,
                             const std::string& reason,
                             TimePoint now);

}  // namespace tidemark
