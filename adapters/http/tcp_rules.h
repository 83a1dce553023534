#pragma once

#include <optional>
#include <string_view>

#include "adapters/http/hosts.h"
#include "adapters/http/http.h"

namespace tidemark {

// What holds for everything that comes over TCP, before any handler sees it: only reading, only by
// a name of ours, and not at the bidding of another site's page. /metrics and /-/… answer any Host,
// because scrapers and probes call us by whatever name they have.
std::optional<Response> refuse_over_tcp(const Request& request,
                                        const AllowedHosts& hosts,
                                        std::string_view connected_to);

// What an answer over TCP tells browsers, unless the handler said something else about it.
void add_security_headers(Response& response);

}  // namespace tidemark
