#pragma once

#include "adapters/store/change.h"
#include "adapters/store/database.h"

namespace tidemark {

// The newest observation of each environment; an older one is replaced.

Result<void> store_observation(Database& database,
                               std::int64_t environment,
                               const Observation& observation);

Result<std::optional<Observation>> read_observation(Database& database, std::int64_t environment);

}  // namespace tidemark
