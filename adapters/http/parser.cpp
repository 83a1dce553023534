#include "adapters/http/parser.h"

#include <algorithm>
#include <functional>

#include <boost/algorithm/string/predicate.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/status.hpp>

namespace tidemark {
namespace {

namespace http = boost::beast::http;
using BeastError = boost::beast::error_code;
using BeastView = boost::beast::string_view;
using OnBody = std::function<void(std::string_view)>;

std::string lower_case(BeastView text) {
  std::string lowered(text);
  for (char& c : lowered) {
    if (c >= 'A' && c <= 'Z') {
      c = static_cast<char>(c - 'A' + 'a');
    }
  }
  return lowered;
}

// What both directions have in common: headers are collected, the body is handed on, and what Beast
// lets pass and we do not is refused.
template <bool is_request>
class Message : public http::basic_parser<is_request> {
 public:
  Message(std::size_t header_bytes_max, std::size_t body_bytes_max, OnBody on_body)
      : header_bytes_max_(header_bytes_max), on_body_(std::move(on_body)) {
    this->eager(true);
    this->header_limit(static_cast<std::uint32_t>(header_bytes_max));
    this->body_limit(body_bytes_max);
  }

  std::string method;
  std::string target;
  unsigned status = 0;
  bool http_1_1 = true;
  Headers headers;
  BeastError error;

  ParseState feed(std::string& input) {
    if (error) {
      return ParseState::refused;
    }
    if (this->is_done()) {
      return ParseState::complete;
    }
    if (input.empty() || too_short_for_beast(input.size())) {
      return ParseState::more;
    }
    const bool in_header = !this->is_header_done();
    if (in_header && header_taken_ + header_bytes_in(input) > header_bytes_max_) {
      error = http::error::header_limit;
      return ParseState::refused;
    }
    input_begin_ = input.data();
    input_end_ = input.data() + input.size();
    const std::size_t used =
        this->put(boost::asio::const_buffer(input.data(), input.size()), error);
    input.erase(0, used);
    header_taken_ += in_header ? used : 0;
    if (error == http::error::need_more) {
      error = {};
    }
    // What is left over of an unfinished message is a piece of a header, a trailer, or a chunk's
    // first line.
    if (!error && !this->is_done() && input.size() > header_bytes_max_) {
      error = http::error::header_limit;
    }
    if (error) {
      return ParseState::refused;
    }
    return this->is_done() ? ParseState::complete : ParseState::more;
  }

 private:
  // How much of `input` belongs to the header. Beast looks at the request line and the fields one
  // by one, or at both together, depending on how they came.
  std::size_t header_bytes_in(std::string_view input) const {
    constexpr std::string_view line_end = "\r\n";
    constexpr std::string_view header_end = "\r\n\r\n";
    if (header_taken_ > 0 && input.starts_with(line_end)) {
      return line_end.size();
    }
    const auto end = input.find(header_end);
    return end == std::string_view::npos ? input.size() : end + header_end.size();
  }

  void on_request_impl(
      http::verb, BeastView sent_method, BeastView sent_target, int version, BeastError&) override {
    method = std::string(sent_method);
    target = std::string(sent_target);
    http_1_1 = version == 11;
    header_bytes_ += method.size() + target.size();
  }

  void on_response_impl(int code, BeastView, int version, BeastError&) override {
    status = static_cast<unsigned>(code);
    http_1_1 = version == 11;
  }

  void on_field_impl(http::field, BeastView name, BeastView value, BeastError& trouble) override {
    // Beast's own limit is for what it is handed at once: a header that trickles in would have
    // none.
    header_bytes_ += name.size() + value.size() + std::string_view(": \r\n").size();
    if (header_bytes_ > header_bytes_max_) {
      trouble = http::error::header_limit;
    } else if (is_folded(name, value)) {
      trouble = http::error::bad_value;
    } else if (!header_done_) {
      headers.emplace_back(lower_case(name), std::string(value));
    }
  }

  // Beast joins folded lines in a buffer of its own, unless all of them but the last were empty:
  // then there is a line end between name and value.
  bool is_folded(BeastView name, BeastView value) const {
    const std::less<> before;
    if (before(value.data(), input_begin_) || before(input_end_, value.data())) {
      return true;
    }
    return std::find(name.data() + name.size(), value.data(), '\n') != value.data();
  }

  // Beast asserts that it is shown five bytes or more when it looks at the last chunk for the
  // second time: "0\r\n" and then one byte would end the process. No chunked message ends in less
  // than the five of "0\r\n\r\n".
  bool too_short_for_beast(std::size_t bytes) const {
    return header_done_ && this->chunked() && chunk_bytes_left_ == 0 && bytes < 5;
  }

  void on_header_impl(BeastError& trouble) override {
    header_done_ = true;
    std::size_t lengths = 0;
    for (const auto& [name, value] : headers) {
      lengths += name == "content-length" ? 1 : 0;
      const bool other_encoding = name == "transfer-encoding" &&
                                  (!http_1_1 || !boost::algorithm::iequals(value, "chunked"));
      if (other_encoding) {
        trouble = http::error::bad_transfer_encoding;
      }
    }
    if (lengths > 1) {
      trouble = http::error::multiple_content_length;
    }
  }

  void on_body_init_impl(const boost::optional<std::uint64_t>&, BeastError&) override {}
  void on_chunk_header_impl(std::uint64_t size, BeastView, BeastError&) override {
    chunk_bytes_left_ = size;
  }
  void on_finish_impl(BeastError&) override {}

  std::size_t on_body_impl(BeastView piece, BeastError&) override {
    on_body_(std::string_view(piece.data(), piece.size()));
    return piece.size();
  }

  std::size_t on_chunk_body_impl(std::uint64_t, BeastView piece, BeastError&) override {
    chunk_bytes_left_ -= piece.size();
    on_body_(std::string_view(piece.data(), piece.size()));
    return piece.size();
  }

  std::size_t header_bytes_max_;
  std::size_t header_taken_ = 0;  // bytes as they came
  std::size_t header_bytes_ = 0;  // of what was in them, and in the trailer
  bool header_done_ = false;  // a field after that is a trailer, which nothing of ours reads
  std::uint64_t chunk_bytes_left_ = 0;
  const char* input_begin_ = nullptr;
  const char* input_end_ = nullptr;
  OnBody on_body_;
};

Response refusal_for(BeastError error) {
  if (error == http::error::header_limit) {
    return problem(431,
                   "header-too-large",
                   "Header too large",
                   "The request line and the headers are too long.");
  }
  if (error == http::error::body_limit) {
    return problem(413,
                   "body-too-large",
                   "Body too large",
                   "The request's body is longer than this server accepts.");
  }
  return problem(400,
                 "bad-request",
                 "Bad request",
                 "The request cannot be understood: " + error.message() + ".");
}

}  // namespace

struct RequestParser::State {
  State(std::size_t header_bytes_max, std::size_t body_bytes_max)
      : message(
            header_bytes_max, body_bytes_max, [this](std::string_view piece) { body += piece; }) {}

  std::string body;
  Message<true> message;
  bool said_continue = false;
  Response refusal;
};

RequestParser::RequestParser(std::size_t header_bytes_max, std::size_t body_bytes_max)
    : state_(std::make_unique<State>(header_bytes_max, body_bytes_max)) {}

RequestParser::~RequestParser() = default;

ParseState RequestParser::feed(std::string& input) {
  const auto state = state_->message.feed(input);
  if (state == ParseState::refused) {
    state_->refusal = refusal_for(state_->message.error);
  }
  return state;
}

bool RequestParser::wants_continue() {
  const auto& message = state_->message;
  if (state_->said_continue || !message.is_header_done() || message.is_done() ||
      !message.http_1_1) {
    return false;
  }
  state_->said_continue = true;
  return std::any_of(message.headers.begin(), message.headers.end(), [](const auto& header) {
    return header.first == "expect" && boost::algorithm::iequals(header.second, "100-continue");
  });
}

RequestMessage RequestParser::take() {
  auto& message = state_->message;
  RequestMessage taken;
  taken.http_1_1 = message.http_1_1;
  taken.keep_alive = message.keep_alive();
  taken.method = std::move(message.method);
  taken.target = std::move(message.target);
  taken.headers = std::move(message.headers);
  taken.body = std::move(state_->body);
  return taken;
}

const Response& RequestParser::refusal() {
  return state_->refusal;
}

struct ResponseParser::State {
  State(bool answers_head, OnBody on_body) : message(64 * 1024, 1ULL << 40U, std::move(on_body)) {
    message.skip(answers_head);
  }

  Message<false> message;
};

ResponseParser::ResponseParser(bool answers_head, std::function<void(std::string_view)> on_body)
    : state_(std::make_unique<State>(answers_head, std::move(on_body))) {}

ResponseParser::~ResponseParser() = default;

ParseState ResponseParser::feed(std::string& input) {
  return state_->message.feed(input);
}

ParseState ResponseParser::end_of_input() {
  auto& message = state_->message;
  if (!message.got_some()) {
    message.error = http::error::end_of_stream;
  } else if (!message.error && !message.is_done()) {
    message.put_eof(message.error);
  }
  return message.error ? ParseState::refused : ParseState::complete;
}

bool ResponseParser::has_header() const {
  return state_->message.is_header_done();
}
unsigned ResponseParser::status() const {
  return state_->message.status;
}
const Headers& ResponseParser::headers() const {
  return state_->message.headers;
}
std::string ResponseParser::trouble() const {
  return state_->message.error.message();
}

std::string_view reason_phrase(unsigned status) {
  const auto phrase = http::obsolete_reason(static_cast<http::status>(status));
  return {phrase.data(), phrase.size()};
}

}  // namespace tidemark
