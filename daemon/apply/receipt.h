#pragma once

#include <string>
#include <variant>

#include "adapters/loop/asio.h"
#include "adapters/postgres/question.h"
#include "core/apply/attempt.h"

namespace tidemark {

// A row of ours in the target, written in the migration's own transaction: a witness for where a
// failover may lose what was committed. In our own ledger's shape, which is read like any other.

// Where they are: the first schema in which the session looks for names.
Awaitable<Asked<std::string>> place_for_receipts(WriteSession& session);

// At the end of the transaction: the table is made when it is not there.
Awaitable<Asked<std::monostate>> leave_receipt(WriteSession& session,
                                               std::string schema,
                                               const Attempt& attempt);

// Whether the one of this attempt is there.
Awaitable<Asked<bool>> has_receipt(WriteSession& session, std::string attempt_id);

}  // namespace tidemark
