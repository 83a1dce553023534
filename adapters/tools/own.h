#pragma once

#include "adapters/tools/tool.h"

namespace tidemark {

// Files that people number by themselves: 144_name.sql, 20260418_001_name.sql.
const Tool& own();

}  // namespace tidemark
