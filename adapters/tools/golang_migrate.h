#pragma once

#include "adapters/tools/tool.h"

namespace tidemark {

// golang-migrate: pairs of N_name.up.sql and N_name.down.sql, and a ledger of one row that says how
// far it came.
const Tool& golang_migrate();

}  // namespace tidemark
