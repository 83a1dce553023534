#pragma once

#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>

#include "core/result.h"

namespace tidemark {

// The host of "host[:port]" in one spelling: names in lower case, IPv6 as "[::1]". nullopt for what
// is not exactly that: a user, a path, an empty or impossible port, a trailing dot, a zone, other
// ways to write an address.
std::optional<std::string> canonical_host(std::string_view host_and_port);

// By which names the TCP listener may be called. A page of a stranger whose name was pointed at our
// address (DNS rebinding) sends the stranger's name in Host; that is how we tell it from ours.
// Ports do not matter for that, and forwarded ones differ.
class AllowedHosts {
 public:
  AllowedHosts();  // localhost, 127.0.0.1, [::1]
  static Result<AllowedHosts> with(std::span<const std::string> configured);

  // `connected_to` is our end of this connection, "192.0.2.7:9847": the address itself is always a
  // name of ours.
  bool allows(std::string_view host_header, std::string_view connected_to) const;

 private:
  std::set<std::string> names_;
};

}  // namespace tidemark
