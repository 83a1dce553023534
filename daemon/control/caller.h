#pragma once

#include "adapters/http/http.h"
#include "core/access/access.h"

namespace tidemark {

// The names behind the numbers that the kernel gives of a peer. May ask a directory service:
// blocks.
Caller look_up(const Peer& peer);

}  // namespace tidemark
