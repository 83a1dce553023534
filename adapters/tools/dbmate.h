#pragma once

#include "adapters/tools/tool.h"

namespace tidemark {

// dbmate: SQL files that say in themselves what is up and what is down, and a ledger of versions.
const Tool& dbmate();

}  // namespace tidemark
