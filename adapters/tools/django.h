#pragma once

#include "adapters/tools/tool.h"

namespace tidemark {

// Django's migrations: a folder of Python files in each app, which say themselves what they come
// after.
const Tool& django();

}  // namespace tidemark
