#pragma once

#include <string>
#include <string_view>

#include "adapters/http/http.h"

namespace tidemark {

// How a body is told from what follows it on the connection.
enum class Framing {
  length,    // Content-Length
  chunked,   // pieces, HTTP/1.1
  to_close,  // pieces, HTTP/1.0: the end of the connection is the end
  none,      // 204 and 304 have no body
};

Framing framing_of(const Response& response, bool http_1_1);

// Status line and headers up to the empty line. Control characters in what a handler set are
// dropped: a header cannot be used to write another one.
std::string response_head(const Response& response,
                          Framing framing,
                          bool http_1_1,
                          bool keep_alive);

std::string chunk(std::string_view piece);
inline constexpr std::string_view last_chunk = "0\r\n\r\n";

}  // namespace tidemark
