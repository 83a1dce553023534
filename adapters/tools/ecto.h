#pragma once

#include "adapters/tools/tool.h"

namespace tidemark {

// Migrations of Ecto, the database library of Elixir and Phoenix.
const Tool& ecto();

}  // namespace tidemark
