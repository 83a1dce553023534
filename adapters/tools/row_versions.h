#pragma once

#include <optional>

#include "adapters/tools/tool.h"

namespace tidemark {

// For Tool::select_tail() where no index knows the newest rows: the server goes through all of them
// and answers with one, a fraction of what it costs to send them. nullopt where rows do not say who
// wrote them, or not to our role.
std::optional<ReadQuery> select_row_versions(const Relation& relation);

}  // namespace tidemark
