#pragma once

#include "adapters/tools/tool.h"

namespace tidemark {

// goose: numbered files of SQL or Go, and a ledger of what was applied when.
const Tool& goose();

}  // namespace tidemark
