// What comes from the other end of a connection. The first byte says which end we are and whether
// bytes trickle in, what follows is the stream.

#include <algorithm>
#include <string>

#include "adapters/http/parser.h"
#include "adapters/http/request_target.h"
#include "adapters/http/tcp_rules.h"
#include "core/text/printable.h"
#include "tests/fuzz/input.h"

namespace tidemark::fuzz {

namespace {

constexpr std::size_t header_bytes_max = 1024;
constexpr std::size_t body_bytes_max = 256;

template <class Parser>
ParseState feed(Parser& parser, std::string_view stream, std::size_t piece, std::string& left) {
  auto state = ParseState::more;
  while (state == ParseState::more && !stream.empty()) {
    const auto bytes = std::min(piece, stream.size());
    left += stream.substr(0, bytes);
    stream.remove_prefix(bytes);
    state = parser.feed(left);
  }
  left += stream;
  return state;
}

void check_headers(const Headers& headers) {
  for (const auto& [name, value] : headers) {
    promise(
        !name.empty() && std::ranges::none_of(name, [](char c) { return c >= 'A' && c <= 'Z'; }),
        "header names are in lower case",
        name);
    promise(value.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos,
            "a header's value is one line",
            value);
  }
}

void check_target(const RequestMessage& message) {
  const auto target = parse_request_target(message.target);
  if (!target) {
    promise(target.error().code == Errc::invalid, "a bad target is invalid");
    return;
  }
  std::string again;
  for (const auto& segment : target->segments) {
    promise(valid_utf8(segment) == segment, "a segment is text", segment);
    again += '/' + percent_encode(segment);
  }
  const auto parsed = parse_request_target(again.empty() ? "/" : again);
  promise(parsed && parsed->segments == target->segments,
          "segments that are encoded again are read as the same",
          again);

  Request request;
  request.method = message.method;
  request.path = target->path;
  request.segments = target->segments;
  request.headers = message.headers;
  if (const auto refusal = refuse_over_tcp(request, AllowedHosts(), "127.0.0.1:9847")) {
    promise(refusal->status >= 400 && refusal->status < 500, "who asks wrongly is told so");
    return;
  }
  promise(request.method == "GET", "only reading is let through over TCP", request.method);
  const bool any_host =
      !target->segments.empty() && (target->segments[0] == "metrics" || target->segments[0] == "-");
  const auto host = canonical_host(request.header("host").value_or(""));
  promise(any_host || (host && (*host == "localhost" || *host == "127.0.0.1" || *host == "[::1]")),
          "nobody is let through under a stranger's name");
}

struct ReadRequest {
  ParseState state = ParseState::more;
  RequestMessage message;
  std::string left;
};

ReadRequest read_request(std::string_view stream, std::size_t piece) {
  RequestParser parser(header_bytes_max, body_bytes_max);
  ReadRequest read;
  read.state = feed(parser, stream, piece, read.left);
  if (read.state == ParseState::complete) {
    read.message = parser.take();
  } else if (read.state == ParseState::refused) {
    promise(parser.refusal().status >= 400, "a refusal has a status");
  }
  return read;
}

void try_request(std::string_view stream, std::size_t piece) {
  const auto whole = read_request(stream, stream.size());
  const auto pieces = read_request(stream, piece);
  promise((whole.state == ParseState::complete) == (pieces.state == ParseState::complete),
          "a request is one however it was cut into pieces");
  if (whole.state != ParseState::complete) {
    return;
  }
  const auto& message = whole.message;
  promise(message.method == pieces.message.method && message.target == pieces.message.target &&
              message.headers == pieces.message.headers && message.body == pieces.message.body &&
              message.keep_alive == pieces.message.keep_alive && whole.left == pieces.left,
          "a request means the same however it was cut into pieces");
  promise(message.body.size() <= body_bytes_max, "a body has the size that is allowed");
  check_headers(message.headers);
  check_target(message);
}

struct ReadResponse {
  ParseState state = ParseState::more;
  unsigned status = 0;
  Headers headers;
  std::string body;
};

ReadResponse read_response(std::string_view stream, std::size_t piece, bool answers_head) {
  ReadResponse read;
  ResponseParser parser(answers_head, [&](std::string_view bytes) { read.body += bytes; });
  std::string left;
  read.state = feed(parser, stream, piece, left);
  if (read.state == ParseState::more) {
    read.state = parser.end_of_input();
  }
  if (read.state == ParseState::refused) {
    promise(!parser.trouble().empty(), "what is no answer has a reason");
  } else if (parser.has_header()) {
    read.status = parser.status();
    read.headers = parser.headers();
  }
  return read;
}

void try_response(std::string_view stream, std::size_t piece, bool answers_head) {
  const auto whole = read_response(stream, stream.size(), answers_head);
  const auto pieces = read_response(stream, piece, answers_head);
  promise(whole.state == pieces.state, "an answer is one however it was cut into pieces");
  promise(whole.body.size() <= stream.size(), "a body is not longer than what came");
  if (whole.state == ParseState::complete) {
    promise(whole.status == pieces.status && whole.headers == pieces.headers &&
                whole.body == pieces.body,
            "an answer means the same however it was cut into pieces");
    check_headers(whole.headers);
  }
}

}  // namespace

void try_input(std::string_view input) {
  if (input.size() < 2) {
    return;
  }
  const auto how = static_cast<unsigned char>(input.front());
  const auto stream = input.substr(1);
  const std::size_t piece = 1 + how / 4U;
  if (how % 4U < 2) {
    try_request(stream, piece);
  } else {
    try_response(stream, piece, how % 4U == 3);
  }
}

}  // namespace tidemark::fuzz
