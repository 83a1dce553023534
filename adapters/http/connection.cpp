#include "adapters/http/connection.h"

#include <array>
#include <exception>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/system/system_error.hpp>

#include "adapters/http/address.h"
#include "adapters/http/gzip.h"
#include "adapters/http/request_target.h"
#include "adapters/http/tcp_rules.h"

namespace tidemark {
namespace {

constexpr auto completion = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t read_size = 8UL * 1024;

bool is_cancellation(const std::exception& failure) {
  const auto* system = dynamic_cast<const boost::system::system_error*>(&failure);
  return system != nullptr && system->code() == asio::error::operation_aborted;
}

bool worth_compressing(const Response& response) {
  return !response.stream && response.body.size() > 1024;
}

Awaitable<void> compress(Response& response) {
  constexpr std::size_t step =
      64UL * 1024;  // well below a millisecond; then the loop's other work has its turn
  Gzip gzip;
  const std::string_view body = response.body;
  for (std::size_t at = 0; at < body.size(); at += step) {
    gzip.add(body.substr(at, step));
    co_await asio::post(asio::use_awaitable);
  }
  response.body = gzip.finish();
  response.headers.emplace_back("Content-Encoding", "gzip");
  response.headers.emplace_back("Vary", "Accept-Encoding");
}

}  // namespace

Connection::Connection(HttpSocket socket,
                       Peer peer,
                       const HttpService& service,
                       const AllowedHosts& hosts)
    : socket_(std::make_shared<TimedSocket>(std::move(socket))),
      peer_(std::move(peer)),
      connected_to_(to_string(local_address(socket_->socket.native_handle()))),
      service_(service),
      hosts_(hosts) {}

Connection::~Connection() {
  socket_->close();
}

Awaitable<void> Connection::serve() {
  while (!closing_) {
    auto message = co_await read_request();
    if (!message) {
      break;
    }
    at_work_ = true;
    const bool reusable = co_await answer(std::move(*message));
    at_work_ = false;
    if (!reusable || once_) {
      break;
    }
  }
  co_await linger();
}

// Nothing when there is no further request: the client left, was silent for too long, or was
// refused.
Awaitable<std::optional<RequestMessage>> Connection::read_request() {
  const auto& limits = service_.limits;
  const auto idle = peer_.local ? limits.idle_local : limits.idle_tcp;
  RequestParser parser(limits.header_bytes, limits.body_bytes);
  socket_->expire_after(first_ ? limits.read : idle, asio::socket_base::shutdown_receive);
  bool begun = false;
  bool need_bytes = input_.empty();
  while (true) {
    if (need_bytes) {
      const bool got_some = co_await read_some();
      if (!got_some && begun && socket_->expired()) {
        co_await refuse(
            problem(408, "too-slow", "Too slow", "The request was not complete in time."));
      }
      if (!got_some) {
        co_return std::nullopt;
      }
    }
    if (!begun) {
      begun = true;
      first_ = false;
      socket_->expire_after(limits.read, asio::socket_base::shutdown_receive);
    }
    const auto state = parser.feed(input_);
    if (state == ParseState::complete) {
      socket_->never_expire();
      co_return parser.take();
    }
    if (state == ParseState::refused) {
      co_await refuse(parser.refusal());
      co_return std::nullopt;
    }
    if (parser.wants_continue()) {
      co_await write("HTTP/1.1 100 Continue\r\n\r\n");
      socket_->expire_after(limits.read, asio::socket_base::shutdown_receive);
    }
    need_bytes = true;
  }
}

Awaitable<bool> Connection::read_some() {
  const std::size_t before = input_.size();
  input_.resize(before + read_size);
  const auto buffer = asio::buffer(input_.data() + before, read_size);
  const auto [error, read] = co_await socket_->socket.async_read_some(buffer, completion);
  input_.resize(before + read);
  gone_ = gone_ || (error && !socket_->expired());
  co_return !error;
}

// True when the connection can be used for another request.
Awaitable<bool> Connection::answer(RequestMessage message) {
  const bool head_only = message.method == "HEAD";
  const bool http_1_1 = message.http_1_1;
  const bool asked_to_keep = message.keep_alive;
  auto response = co_await respond(std::move(message));
  const auto framing = framing_of(response, http_1_1);
  const bool keep_alive = asked_to_keep && !closing_ && !once_ && framing != Framing::to_close;
  auto head = response_head(response, framing, http_1_1, keep_alive);
  const bool has_body = !head_only && framing != Framing::none;
  std::string_view body;
  if (has_body) {
    body = response.body;
  }
  bool sent = co_await write(std::move(head), body);  // a stream has no body
  if (sent && has_body && response.stream) {
    sent = co_await write_stream(std::move(response.stream), framing);
  }
  co_return sent&& keep_alive;
}

Awaitable<Response> Connection::respond(RequestMessage message) {
  auto target = parse_request_target(message.target);
  if (!target) {
    co_return problem(400, "bad-request", "Bad request", target.error().detail);
  }
  Request request;
  request.method = message.method == "HEAD" ? "GET" : std::move(message.method);
  request.target = std::move(message.target);
  request.path = std::move(target->path);
  request.segments = std::move(target->segments);
  request.query = std::move(target->query);
  request.headers = std::move(message.headers);
  request.body = std::move(message.body);
  request.peer = peer_;
  if (peer_.local) {
    auto response = co_await call_handler(std::move(request));
    co_return response;
  }
  const bool gzip = accepts_gzip(request.header("accept-encoding").value_or(""));
  auto refusal = refuse_over_tcp(request, hosts_, connected_to_);
  Response response;
  if (refusal) {
    response = std::move(*refusal);
  } else {
    response = co_await call_handler(std::move(request));
  }
  add_security_headers(response);
  if (gzip && worth_compressing(response)) {
    co_await compress(response);
  }
  co_return response;
}

Awaitable<Response> Connection::call_handler(Request request) {
  std::string failure;
  std::exception_ptr cancelled;
  try {
    auto response = co_await service_.handler(std::move(request));
    co_return response;
  } catch (const std::exception& exception) {
    failure = exception.what();
    cancelled = is_cancellation(exception) ? std::current_exception() : nullptr;
  } catch (...) {
    failure = "something that is no std::exception";
  }
  const auto state = co_await asio::this_coro::cancellation_state;
  if (cancelled && state.cancelled() != asio::cancellation_type::none) {
    std::rethrow_exception(cancelled);
  }
  service_.troubles.handler_failed(failure);
  co_return problem(500,
                    "internal",
                    "Internal error",
                    "This is a fault of tidemarkd; its log says more. Nothing is known of what was "
                    "asked for: look before "
                    "you ask again.");
}

// After this the connection is closed: where the next request would begin is not known.
Awaitable<void> Connection::refuse(Response refusal) {
  if (!peer_.local) {
    add_security_headers(refusal);
  }
  auto head = response_head(refusal, Framing::length, true, false);
  co_await write(std::move(head), refusal.body);
}

Awaitable<bool> Connection::write(std::string head, std::string_view body) {
  socket_->expire_after(service_.limits.write, asio::socket_base::shutdown_both);
  const std::array<asio::const_buffer, 2> pieces{asio::buffer(head), asio::buffer(body)};
  const auto [error, written] = co_await asio::async_write(socket_->socket, pieces, completion);
  socket_->never_expire();
  gone_ = gone_ || error;
  co_return !error;
}

// Reading goes on beside the stream, because that is how one hears that the client has left.
// Neither of the two throws:
// `||` waits for the first success.
Awaitable<bool> Connection::write_stream(std::shared_ptr<Stream> stream, Framing framing) {
  using asio::experimental::awaitable_operators::operator||;
  at_work_ = false;
  auto produce = pump(std::move(stream), framing);
  auto watch = watch_for_close();
  const auto first = co_await (std::move(produce) || std::move(watch));
  co_return first.index() == 0 && std::get<0>(first);
}

Awaitable<bool> Connection::pump(std::shared_ptr<Stream> stream, Framing framing) {
  const bool chunked = framing == Framing::chunked;
  try {
    while (true) {
      const auto piece = co_await stream->next();
      if (!piece) {
        break;
      }
      if (piece->empty()) {
        continue;  // as a chunk it would be the end
      }
      auto framed = chunked ? chunk(*piece) : *piece;
      const bool sent = co_await write(std::move(framed));
      if (!sent) {
        co_return false;
      }
    }
    if (!chunked) {
      co_return true;
    }
    const bool ended = co_await write(std::string(last_chunk));
    co_return ended;
  } catch (const std::exception& exception) {
    if (!is_cancellation(exception)) {
      service_.troubles.handler_failed(exception.what());
    }
  } catch (...) {
    service_.troubles.handler_failed("something that is no std::exception");
  }
  co_return false;  // without the last chunk, so that the client sees that something is missing
}

Awaitable<void> Connection::watch_for_close() {
  bool more = true;
  // A client may send its next request early, but not without end.
  while (more && input_.size() <= service_.limits.header_bytes) {
    more = co_await read_some();
  }
}

// Closing while something unread lies here would reset the connection and take the answer away from
// a client that is still sending: so tell it that we are done, and let it finish for a moment.
Awaitable<void> Connection::linger() {
  if (gone_ || closing_) {
    co_return;
  }
  socket_->shut_down(asio::socket_base::shutdown_send);
  socket_->expire_after(std::chrono::seconds(1), asio::socket_base::shutdown_receive);
  std::size_t heard = 0;
  bool more = true;
  while (more && heard < 1024UL * 1024) {
    input_.clear();
    more = co_await read_some();
    heard += input_.size();
  }
}

}  // namespace tidemark
