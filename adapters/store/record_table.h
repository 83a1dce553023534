#pragma once

#include <span>

#include "adapters/store/change.h"
#include "adapters/store/database.h"

namespace tidemark {

// Records: what our ledger says was applied, in the order in which it was written down. Only ever
// added to.

Result<void> insert_records(Database& database,
                            std::int64_t environment,
                            std::span<const Record> records);

Result<std::vector<Record>> read_records(Database& database, std::int64_t environment);

}  // namespace tidemark
