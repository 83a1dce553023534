#pragma once

#include <span>

#include "adapters/store/change.h"
#include "adapters/store/database.h"

namespace tidemark {

// Attempts: what was to be run, how far it came, and what became of it. Never deleted.

// One after the other: begins those whose id is new, and writes down of the others how far they
// came. conflict: a second one would be open, one that nobody began comes with its end, or one that
// is known is not what it was or has ended already (only of an unknown end can be said later what
// it was).
Result<void> store_attempts(Database& database,
                            std::int64_t environment,
                            std::span<const Attempt> attempts);

// The unsettled ones and the newest that ended of each key; oldest first.
Result<std::vector<Attempt>> read_attempts(Database& database, std::int64_t environment);

}  // namespace tidemark
