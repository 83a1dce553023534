#include "adapters/postgres/endpoint.h"

#include <algorithm>
#include <string_view>

#include <boost/asio/ip/address.hpp>

namespace tidemark {
namespace {

std::vector<std::string> entries(const Parameters& parameters, const std::string& name) {
  const auto found = parameters.find(name);
  std::string_view list = found == parameters.end() ? "" : std::string_view(found->second);
  std::vector<std::string> parts;
  while (true) {
    const auto comma = list.find(',');
    parts.emplace_back(list.substr(0, comma));
    if (comma == std::string_view::npos) {
      return parts;
    }
    list.remove_prefix(comma + 1);
  }
}

bool is_address(const std::string& host) {
  boost::system::error_code error;
  boost::asio::ip::make_address(host, error);
  return !error;
}

}  // namespace

bool Endpoint::over_tcp() const {
  return !address.empty() || (!host.empty() && host.front() != '/' && host.front() != '@');
}

bool Endpoint::needs_lookup() const {
  return address.empty() && over_tcp();
}

std::vector<Endpoint> endpoints_in(const Parameters& parameters) {
  const auto hosts = entries(parameters, "host");
  const auto addresses = entries(parameters, "hostaddr");
  const auto ports = entries(parameters, "port");
  std::vector<Endpoint> endpoints;
  for (std::size_t i = 0; i < std::max(hosts.size(), addresses.size()); ++i) {
    auto& endpoint = endpoints.emplace_back();
    endpoint.host = i < hosts.size() ? hosts[i] : "";
    endpoint.address = i < addresses.size() ? addresses[i] : "";
    endpoint.port = i < ports.size() ? ports[i] : ports.front();
    if (endpoint.address.empty() && is_address(endpoint.host)) {
      endpoint.address = endpoint.host;
    }
  }
  return endpoints;
}

}  // namespace tidemark
