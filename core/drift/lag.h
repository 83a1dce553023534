#pragma once

#include <map>
#include <optional>
#include <span>

#include "core/catalog/migration.h"
#include "core/drift/standing.h"
#include "core/ledger/record.h"

namespace tidemark {

// What is applied without drift, and since when we have known it: what makes a migration due in the
// environments that come after, and from when on it is waited for there. Their clocks are not
// asked.
using Settled = std::map<Key, TimePoint>;

// `records` are those that `standing` was made from.
Settled settled(const Standing& standing, std::span<const Record> records);

// What both have settled, since the later of them did.
Settled settled_in_both(const Settled& a, const Settled& b);

// The migration that has been pending longest. A lag is not a drift: somebody has to apply what was
// tried upstream, that is all.
struct Waiting {
  MigrationId id;
  TimePoint since{};
  friend bool operator==(const Waiting&, const Waiting&) = default;
};

// Nothing waits where nothing comes before: nobody has tried it out yet.
std::optional<Waiting> longest_waiting(const Standing& standing,
                                       const std::optional<Settled>& upstream);

}  // namespace tidemark
