#pragma once

#include <sys/socket.h>

#include <string>

#include "adapters/http/http.h"
#include "core/result.h"

namespace tidemark {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = sizeof(sockaddr_storage);
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

// "127.0.0.1:9847" or "[::1]:9847". Addresses only: looking up a name would block, and say less
// than it seems to.
Result<SocketAddress> parse_tcp_address(const std::string& text);

// The same way back; an IPv4 address in IPv6 clothes is shown as what it is. "unix" for a Unix
// socket.
std::string to_string(const SocketAddress& address);

SocketAddress local_address(int fd);

// Who connected, as the kernel says at this moment.
Result<Peer> peer_of(int fd);

}  // namespace tidemark
