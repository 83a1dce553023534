#include "adapters/http/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>

namespace tidemark {
namespace {

std::string ipv4_text(const in_addr& address, in_port_t port) {
  std::array<char, INET_ADDRSTRLEN> text{};
  inet_ntop(AF_INET, &address, text.data(), text.size());
  return std::string(text.data()) + ":" + std::to_string(ntohs(port));
}

std::string ipv6_text(const sockaddr_in6& address) {
  if (IN6_IS_ADDR_V4MAPPED(&address.sin6_addr)) {
    in_addr inner{};
    std::memcpy(&inner, &address.sin6_addr.s6_addr[12], sizeof(inner));
    return ipv4_text(inner, address.sin6_port);
  }
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(AF_INET6, &address.sin6_addr, text.data(), text.size());
  return "[" + std::string(text.data()) + "]:" + std::to_string(ntohs(address.sin6_port));
}

// Groups may change between the two calls only in their process, not in what the socket remembers
// of it.
std::vector<std::uint32_t> groups_of(int fd) {
  std::vector<std::uint32_t> groups(64);
  auto bytes = static_cast<socklen_t>(groups.size() * sizeof(std::uint32_t));
  int failed = getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &bytes);
  if (failed != 0 && errno == ERANGE) {
    groups.resize(bytes / sizeof(std::uint32_t));
    failed = getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &bytes);
  }
  groups.resize(failed == 0 ? bytes / sizeof(std::uint32_t) : 0);
  return groups;
}

}  // namespace

Result<SocketAddress> parse_tcp_address(const std::string& text) {
  const auto wrong = [&text] {
    return fail(Errc::invalid,
                "http.listen: '" + text +
                    "' is not an address with a port; write 127.0.0.1:9847 or [::1]:9847");
  };
  const auto colon = text.rfind(':');
  if (colon == std::string::npos || text.find('\0') != std::string::npos) {
    return wrong();
  }
  std::uint16_t port = 0;
  const char* end = text.data() + text.size();
  const auto [parsed_to, error] = std::from_chars(text.data() + colon + 1, end, port);
  if (error != std::errc() || parsed_to != end) {
    return wrong();
  }
  const std::string host = text.substr(0, colon);
  SocketAddress address;
  auto* v4 = reinterpret_cast<sockaddr_in*>(&address.storage);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&address.storage);
  if (inet_pton(AF_INET, host.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    address.length = sizeof(sockaddr_in);
    return address;
  }
  address.storage = {};
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed &&
      inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    address.length = sizeof(sockaddr_in6);
    return address;
  }
  return wrong();
}

std::string to_string(const SocketAddress& address) {
  switch (address.storage.ss_family) {
    case AF_INET: {
      const auto* v4 = reinterpret_cast<const sockaddr_in*>(&address.storage);
      return ipv4_text(v4->sin_addr, v4->sin_port);
    }
    case AF_INET6:
      return ipv6_text(*reinterpret_cast<const sockaddr_in6*>(&address.storage));
    default:
      return "unix";
  }
}

SocketAddress local_address(int fd) {
  SocketAddress address;
  if (getsockname(fd, address.get(), &address.length) != 0) {
    address.storage.ss_family = AF_UNSPEC;
  }
  return address;
}

Result<Peer> peer_of(int fd) {
  Peer peer;
  SocketAddress remote;
  if (getpeername(fd, remote.get(), &remote.length) != 0) {
    return fail(Errc::retry, std::string("getpeername: ") + std::strerror(errno));
  }
  peer.address = to_string(remote);
  peer.local = remote.storage.ss_family == AF_UNIX;
  if (!peer.local) {
    return peer;
  }
  ucred credentials{};
  socklen_t length = sizeof(credentials);
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &length) != 0) {
    return fail(Errc::denied, std::string("SO_PEERCRED: ") + std::strerror(errno));
  }
  peer.uid = credentials.uid;
  peer.gid = credentials.gid;
  peer.pid = static_cast<std::uint32_t>(credentials.pid);
  peer.groups = groups_of(fd);
  return peer;
}

}  // namespace tidemark
