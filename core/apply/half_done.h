#pragma once

#include <span>

#include "core/apply/attempt.h"
#include "core/ledger/record.h"

namespace tidemark {

// The attempt that has done a part of a migration outside a transaction, so that the next one goes
// on behind that; null: it begins with the first statement. What our ledger says later of the
// migration counts: it may be taken back, or the database begun anew.
const Attempt* half_done(std::span<const Attempt> attempts,
                         std::span<const Record> records,
                         const Key& key,
                         Attempt::Action action);

}  // namespace tidemark
