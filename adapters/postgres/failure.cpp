#include "adapters/postgres/failure.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "core/text/printable.h"

namespace tidemark {
namespace {

bool has_any(std::string_view text, std::span<const std::string_view> words) {
  return std::ranges::any_of(
      words, [text](std::string_view word) { return text.find(word) != std::string_view::npos; });
}

// What libpq and OpenSSL say for themselves comes without a SQLSTATE; somebody must change
// something before these go away.
constexpr std::array<std::string_view, 11> denied_words = {
    "certificate",                  // wrong, expired, for another name, not found
    "server does not support SSL",  // sslmode asks for more than the server offers
    "SSL error: tlsv",              // alerts of the other side
    "SSL error: sslv3 alert",
    "unsupported protocol",  // TLS versions do not meet
    "no password supplied",
    "channel binding",
    "authentication method",  // one that libpq cannot, or must not, use
    "private key file",
    "failed: Permission denied",  // a Unix socket's folder or file
    "requirepeer specifies",
};

// The pooler's own words come as 08P01, whatever they say.
constexpr std::array<std::string_view, 6> denied_by_pooler = {
    "does not exist",
    "no such database",
    "no such user",
    "not allowed",
    "unsupported startup parameter",
    "authentication failed",
};

// Somebody answers who does not speak PostgreSQL's protocol.
constexpr std::array<std::string_view, 9> garbage_words = {
    "without prior row description",
    "lost synchronization",
    "expected authentication request",
    "received invalid response",
    "received unencrypted data",
    "message contents do not agree",
    "insufficient data in",
    "unexpected response from server",
    "unexpected message from server",
};

constexpr std::size_t told_max = 500;

// Without its middle, when it is long: libpq's own words are at the beginning and at the end.
std::string shortened(std::string_view text) {
  constexpr std::string_view gap = " … ";
  constexpr std::size_t end_size = 150;
  if (text.size() <= told_max) {
    return std::string(text);
  }
  const auto in_character = [text](std::size_t at) {
    return (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U;
  };
  auto from = told_max - gap.size() - end_size;
  auto to = text.size() - end_size;
  for (int i = 0; i < 3 && in_character(from); ++i) {
    --from;
  }
  for (int i = 0; i < 3 && in_character(to); ++i) {
    ++to;
  }
  return std::string(text.substr(0, from)).append(gap).append(text.substr(to));
}

// "connection to server at … failed: FATAL:  28P01: password authentication failed …": the last
// one, where several addresses were tried.
std::string sqlstate_in(std::string_view message) {
  const auto digit = [](char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z'); };
  for (auto at = message.rfind(":  "); at != std::string_view::npos && at > 0;
       at = message.rfind(":  ", at - 1)) {
    const auto rest = message.substr(at + 3);
    if (rest.size() > 6 && std::all_of(rest.begin(), rest.begin() + 5, digit) && rest[5] == ':') {
      return std::string(rest.substr(0, 5));
    }
  }
  return {};
}

// LOCATION names a line of the server's source: it helps nobody who reads our messages. Nor does
// libpq's question, which our advice follows.
std::string without_asides(std::string_view message) {
  std::string kept;
  while (!message.empty()) {
    const auto line = message.substr(0, message.find('\n'));
    message.remove_prefix(std::min(message.size(), line.size() + 1));
    if (!line.starts_with("LOCATION:") && !line.starts_with("\tIs the server running")) {
      kept.append(line).append("\n");
    }
  }
  return kept;
}

// "connection to server at "db" (10.0.0.1), port 5432 failed: ": the caller says where.
std::string_view without_place(std::string_view message) {
  constexpr std::string_view end = " failed: ";
  const auto at = message.find(end);
  return message.starts_with("connection to server ") && at != std::string_view::npos
             ? message.substr(at + end.size())
             : message;
}

Errc meaning_of_connect(std::string_view sqlstate, std::string_view message) {
  if (sqlstate == "08P01" && has_any(message, denied_by_pooler)) {
    return Errc::denied;
  }
  if (!sqlstate.empty()) {
    return meaning_of(sqlstate);
  }
  if (has_any(message, denied_words)) {
    return Errc::denied;
  }
  return has_any(message, garbage_words) ? Errc::broken : Errc::retry;
}

}  // namespace

Errc meaning_of(std::string_view sqlstate) {
  const auto is = [sqlstate](std::span<const std::string_view> codes) {
    return std::ranges::any_of(codes, [sqlstate](auto code) { return sqlstate.starts_with(code); });
  };
  // Not allowed, no such database (or dropped while we read): time alone does not change that.
  static constexpr std::array<std::string_view, 4> denied = {"28", "42501", "3D000", "57P04"};
  // Connection, conflict with recovery, out of resources, somebody in the way, shutting down.
  static constexpr std::array<std::string_view, 7> retry = {
      "08", "25P03", "40", "53", "55P03", "57", "72"};
  if (is(denied)) {
    return Errc::denied;
  }
  return is(retry) ? Errc::retry : Errc::broken;
}

bool is_refusal(std::string_view sqlstate) {
  constexpr std::array<std::string_view, 4> states{"42501", "42883", "0A000", "55000"};
  return std::ranges::find(states, sqlstate) != states.end() || sqlstate.starts_with("XX");
}

ReadFailure connect_failure(std::string_view message) {
  const auto sqlstate = sqlstate_in(message);
  auto line = one_line(without_asides(without_place(message)));
  if (line.empty()) {
    return {{Errc::broken, "sent an error without a word"}, ""};
  }
  return {{meaning_of_connect(sqlstate, message), std::move(line)}, sqlstate};
}

ReadFailure lost_connection(std::string_view message) {
  const auto code = has_any(message, garbage_words) ? Errc::broken : Errc::retry;
  auto line = one_line(message);
  if (line.empty()) {
    line = "the connection was lost";
  }
  return {{code, std::move(line)}, ""};
}

std::string one_line(std::string_view text) {
  std::string line;
  bool space = false;
  // Before it is worked on, which makes more of it, and after that.
  for (const char c : shortened(text)) {
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
      space = true;
      continue;
    }
    if (space && !line.empty()) {
      line += ' ';
    }
    space = false;
    line += c;
  }
  return shortened(printable(line));
}

}  // namespace tidemark
