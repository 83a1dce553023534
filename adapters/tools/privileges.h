#pragma once

#include <expected>
#include <string>

#include "adapters/loop/asio.h"
#include "adapters/postgres/read_session.h"

namespace tidemark {

// What the session's role could do in its database beyond reading, by itself or as a role that it
// may become, in words: "holds INSERT on public.orders". Empty: nothing. Names one schema and
// one table, `ledger` before others. Column grants count for the ledger only, and what a SECURITY
// DEFINER function would do for its caller cannot be known.
Awaitable<std::expected<std::string, ReadFailure>> excess_privileges(ReadSession& session,
                                                                     TableName ledger,
                                                                     ReadLimits limits);

}  // namespace tidemark
