#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/http/http.h"
#include "adapters/loop/asio.h"
#include "core/result.h"

namespace tidemark {

// What a client may take of us. Each listener has its own connections, so that nothing on one can
// starve the other.
struct HttpLimits {
  std::size_t header_bytes = 16UL * 1024;
  std::size_t body_bytes = 1024UL * 1024;
  std::size_t connections_local = 256;
  std::size_t connections_tcp = 256;
  std::chrono::milliseconds read =
      std::chrono::seconds(10);  // from a request's first byte to its last
  std::chrono::milliseconds write =
      std::chrono::seconds(30);  // for an answer, or one piece of a stream
  std::chrono::milliseconds idle_local = std::chrono::seconds(60);
  std::chrono::milliseconds idle_tcp = std::chrono::seconds(15);
  std::chrono::milliseconds grace =
      std::chrono::seconds(3);  // for handlers that are at work when the server stops
};

// What the server cannot tell its clients. Called on the loop.
struct HttpTroubles {
  std::function<void(std::string_view what)>
      handler_failed;  // an exception came out of a handler or a stream
  std::function<void(std::string_view what)>
      accept_failed;  // once for each spell of it: no descriptors left, …
};

// The HTTP/1.1 server behind the control socket and the TCP port, on the loop's one thread. What
// comes over TCP is checked before a handler sees it: GET and HEAD, our own Host, no other site's
// page.
class HttpServer {
 public:
  // Outlives run(). Runs to its end even if the client leaves, because what it does may have begun;
  // a Stream does not.
  using Handler = std::function<Awaitable<Response>(Request)>;

  HttpServer(asio::io_context& loop, Handler handler, HttpLimits limits, HttpTroubles troubles);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // Before run(). What listens from then on is answered as soon as run() runs.
  Result<void> listen_unix(const std::string& path, mode_t mode, const std::string& group);
  // "127.0.0.1:9847" or "[::1]:9847"; returns the address with the port that it got (port 0: any).
  // `hosts` are names it may be called by besides the loopback ones and the address itself.
  Result<std::string> listen_tcp(const std::string& address, const std::vector<std::string>& hosts);
  // Sockets that listen already (socket activation); ours to close if this succeeds. Their address.
  Result<std::string> adopt_unix(int fd);
  Result<std::string> adopt_tcp(int fd, const std::vector<std::string>& hosts);

  // Serves until stop() or until it is cancelled; ends when no connection and no coroutine of ours
  // is left.
  Awaitable<void> run();

  // Takes no new connections, ends idle ones and streams at once, and gives handlers at work the
  // grace.
  void stop();

  std::size_t connections() const;

 private:
  class Serving;
  std::unique_ptr<Serving> serving_;
};

}  // namespace tidemark
