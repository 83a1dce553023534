#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "adapters/log/log.h"
#include "core/time.h"

namespace tidemark {

// One record as one line, without the newline. `clean` is what every text goes through before it is
// escaped.
//
//   text      2026-04-18T14:22:00.123Z info  poll failed environment=billing/eu error="timed out"
//   journal   <6>poll failed environment=billing/eu error="timed out"
//   json      {"time":"…","level":"info","msg":"poll
//   failed","environment":"billing/eu","error":"timed out"}
std::string log_line(LogFormat format,
                     TimePoint now,
                     Level level,
                     std::string_view message,
                     const Fields& fields,
                     const std::function<std::string(std::string_view)>& clean);

}  // namespace tidemark
