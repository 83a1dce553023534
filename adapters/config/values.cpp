#include "adapters/config/values.h"

#include <arpa/inet.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <filesystem>

namespace tidemark {

namespace {

using std::chrono::milliseconds;

constexpr std::size_t text_max = 4095;

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool word_of(std::string_view text, std::string_view also) {
  return std::ranges::all_of(
      text, [&](char c) { return is_letter(c) || is_digit(c) || also.find(c) != also.npos; });
}

std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(
      result, result.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return result;
}

std::optional<milliseconds> unit_of(std::string_view text) {
  using namespace std::chrono_literals;
  if (text == "ms") {
    return 1ms;
  }
  if (text == "s") {
    return 1s;
  }
  if (text == "m") {
    return 1min;
  }
  if (text == "h") {
    return 1h;
  }
  if (text == "d") {
    return 24h;
  }
  return std::nullopt;
}

// The largest unit that says it exactly.
std::string duration_text(milliseconds duration) {
  for (const std::string_view unit : {"d", "h", "m", "s"}) {
    const auto one = *unit_of(unit);
    if (duration != milliseconds::zero() && duration % one == milliseconds::zero()) {
      return std::to_string(duration / one) + std::string(unit);
    }
  }
  return std::to_string(duration.count()) + (duration == milliseconds::zero() ? "s" : "ms");
}

std::optional<std::string> canonical_v6(const std::string& text) {
  in6_addr address{};
  std::array<char, INET6_ADDRSTRLEN> canonical{};
  if (::inet_pton(AF_INET6, text.c_str(), &address) != 1) {
    return std::nullopt;
  }
  return ::inet_ntop(AF_INET6, &address, canonical.data(), canonical.size());
}

bool is_v4(const std::string& text) {
  in_addr address{};
  return ::inet_pton(AF_INET, text.c_str(), &address) == 1;
}

std::optional<std::string> listen_host(std::string_view host) {
  if (host.starts_with('[') && host.ends_with(']')) {
    return canonical_v6(std::string(host.substr(1, host.size() - 2)));
  }
  if (host == "localhost") {
    return "127.0.0.1";
  }
  std::string text(host);
  return is_v4(text) ? std::optional(text) : std::nullopt;
}

// What is all digits and dots is an address or a mistake.
bool is_dns_name(std::string_view text) {
  constexpr std::size_t name_max = 253;
  return text.size() <= name_max && word_of(text, "-.") && std::ranges::any_of(text, is_letter) &&
         text.find("..") == text.npos && !text.starts_with('.') && !text.ends_with('.');
}

// One part of a table's name, taken off the front: as it stands up to the next dot, or in double
// quotes.
std::optional<std::string> take_identifier(std::string_view& rest) {
  std::string name;
  if (!rest.starts_with('"')) {
    name = rest.substr(0, rest.find('.'));
    rest.remove_prefix(name.size());
    return name.find('"') == name.npos && !name.empty() ? std::optional(name) : std::nullopt;
  }
  for (rest.remove_prefix(1); !rest.empty(); rest.remove_prefix(1)) {
    if (rest.starts_with("\"\"")) {
      rest.remove_prefix(1);
    } else if (rest.front() == '"') {
      rest.remove_prefix(1);
      return name.empty() ? std::nullopt : std::optional(name);
    }
    name += rest.front();
  }
  return std::nullopt;
}

}  // namespace

Parsed<milliseconds> parse_duration(std::string_view text, DurationRange range) {
  constexpr std::int64_t count_max = 1'000'000'000;  // times a day in milliseconds still fits
  std::int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  const auto unit = unit_of(text.substr(static_cast<std::size_t>(end - text.data())));
  const bool fits = error == std::errc{} && unit && is_digit(text.front()) && count <= count_max &&
                    count * *unit >= range.least && count * *unit <= range.most;
  if (!fits) {
    return std::unexpected("expected a duration from " + duration_text(range.least) + " to " +
                           duration_text(range.most) + ", such as 500ms, 30s, 5m, 12h or 7d");
  }
  return count * *unit;
}

Parsed<std::string> parse_name(std::string_view text) {
  constexpr std::size_t name_max = 63;
  if (text.size() > name_max || !word_of(text, "._-") || !word_of(text.substr(0, 1), "")) {
    return std::unexpected(
        "expected a name of at most 63 letters, digits, '.', '_' and '-' that begins with a letter "
        "or digit");
  }
  return std::string(text);
}

Parsed<std::string> parse_text(std::string_view text) {
  if (text.size() > text_max) {
    return std::unexpected("expected at most 4095 characters");
  }
  return std::string(text);
}

Parsed<std::string> parse_path(std::string_view text) {
  if (!text.starts_with('/') || text.size() > text_max) {
    return std::unexpected("expected an absolute path");
  }
  std::string path;
  for (const auto& part : std::filesystem::path(text)) {
    if (part == "." || part == "..") {
      return std::unexpected("expected a path without '.' and '..'");
    }
    if (!part.empty() && part != "/") {
      path += '/' + part.string();
    }
  }
  if (path.empty()) {
    return std::unexpected("expected a path below /");
  }
  return path;
}

Parsed<std::string> parse_socket_path(std::string_view text) {
  constexpr auto path_max = sizeof(sockaddr_un::sun_path) - 1;
  if (text.size() > path_max) {
    return std::unexpected("expected at most " + std::to_string(path_max) +
                           " bytes: the kernel takes no longer path for a socket");
  }
  return parse_path(text);
}

Parsed<std::string> parse_ledger(std::string_view text) {
  constexpr std::string_view scheme = "sqlite:";
  constexpr std::string_view expected =
      "expected sqlite: and an absolute path, such as sqlite:/var/lib/tidemark/ledger.db";
  if (text.starts_with("postgres")) {
    return std::unexpected("a ledger in PostgreSQL is not supported by this version: " +
                           std::string(expected));
  }
  if (!text.starts_with(scheme)) {
    return std::unexpected(std::string(expected));
  }
  auto path = parse_path(text.substr(scheme.size()));
  if (!path || text.ends_with('/')) {
    return std::unexpected(std::string(expected));
  }
  return path;
}

Parsed<unsigned> parse_file_mode(std::string_view text) {
  const auto digits = text.size() == 4 && text.front() == '0' ? text.substr(1) : text;
  unsigned mode = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), mode, 8);
  const bool octal =
      digits.size() == 3 && error == std::errc{} && end == digits.data() + digits.size();
  if (!octal || (mode & 0600U) != 0600U) {
    return std::unexpected(
        R"(expected permissions in octal that let the owner read and write, such as "0660")");
  }
  return mode;
}

Parsed<ListenAddress> parse_listen_address(std::string_view text) {
  const auto colon = text.rfind(':');
  const auto port_text = colon == text.npos ? std::string_view() : text.substr(colon + 1);
  const auto host = listen_host(text.substr(0, colon));
  if (colon == text.npos || !host) {
    return std::unexpected(
        "expected an IP address and a port, such as 127.0.0.1:9847 or [::1]:9847; "
        "every address of this machine is 0.0.0.0:9847 or [::]:9847");
  }
  std::uint16_t port = 0;
  const auto [end, error] =
      std::from_chars(port_text.data(), port_text.data() + port_text.size(), port);
  if (error != std::errc{} || end != port_text.data() + port_text.size()) {
    return std::unexpected("expected a port from 0 to 65535 after the colon; 0 is any free one");
  }
  return ListenAddress{*host, port, {}};
}

Parsed<std::string> parse_host(std::string_view text) {
  const auto host = lower(text);
  if (is_dns_name(host) || is_v4(host)) {
    return host;
  }
  const bool bracketed = host.starts_with('[') && host.ends_with(']');
  const auto v6 = bracketed ? canonical_v6(host.substr(1, host.size() - 2)) : std::nullopt;
  if (!v6) {
    return std::unexpected(
        "expected a host name without scheme and port, such as tidemark.example.com");
  }
  return '[' + *v6 + ']';
}

Parsed<std::string> parse_identifier(std::string_view text) {
  constexpr std::size_t identifier_max = 63;
  if (text.size() > identifier_max) {
    return std::unexpected("expected a name of at most 63 bytes: PostgreSQL cuts longer ones");
  }
  return std::string(text);
}

Parsed<TableName> parse_table(std::string_view text) {
  auto rest = text;
  auto first = take_identifier(rest);
  std::optional<std::string> second;
  if (first && rest.starts_with('.')) {
    rest.remove_prefix(1);
    second = take_identifier(rest);
    if (!second) {
      first.reset();
    }
  }
  if (!first || !rest.empty()) {
    return std::unexpected(
        R"(expected table or schema.table, as the database stores them; names with dots in "…")");
  }
  for (const auto& name : {first, second}) {
    if (name) {
      if (const auto fits = parse_identifier(*name); !fits) {
        return std::unexpected(fits.error());
      }
    }
  }
  return second ? TableName{*first, *second} : TableName{"", *first};
}

Parsed<std::string> parse_ignore_pattern(std::string_view text) {
  if (text.starts_with('/') || text.size() > text_max) {
    return std::unexpected("expected a pattern below the repo's path, such as **/draft/*");
  }
  return std::string(text);
}

Parsed<std::string> parse_credential_name(std::string_view text) {
  constexpr std::size_t name_max = 255;
  if (text.size() > name_max || !word_of(text, "._-") || text.starts_with('.')) {
    return std::unexpected(
        "expected the name of a systemd credential: letters, digits, '.', '_' and '-'");
  }
  return std::string(text);
}

Parsed<std::string> parse_variable_name(std::string_view text) {
  if (!word_of(text, "_") || is_digit(text.front())) {
    return std::unexpected("expected the name of an environment variable: letters, digits and '_'");
  }
  return std::string(text);
}

}  // namespace tidemark
