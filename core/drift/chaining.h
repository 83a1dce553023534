#pragma once

#include <map>
#include <set>
#include <span>

#include "core/catalog/catalog.h"
#include "core/drift/pairing.h"
#include "core/ledger/observation.h"

namespace tidemark {

// Some ledgers know a migration by a hash that runs through all before it: where one is changed,
// all that come after it are called otherwise.
struct Rechained {
  // Rows whose key names no file, with the file of their name and group that no row names; of
  // several, in the order of both.
  std::map<const Row*, Named> named;
  // Keys of those files that are the first of their group: what others are called hangs on them.
  std::set<Key> first_changed;
  // Keys of rows that were undone, and whose migration was applied again under its new key.
  std::set<Key> superseded;
};

Rechained rechain(const Catalog& catalog, std::span<const Row> rows);

}  // namespace tidemark
