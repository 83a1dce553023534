#include "adapters/http/hosts.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>

namespace tidemark {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_port(std::string_view text) {
  if (text.empty() || text.size() > 5 || !std::all_of(text.begin(), text.end(), is_digit)) {
    return false;
  }
  const int port = std::stoi(std::string(text));
  return port >= 1 && port <= 65535;
}

// "" or ":9847", as it may follow a host.
bool is_port_part(std::string_view text) {
  return text.empty() || (text.front() == ':' && is_port(text.substr(1)));
}

std::optional<std::string> canonical_ipv6(std::string_view text) {
  in6_addr address{};
  if (inet_pton(AF_INET6, std::string(text).c_str(), &address) != 1) {
    return std::nullopt;
  }
  std::array<char, INET6_ADDRSTRLEN> spelled{};
  inet_ntop(AF_INET6, &address, spelled.data(), spelled.size());
  return "[" + std::string(spelled.data()) + "]";
}

// ASCII only: what setlocale did must not matter here.
std::string lower_case(std::string_view text) {
  std::string lowered(text);
  for (char& c : lowered) {
    if (c >= 'A' && c <= 'Z') {
      c = static_cast<char>(c - 'A' + 'a');
    }
  }
  return lowered;
}

bool is_name(std::string_view text) {
  const auto allowed = [](char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || c == '-' || c == '_' || c == '.';
  };
  return !text.empty() && text.size() <= 253 && std::all_of(text.begin(), text.end(), allowed) &&
         text.front() != '.' && text.back() != '.' && text.find("..") == std::string_view::npos;
}

}  // namespace

std::optional<std::string> canonical_host(std::string_view host_and_port) {
  // inet_pton takes a C string: what follows a NUL would go unseen.
  if (host_and_port.find('\0') != std::string_view::npos) {
    return std::nullopt;
  }
  if (host_and_port.starts_with('[')) {
    const auto end = host_and_port.find(']');
    if (end == std::string_view::npos || !is_port_part(host_and_port.substr(end + 1))) {
      return std::nullopt;
    }
    return canonical_ipv6(host_and_port.substr(1, end - 1));
  }
  const auto colon = std::min(host_and_port.find(':'), host_and_port.size());
  auto name = lower_case(host_and_port.substr(0, colon));
  if (!is_name(name) || !is_port_part(host_and_port.substr(colon))) {
    return std::nullopt;
  }
  return name;
}

AllowedHosts::AllowedHosts() : names_{"localhost", "127.0.0.1", "[::1]"} {}

Result<AllowedHosts> AllowedHosts::with(std::span<const std::string> configured) {
  AllowedHosts hosts;
  for (const auto& text : configured) {
    auto name = canonical_host(text);
    if (!name) {
      return fail(Errc::invalid,
                  "http.hosts: '" + text +
                      "' is not a host name; write it as browsers send it, tidemark.example.com");
    }
    hosts.names_.insert(std::move(*name));
  }
  return hosts;
}

bool AllowedHosts::allows(std::string_view host_header, std::string_view connected_to) const {
  const auto host = canonical_host(host_header);
  return host && (names_.contains(*host) || host == canonical_host(connected_to));
}

}  // namespace tidemark
