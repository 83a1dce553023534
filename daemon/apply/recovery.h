#pragma once

#include <string>

#include "adapters/loop/asio.h"
#include "core/apply/attempt.h"
#include "core/environment/managed.h"
#include "core/result.h"
#include "daemon/apply/door.h"

namespace tidemark {

// What became of an attempt that was lost on the way: the attempt with its outcome, and with a
// journal that says how far it came. Asks the server where it has to, and ends what still runs of
// it. Whoever sent it may know that COMMIT never was. An error where nobody answers: ask again
// later.
Awaitable<Result<Attempt>> recover(Door& door,
                                   ManagedEnvironment environment,
                                   std::string schema,
                                   bool receipts,
                                   Attempt attempt,
                                   bool commit_was_sent);

}  // namespace tidemark
