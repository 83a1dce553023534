#pragma once

#include "adapters/tools/tool.h"

namespace tidemark {

// Atlas: a flat directory of SQL whose sum is in atlas.sum, and a ledger of how much of each was
// applied.
const Tool& atlas();

}  // namespace tidemark
