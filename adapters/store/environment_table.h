#pragma once

#include "adapters/store/change.h"
#include "adapters/store/database.h"

namespace tidemark {

// Apps and environments as rows: modes, identities, freezes, and whether what we remember can be
// relied on.

Result<std::optional<std::int64_t>> find_environment(Database& database,
                                                     const EnvironmentRef& environment);

// The row's id; makes the row when there is none. Within a transaction.
Result<std::int64_t> need_environment(Database& database,
                                      const EnvironmentRef& environment,
                                      TimePoint now);

// Only what its own row says: no records, observation, findings or attempts.
Result<EnvironmentState> read_environment(Database& database, std::int64_t id);

Result<void> update_environment(Database& database, std::int64_t id, const Change& change);

Result<void> rename_environment(Database& database, std::int64_t id, const std::string& name);

// After our ledger went back in time: no history is certain any more, neither that of the
// environments which are here, nor of those which only the lost part may have known, and which
// therefore turn up soon after `now`.
Result<void> doubt_all_histories(Database& database, const std::string& reason, TimePoint now);

// What that says of an environment which is first seen at `now`.
Result<History> history_of_newcomer(Database& database, TimePoint now);

}  // namespace tidemark
