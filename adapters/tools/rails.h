#pragma once

#include "adapters/tools/tool.h"

namespace tidemark {

// Active Record's migrations, of Rails or without it: Ruby files whose number alone is in the
// ledger.
const Tool& rails();

}  // namespace tidemark
