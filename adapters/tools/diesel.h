#pragma once

#include "adapters/tools/tool.h"

namespace tidemark {

// Diesel: a folder for each migration, with an up.sql and a down.sql in it, and a ledger of
// versions.
const Tool& diesel();

}  // namespace tidemark
