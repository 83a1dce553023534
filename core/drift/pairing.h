#pragma once

#include <map>
#include <span>

#include "core/catalog/catalog.h"
#include "core/ledger/observation.h"
#include "core/ledger/record.h"

namespace tidemark {

// What a row speaks of whose own key names no file.
struct Named {
  Key key;
  MigrationId id;
};

// Some ledgers name a migration by its file's path, which begins wherever their tool was started:
// db/orders.sql there is src/main/resources/db/orders.sql here. Such rows, with the migration whose
// path has the most in common with theirs from the end. Where some row names a file just as it is,
// the paths begin alike, and another folder is another file: then one of the two paths has to be
// the end of the other. Two that fit equally well are none: two files for a row, or two rows for a
// file, unless that was recorded by one of them. A row whose file is gone keeps the name under
// which it was recorded.
std::map<const Row*, Named> pair_by_path(const Catalog& catalog,
                                         std::span<const Record> records,
                                         std::span<const Row> rows);

}  // namespace tidemark
