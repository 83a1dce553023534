#pragma once

#include <expected>
#include <string>

#include "adapters/loop/asio.h"
#include "adapters/loop/pool.h"
#include "adapters/postgres/failure.h"
#include "adapters/postgres/handle.h"
#include "adapters/postgres/resolver.h"
#include "adapters/postgres/target.h"
#include "adapters/postgres/wait.h"

namespace tidemark {

struct OpenedConnection {
  ConnectionHandle handle;
  asio::posix::stream_descriptor socket;  // a duplicate of its socket
};

// Opens a connection: ready for queries, non-blocking, silent. Names are looked up first; then one
// address after the other is tried, each with a share of the time. Details of failures do not name
// the target; the caller does.
Awaitable<std::expected<OpenedConnection, ReadFailure>> open_connection(
    Pool& pool,
    Resolver& resolver,
    Target target,
    std::string password,
    std::string application_name,
    Deadline deadline);

}  // namespace tidemark
