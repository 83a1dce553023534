#pragma once

#include <optional>

#include "adapters/tools/tool.h"

namespace tidemark {

// Rows say who wrote them, and they do so to our role.
bool shows_row_versions(const Relation& relation);

// For Tool::select_tail() where no index knows the newest rows: the server goes through all of them
// and answers with one, a fraction of what it costs to send them. nullopt where they do not show.
std::optional<ReadQuery> select_row_versions(const Relation& relation);

}  // namespace tidemark
