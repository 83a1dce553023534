#pragma once

#include <expected>
#include <memory>
#include <string>

#include "adapters/loop/asio.h"
#include "adapters/loop/pool.h"
#include "adapters/postgres/failure.h"
#include "adapters/postgres/handle.h"
#include "adapters/postgres/resolver.h"
#include "adapters/postgres/route.h"
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
    std::shared_ptr<const Route> route,
    std::string password,
    Deadline deadline);

}  // namespace tidemark
