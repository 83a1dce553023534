#pragma once

#include <string>
#include <vector>

#include "adapters/postgres/parameters.h"

namespace tidemark {

// One server of a target's lists.
struct Endpoint {
  std::string host;     // what its certificate must be for; a folder for a Unix socket
  std::string address;  // an IP address
  std::string port;     // empty: 5432

  bool needs_lookup() const;
  bool over_tcp() const;
  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

// `parameters` are a target's: their lists go together, entry by entry. An IP address as host is
// its own address.
std::vector<Endpoint> endpoints_in(const Parameters& parameters);

}  // namespace tidemark
