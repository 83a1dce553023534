#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "adapters/http/http.h"

namespace tidemark {

// HTTP/1.1 without I/O: bytes go in, messages come out. One parser, Beast's, reads everything that
// we read of HTTP, on both sides; it is compiled in parser.cpp alone, because it is expensive to
// compile.

enum class ParseState {
  more,      // call again when more bytes have come
  complete,  // what follows in the input belongs to the next message
  refused,   // no message; the connection cannot be used any more, because nobody knows where the
             // next one begins
};

// A request as it was framed. `method` is as it was sent, also HEAD.
struct RequestMessage {
  std::string method;
  std::string target;
  Headers headers;
  std::string body;
  bool http_1_1 = true;
  bool keep_alive = true;
};

// Strict where lenience is how requests are smuggled: folded header lines, two lengths, a length
// and an encoding, an encoding other than chunked are refused.
class RequestParser {
 public:
  RequestParser(std::size_t header_bytes_max, std::size_t body_bytes_max);
  ~RequestParser();

  // Takes what it understood from the front of `input`.
  ParseState feed(std::string& input);
  // True once, when the client waits for "100 Continue" before it sends the body.
  bool wants_continue();
  RequestMessage take();      // when complete
  const Response& refusal();  // when refused

 private:
  struct State;
  std::unique_ptr<State> state_;
};

class ResponseParser {
 public:
  // `on_body` is given the body as it arrives.
  ResponseParser(bool answers_head, std::function<void(std::string_view)> on_body);
  ~ResponseParser();

  ParseState feed(std::string& input);
  ParseState end_of_input();
  bool has_header() const;
  unsigned status() const;
  const Headers& headers() const;
  std::string trouble() const;  // when refused

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// "Not Found"
std::string_view reason_phrase(unsigned status);

}  // namespace tidemark
