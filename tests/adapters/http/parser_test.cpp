#include "adapters/http/parser.h"

#include <doctest/doctest.h>

#include <random>
#include <string>
#include <vector>

using namespace tidemark;

namespace {

ParseState parse(RequestParser& parser, std::string text) {
  return parser.feed(text);
}

// The status that `text` is refused with; 0 when it is not.
unsigned refusal_of(const std::string& text) {
  RequestParser parser(16UL * 1024, 1024);
  return parse(parser, text) == ParseState::refused ? parser.refusal().status : 0;
}

}  // namespace

TEST_CASE("a request means the same however it was cut into pieces") {
  const std::string text =
      "POST /a HTTP/1.1\r\nHost: x\r\nX-Empty:\r\nTransfer-Encoding: chunked\r\n\r\n"
      "4;name=value\r\nabcd\r\n3\r\nefg\r\n0\r\nX-Trailer: 1\r\n\r\n";
  const std::string next = "GET /b HTTP/1.1\r\n";
  for (std::size_t piece = 1; piece <= text.size(); ++piece) {
    RequestParser parser(1024, 1024);
    std::string input;
    auto state = ParseState::more;
    for (std::size_t at = 0; at < text.size(); at += piece) {
      input += text.substr(at, piece);
      if (at + piece >= text.size()) {
        input += next;
      }
      state = parser.feed(input);
      REQUIRE(state != ParseState::refused);
    }
    REQUIRE(state == ParseState::complete);
    const auto message = parser.take();
    CHECK(message.method == "POST");
    CHECK(message.body == "abcdefg");
    CHECK(message.headers ==
          Headers{{"host", "x"}, {"x-empty", ""}, {"transfer-encoding", "chunked"}});
    CHECK(input == next);
  }
}

TEST_CASE("how long a header may be does not depend on how it was cut into pieces") {
  constexpr std::size_t longest = 256;
  const std::string begin = "GET /";
  const std::string end = " HTTP/1.1\r\nHost:      localhost      \r\n\r\n";
  for (const std::size_t length : {longest, longest + 1}) {
    const auto request = begin + std::string(length - begin.size() - end.size(), 'a') + end;
    for (const std::size_t piece : {1UL, 100UL, request.size() - 4, request.size()}) {
      INFO(length << " bytes in pieces of " << piece);
      RequestParser parser(longest, 1024);
      std::string input;
      auto state = ParseState::more;
      for (std::size_t at = 0; at < length && state == ParseState::more; at += piece) {
        input += request.substr(at, piece);
        state = parser.feed(input);
      }
      CHECK(state == (length == longest ? ParseState::complete : ParseState::refused));
      CHECK((length == longest || parser.refusal().status == 431));
    }
  }
}

TEST_CASE("an empty chunked body that comes byte by byte does not end the process") {
  RequestParser parser(1024, 1024);
  std::string input = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
  auto state = parser.feed(input);
  for (const char c : std::string("0\r\n\r\n")) {
    REQUIRE(state == ParseState::more);
    input += c;
    state = parser.feed(input);
  }
  CHECK(state == ParseState::complete);
}

TEST_CASE("a small chunk is handed on as soon as it is there, also when it was cut") {
  std::string body;
  ResponseParser parser(false, [&](std::string_view piece) { body += piece; });
  std::string input = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n1\r\n";
  CHECK(parser.feed(input) == ParseState::more);
  CHECK(body == "a");
  input += "b";
  CHECK(parser.feed(input) == ParseState::more);
  CHECK(body == "ab");
}

TEST_CASE("what could be understood in two ways is refused, as smuggled requests are") {
  const std::string get = "GET / HTTP/1.1\r\n";
  const std::string post = "POST / HTTP/1.1\r\nHost: x\r\n";
  const std::vector<std::string> table{
      post + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      post + "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
      post + "Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcde",
      post + "Content-Length: 4\r\nContent-Length: 4\r\n\r\nabcd",
      post + "Content-Length: 4, 5\r\n\r\nabcde",
      post + "Content-Length: +4\r\n\r\nabcd",
      post + "Content-Length: -4\r\n\r\nabcd",
      post + "Content-Length: 0x4\r\n\r\nabcd",
      post + "Content-Length: 4 4\r\n\r\nabcd",
      post + "Content-Length:\r\n\r\n",
      post + "Content-Length: 18446744073709551616\r\n\r\n",
      post + "Transfer-Encoding: gzip\r\n\r\n",
      post + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
      post + "Transfer-Encoding: chunked, gzip\r\n\r\n",
      post + "Transfer-Encoding: chunked, chunked\r\n\r\n",
      post + "Transfer-Encoding: xchunked\r\n\r\n",
      post + "Transfer-Encoding: \"chunked\"\r\n\r\n",
      post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
      post + "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      post + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
      post +
          "Transfer-Encoding:\x0b"
          "chunked\r\n\r\n0\r\n\r\n",
      post + "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
      post + "Transfer-Encoding:\r\n \r\n chunked\r\n\r\n0\r\n\r\n",
      post + "Transfer-Encoding: chunked\r\n\r\nx\r\n\r\n",
      post + "Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n",
      post + "Transfer-Encoding: chunked\r\n\r\n4\r\nabcdXX0\r\n\r\n",
      post + "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
      "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      get + "X-Folded: a\r\n b\r\n\r\n",
      get + "X-Folded: a\r\n\tb\r\n\r\n",
      get + "X-Folded: a\r\n \r\n\r\n",
      get + "X-Folded:\r\n b\r\n\r\n",
      get + " X-First: a\r\n\r\n",
      get + "X-Name : a\r\n\r\n",
      get + ": a\r\n\r\n",
      get + "X-Name\r\n\r\n",
      get + "X-Na(me: a\r\n\r\n",
      get + std::string("X-Nul: a\0b\r\n\r\n", 14),
      get + "X-Bare: a\rb\r\n\r\n",
      get + "X-Bare: a\nX-Other: b\r\n\r\n",
      "GET / HTTP/1.1\nHost: x\n\n",
      "GET  / HTTP/1.1\r\n\r\n",
      "GET /a b HTTP/1.1\r\n\r\n",
      "GET / HTTP/1.1 \r\n\r\n",
      "GET / HTTP/1.2\r\n\r\n",
      "GET / HTTP/2.0\r\n\r\n",
      "GET / http/1.1\r\n\r\n",
      "GET /\r\n\r\n",
      "G\x01T / HTTP/1.1\r\n\r\n",
      "\r\nGET / HTTP/1.1\r\n\r\n",
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
      "\x16\x03\x01\x02\x03\x01\xff\xfc\x03\x03 tls",
      std::string("\0\0\0\x08\x04\xd2\x16\x2f", 8),
  };
  for (const auto& text : table) {
    INFO(text);
    CHECK(refusal_of(text) == 400);
  }
}

TEST_CASE("too much is refused by what there is too much of") {
  const std::string long_value(20UL * 1024, 'x');
  CHECK(refusal_of("GET / HTTP/1.1\r\nX: " + long_value + "\r\n\r\n") == 431);
  CHECK(refusal_of("GET /" + long_value + " HTTP/1.1\r\n\r\n") == 431);
  CHECK(refusal_of("POST / HTTP/1.1\r\nContent-Length: 1025\r\n\r\n") == 413);
  CHECK(refusal_of("POST / HTTP/1.1\r\nContent-Length: 1024\r\n\r\n") == 0);
  CHECK(refusal_of("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n401\r\n") == 413);
}

TEST_CASE("a header that trickles in line by line has the same limit") {
  RequestParser parser(16UL * 1024, 1024);
  std::string input = "GET / HTTP/1.1\r\nX";
  auto state = parser.feed(input);
  int lines = 0;
  while (state == ParseState::more && lines < 1000) {
    input +=
        "-Line: " + std::string(90, 'x') + "\r\nX";  // ends where Beast forgets what came before
    state = parser.feed(input);
    ++lines;
  }
  CHECK(state == ParseState::refused);
  CHECK(parser.refusal().status == 431);
  CHECK(lines < 200);
}

TEST_CASE("a chunk's first line and a trailer cannot grow for ever") {
  for (const std::string start : {"1;x=", "0\r\nX-Trailer: "}) {
    RequestParser parser(1024, 1024);
    std::string input = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + start;
    auto state = parser.feed(input);
    for (int i = 0; i < 100 && state == ParseState::more; ++i) {
      input += std::string(100, 'x');
      state = parser.feed(input);
    }
    CHECK(state == ParseState::refused);
    CHECK(input.size() < 4096);
  }
}

TEST_CASE("keeping the connection is the default since HTTP/1.1 and a wish before") {
  const auto keeps = [](const std::string& text) {
    RequestParser parser(1024, 1024);
    REQUIRE(parse(parser, text) == ParseState::complete);
    return parser.take().keep_alive;
  };
  CHECK(keeps("GET / HTTP/1.1\r\n\r\n"));
  CHECK_FALSE(keeps("GET / HTTP/1.1\r\nConnection: close\r\n\r\n"));
  CHECK_FALSE(keeps("GET / HTTP/1.0\r\n\r\n"));
  CHECK(keeps("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
}

TEST_CASE("an answer's length, chunks, or end of connection say where it ends") {
  const auto parsed = [](const std::string& text, bool head, bool ends) {
    std::string body;
    ResponseParser parser(head, [&](std::string_view piece) { body += piece; });
    std::string input = text;
    auto state = parser.feed(input);
    if (state == ParseState::more && ends) {
      state = parser.end_of_input();
    }
    return std::pair(state, body);
  };
  using Expected = std::pair<ParseState, std::string>;
  CHECK(parsed("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", false, false) ==
        Expected{ParseState::complete, "abc"});
  CHECK(parsed("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
               false,
               false) == Expected{ParseState::complete, "abc"});
  CHECK(parsed("HTTP/1.0 200 OK\r\n\r\nabc", false, true) == Expected{ParseState::complete, "abc"});
  CHECK(parsed("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", true, false) ==
        Expected{ParseState::complete, ""});
  CHECK(parsed("HTTP/1.1 204 No Content\r\n\r\n", false, false) ==
        Expected{ParseState::complete, ""});
  CHECK(parsed("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab", false, true).first ==
        ParseState::refused);
  CHECK(parsed("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", false, true)
            .first == ParseState::refused);
  CHECK(parsed("HTTP/1.1 200 OK\r\nConte", false, true).first == ParseState::refused);
  CHECK(parsed("", false, true).first == ParseState::refused);
  CHECK(parsed("SSH-2.0-OpenSSH\r\n", false, false).first == ParseState::refused);
}

TEST_CASE("damaged requests are refused or understood, in any pieces, and never more than that") {
  const std::vector<std::string> seeds{
      "POST /a/b?c=d HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: "
      "chunked\r\n\r\n4;a=\"b\"\r\nabcd\r\n0\r\nT: 1\r\n\r\n",
      "POST / HTTP/1.1\r\nContent-Length: 5\r\nConnection: keep-alive, close\r\nExpect: "
      "100-continue\r\n\r\nhello",
      "GET / HTTP/1.0\r\nX: a\r\n\tb\r\n\r\nGET / HTTP/1.1\r\n\r\n"};
  const std::string awkward = std::string("\r\n\t :;,=\"0aF\x7f\xff", 14) + '\0';
  std::mt19937 random(20260418);
  const auto below = [&random](std::size_t n) {
    return std::uniform_int_distribution<std::size_t>(0, n - 1)(random);
  };
  for (int round = 0; round < 20'000; ++round) {
    std::string text = seeds[below(seeds.size())];
    for (std::size_t i = below(4) + 1; i > 0; --i) {
      const std::size_t at = below(text.size());
      switch (below(3)) {
        case 0:
          text[at] = awkward[below(awkward.size())];
          break;
        case 1:
          text.insert(at, 1, awkward[below(awkward.size())]);
          break;
        default:
          text.erase(at, below(4) + 1);
      }
      text += text.empty() ? "x" : "";
    }
    RequestParser parser(256, 64);
    std::string input;
    auto state = ParseState::more;
    for (std::size_t at = 0; at < text.size() && state == ParseState::more;) {
      const std::size_t piece = below(20) + 1;
      input += text.substr(at, piece);
      at += piece;
      state = parser.feed(input);
    }
    if (state == ParseState::complete) {
      REQUIRE(parser.take().body.size() <= 64);
    }
  }
}
