#pragma once

#include <string>

#include "adapters/postgres/failure.h"
#include "adapters/postgres/parameters.h"

namespace tidemark {

// The failure of a connect with `parameters`, saying too which key of the config decides about it,
// or what to change on the server. `certificate` is OpenSSL's reason not to trust one, or 0.
ReadFailure advised(ReadFailure failure, const Parameters& parameters, int certificate);

// The same for what no server said: of a read, or of a connect whose parameters do not matter.
ReadFailure advised(ReadFailure failure);

}  // namespace tidemark
