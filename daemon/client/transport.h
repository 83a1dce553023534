#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include "core/result.h"

namespace tidemark::client {

struct Request {
  std::string method;
  std::string target;  // path and query, percent-encoded
  std::string body;    // JSON; empty for none
  std::chrono::seconds deadline{30};
};

struct Reply {
  int status = 0;
  std::string content_type;
  std::string body;
};

// The way to the daemon: HTTP over its control socket, one call at a time. not_found, forbidden,
// retry: it was not reached, or did not answer in time. broken: what answers there does not speak
// HTTP. Any status is an answer.
class Transport {
 public:
  virtual ~Transport() = default;

  virtual Result<Reply> request(const Request& request) = 0;

  // Hands over the body of a successful answer line by line, without the line ends, until `take`
  // returns false or the daemon ends it. Of an unsuccessful answer the body is in the reply. The
  // deadline is for the next byte.
  virtual Result<Reply> stream(const Request& request,
                               const std::function<bool(std::string_view)>& take) = 0;
};

}  // namespace tidemark::client
