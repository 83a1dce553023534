#pragma once

#include <span>

#include "adapters/tools/tool.h"

namespace tidemark {

// Whether ar_internal_metadata is in the relation's schema, which Rails has kept there since 5.0,
// with whatever an app puts before and behind its name: what tells a ledger of Rails' from one that
// is the same to the byte.
bool is_beside_rails_metadata(const Relation& relation, std::span<const Relation> all);

}  // namespace tidemark
