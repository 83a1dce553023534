#pragma once

#include <functional>
#include <memory>

#include "adapters/store/database.h"

namespace tidemark::store_test {

// What our ledger needs of every SQL engine under it. `make` gives a fresh, empty database. Called
// from one TEST_CASE for each implementation.
void check_database_contract(const std::function<std::unique_ptr<Database>()>& make);

}  // namespace tidemark::store_test
