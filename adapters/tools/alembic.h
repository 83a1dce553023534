#pragma once

#include "adapters/tools/tool.h"

namespace tidemark {

// Alembic's revisions: Python files that name the ones before them, and a ledger of the last ones
// alone.
const Tool& alembic();

}  // namespace tidemark
