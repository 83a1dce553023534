#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace tidemark {

// What a request line asks for: "/v1/apps/shop?all=1".
struct RequestTarget {
  std::string path;
  std::vector<std::string> segments;
  std::map<std::string, std::string> query;
  friend bool operator==(const RequestTarget&, const RequestTarget&) = default;
};

// Errc::invalid for what is not one path on this server: an absolute URL, a fragment, an escape
// that is broken or decodes to NUL or to no UTF-8, a query key that stands twice. Dots are names
// like others; nothing is normalised.
Result<RequestTarget> parse_request_target(std::string_view target);

// For one path segment or query value.
std::string percent_encode(std::string_view text);

}  // namespace tidemark
