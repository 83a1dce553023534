#include "adapters/http/tcp_rules.h"

#include <algorithm>
#include <array>

#include <boost/algorithm/string/predicate.hpp>

namespace tidemark {
namespace {

bool answers_any_host(const Request& request) {
  const auto& segments = request.segments;
  return (segments.size() == 1 && segments[0] == "metrics") ||
         (segments.size() > 1 && segments[0] == "-");
}

std::optional<Response> refuse_method(const Request& request) {
  if (request.method == "GET") {
    return std::nullopt;
  }
  auto refusal =
      problem(405,
              "read-only",
              "Only GET over TCP",
              "Changes are taken over the control socket only: use the tidemark command there.");
  refusal.headers.emplace_back("Allow", "GET, HEAD");
  return refusal;
}

std::optional<Response> refuse_host(const Request& request,
                                    const AllowedHosts& hosts,
                                    std::string_view connected_to) {
  const auto named = std::count_if(request.headers.begin(),
                                   request.headers.end(),
                                   [](const auto& header) { return header.first == "host"; });
  if (named > 1) {
    return problem(400, "bad-request", "Bad request", "The request has more than one Host header.");
  }
  if (answers_any_host(request)) {
    return std::nullopt;
  }
  if (!hosts.allows(request.header("host").value_or(""), connected_to)) {
    return problem(421,
                   "unknown-host",
                   "Not a name of this server",
                   "The Host header is none of the names that this server answers to; add it to "
                   "http.hosts if it should be.");
  }
  return std::nullopt;
}

// Whether `origin` is the page's own: scheme and the host it asked for.
bool same_origin(std::string_view origin, std::string_view host) {
  return boost::algorithm::iequals(origin, "http://" + std::string(host)) ||
         boost::algorithm::iequals(origin, "https://" + std::string(host));
}

// A link in a chat or a dashboard that somebody follows leaves the other site for ours, whose page
// alone sees the answer.
bool is_followed_link(const Request& request) {
  return request.header("sec-fetch-mode") == "navigate" &&
         request.header("sec-fetch-dest") == "document";
}

std::optional<Response> refuse_other_sites(const Request& request) {
  const auto origin = request.header("origin");
  const auto site = request.header("sec-fetch-site");
  const bool foreign_origin = origin && !same_origin(*origin, request.header("host").value_or(""));
  const bool foreign_site =
      site && site != "same-origin" && site != "none" && !is_followed_link(request);
  if (!foreign_origin && !foreign_site) {
    return std::nullopt;
  }
  return problem(403,
                 "cross-site",
                 "Refused to another site",
                 "A page of another site asked a browser for this; open it directly instead.");
}

void add_default(Response& response, std::string_view name, std::string_view value) {
  for (const auto& header : response.headers) {
    if (boost::algorithm::iequals(header.first, name)) {
      return;
    }
  }
  response.headers.emplace_back(name, value);
}

}  // namespace

std::optional<Response> refuse_over_tcp(const Request& request,
                                        const AllowedHosts& hosts,
                                        std::string_view connected_to) {
  if (auto refusal = refuse_method(request)) {
    return refusal;
  }
  if (auto refusal = refuse_host(request, hosts, connected_to)) {
    return refusal;
  }
  return refuse_other_sites(request);
}

void add_security_headers(Response& response) {
  add_default(response, "X-Content-Type-Options", "nosniff");
  add_default(response, "Cache-Control", "no-store");
  add_default(response, "Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
  add_default(response, "Cross-Origin-Resource-Policy", "same-origin");
}

}  // namespace tidemark
