#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "adapters/http/hosts.h"
#include "adapters/http/parser.h"
#include "adapters/http/server.h"
#include "adapters/http/timed_socket.h"
#include "adapters/http/wire.h"

namespace tidemark {

// What every connection of a server shares.
struct HttpService {
  HttpServer::Handler handler;
  HttpLimits limits;
  HttpTroubles troubles;
};

// One client, request after request.
class Connection {
 public:
  // `service` and `hosts` are the server's and outlive every connection.
  Connection(HttpSocket socket, Peer peer, const HttpService& service, const AllowedHosts& hosts);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Ends when the client is gone or has misbehaved, or after the answer at work once close_soon()
  // was called.
  Awaitable<void> serve();

  // False while a handler is at work or its answer is on its way: that is what a stop waits for.
  bool interruptible() const { return !at_work_; }
  void close_soon() { closing_ = true; }
  // Before serve(): it ends after the first answer.
  void answer_once() { once_ = true; }

 private:
  Awaitable<std::optional<RequestMessage>> read_request();
  Awaitable<bool> read_some();
  Awaitable<bool> answer(RequestMessage message);
  Awaitable<Response> respond(RequestMessage message);
  Awaitable<Response> call_handler(Request request);
  Awaitable<void> refuse(Response refusal);
  Awaitable<bool> write(std::string head, std::string_view body = std::string_view());
  Awaitable<bool> write_stream(std::shared_ptr<Stream> stream, Framing framing);
  Awaitable<bool> pump(std::shared_ptr<Stream> stream, Framing framing);
  Awaitable<void> watch_for_close();
  Awaitable<void> linger();

  std::shared_ptr<TimedSocket> socket_;
  Peer peer_;
  std::string connected_to_;
  const HttpService& service_;
  const AllowedHosts& hosts_;
  std::string input_;  // read, and not yet understood
  bool first_ = true;  // nothing has been asked yet
  bool gone_ = false;  // the client
  bool at_work_ = false;
  bool closing_ = false;
  bool once_ = false;
};

}  // namespace tidemark
