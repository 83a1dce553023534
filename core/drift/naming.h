#pragma once

#include <map>
#include <span>

#include "core/catalog/catalog.h"
#include "core/drift/pairing.h"
#include "core/ledger/observation.h"

namespace tidemark {

// Rows of ledgers that people keep by themselves name a migration in one way or another: as its
// key, its id, its version, or its file with or without folders and ending; or as a path that
// begins in another folder than ours. Which migration each means; what could be several, is none,
// or is its key already, is not in there.
std::map<const Row*, Named> find_by_any_name(const Catalog& catalog, std::span<const Row> rows);

}  // namespace tidemark
