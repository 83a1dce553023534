#pragma once

#include "adapters/tools/tool.h"

namespace tidemark {

const Tool& typeorm();

}  // namespace tidemark
