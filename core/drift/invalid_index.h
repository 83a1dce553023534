#pragma once

#include "core/drift/finding.h"
#include "core/ledger/observation.h"

namespace tidemark {

// What an index that a concurrent build left invalid is to people, and what to do about it.
Finding finding_of(const InvalidIndex& index);

}  // namespace tidemark
