#pragma once

#include "adapters/tools/tool.h"

namespace tidemark {

// The Supabase CLI: numbered SQL in supabase/migrations, and a ledger that keeps the statements
// themselves.
const Tool& supabase();

}  // namespace tidemark
