#include "adapters/tools/sqitch_uri.h"

#include <algorithm>
#include <array>

#include "adapters/tools/file_name.h"

namespace tidemark {

namespace {

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_unreserved(char c) {
  return is_letter(c) || is_digit(c) || std::string_view("-_.!~*'()").find(c) != std::string::npos;
}

bool may_stand(char c) {
  return is_unreserved(c) || std::string_view(";/?:@&=+$,[]%").find(c) != std::string::npos;
}

std::string in_percent(char c) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  const auto value = static_cast<unsigned char>(c);
  return {'%', digits[value / 16], digits[value % 16]};
}

// What no URI may have in it, as %XX.
std::string escaped(std::string_view text) {
  std::string all;
  for (const char c : text) {
    all += may_stand(c) ? std::string(1, c) : in_percent(c);
  }
  return all;
}

int hex_value(char c) {
  return is_digit(c)            ? c - '0'
         : c >= 'a' && c <= 'f' ? c - 'a' + 10
         : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                : -1;
}

// Each %xx in capitals, and as itself where it could stand so.
std::string with_plain_escapes(std::string_view text) {
  std::string all;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = i + 2 < text.size() && text[i] == '%' ? hex_value(text[i + 1]) : -1;
    const int low = high >= 0 ? hex_value(text[i + 2]) : -1;
    if (low < 0) {
      all += text[i];
      continue;
    }
    const char c = static_cast<char>(16 * high + low);
    all += is_unreserved(c) ? std::string(1, c) : in_percent(c);
    i += 2;
  }
  return all;
}

// The port that goes without saying; empty where a scheme has no host, or none that is known.
std::string_view usual_port(std::string_view scheme) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 4> ports{
      {{"http", "80"}, {"https", "443"}, {"ftp", "21"}, {"ssh", "22"}}};
  const auto* found = std::ranges::find(ports, scheme, &decltype(ports)::value_type::first);
  return found == ports.end() ? std::string_view() : found->second;
}

// "ana@Example.COM:443" as "ana@example.com".
std::string canonical_authority(std::string_view authority, std::string_view port) {
  const auto at = authority.rfind('@');
  const auto user = authority.substr(0, at == std::string_view::npos ? 0 : at + 1);
  auto host = lower_case(authority.substr(user.size()));
  const auto colon = host.rfind(':');
  if (colon != std::string::npos &&
      (colon + 1 == host.size() || std::string_view(host).substr(colon + 1) == port)) {
    host.erase(colon);
  }
  return std::string(user) + host;
}

// What follows "https:".
std::string canonical_rest(std::string_view scheme, std::string_view rest) {
  if (scheme == "urn") {
    const auto end = std::min(rest.find(':'), rest.size());
    return lower_case(rest.substr(0, end)) + std::string(rest.substr(end));
  }
  const auto port = usual_port(scheme);
  if (port.empty() || !rest.starts_with("//")) {
    return std::string(rest);
  }
  rest.remove_prefix(2);
  const auto end = std::min(rest.find_first_of("/?"), rest.size());
  const bool bare = end == rest.size() && scheme.starts_with("http");
  return "//" + canonical_authority(rest.substr(0, end), port) + std::string(rest.substr(end)) +
         (bare ? "/" : "");
}

}  // namespace

std::string canonical_uri(std::string_view uri) {
  const auto text = with_plain_escapes(escaped(uri));
  const auto colon = text.find(':');
  const bool has_scheme = colon != std::string::npos && colon > 0 && is_letter(text.front()) &&
                          std::ranges::all_of(std::string_view(text).substr(0, colon), [](char c) {
                            return is_letter(c) || is_digit(c) || c == '.' || c == '+' || c == '-';
                          });
  if (!has_scheme) {
    return text;
  }
  const auto scheme = lower_case(text.substr(0, colon));
  return scheme + ":" + canonical_rest(scheme, std::string_view(text).substr(colon + 1));
}

}  // namespace tidemark
