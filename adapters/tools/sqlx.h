#pragma once

#include "adapters/tools/tool.h"

namespace tidemark {

// sqlx: numbered files of SQL, single or in pairs of up and down, and a ledger with a checksum of
// each.
const Tool& sqlx();

}  // namespace tidemark
