#pragma once

#include "adapters/tools/tool.h"

namespace tidemark {

const Tool& sqitch();

}  // namespace tidemark
