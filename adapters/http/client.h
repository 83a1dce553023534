#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include "core/result.h"

namespace tidemark {

struct ClientRequest {
  std::string method = "GET";
  std::string target = "/";
  std::string body;  // JSON, if any
};

struct ClientResponse {
  unsigned status = 0;
  std::string content_type;
  std::string body;
};

// Asks the daemon over its control socket and waits, at most for `deadline`. For the command line:
// it blocks, and needs no loop. Errc::not_found: there is no socket; retry: nobody listens, or no
// whole answer came; forbidden: we may not connect; broken: the answer is no HTTP. Any status is an
// answer.
Result<ClientResponse> request(const std::string& socket_path,
                               const ClientRequest& asked,
                               std::chrono::milliseconds deadline);

// The same for answers that come over time: a successful one is handed on line by line (without the
// line end), the last even if it has none, until `on_line` returns false. `silence` is how long to
// wait for the next byte; nothing ends an answer that keeps coming. Answers that are no success
// come back whole, as above.
Result<ClientResponse> request_lines(const std::string& socket_path,
                                     const ClientRequest& asked,
                                     std::chrono::milliseconds silence,
                                     const std::function<bool(std::string_view line)>& on_line);

}  // namespace tidemark
