#pragma once

#include <optional>
#include <string>

#include "adapters/postgres/failure.h"

namespace tidemark {

// What is wrong with a server that is older than `oldest`, as libpq writes versions (150020), for
// what it is to be: "read".
std::optional<ReadFailure> too_old(int version, int oldest, const std::string& to_be);

}  // namespace tidemark
