#pragma once

#include "adapters/store/database.h"

namespace tidemark {

// The schema that this binary writes.
int newest_schema_version();

// What the database has: 0 when it is empty. A database that is not ours, or one that a newer
// tidemark has upgraded, is refused with words. Changes nothing.
Result<int> schema_version(Database& database);

// Brings it from `version` to the newest, each step in a transaction of its own.
Result<void> upgrade_schema(Database& database, int version);

}  // namespace tidemark
