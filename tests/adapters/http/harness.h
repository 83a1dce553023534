#pragma once

#include <sys/socket.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "adapters/http/server.h"

namespace tidemark {

// A folder of its own, gone afterwards.
class Folder {
 public:
  Folder();
  ~Folder();
  std::string path(const std::string& name) const { return (root_ / name).string(); }

 private:
  std::filesystem::path root_;
};

// The client's end of a connection, byte by byte. Every wait ends after some seconds.
class Wire {
 public:
  static Wire to_unix(const std::string& path);
  static Wire to_tcp(const std::string& address);
  // Made now, connected later: for when there are no descriptors left.
  static Wire unconnected_unix();
  bool connect_unix(const std::string& path);

  Wire(Wire&& other) noexcept;
  Wire& operator=(Wire&&) = delete;
  ~Wire();

  int get() const { return fd_; }
  bool send(std::string_view bytes);  // false when the other side is gone
  void half_close();
  void close();
  std::string read_some();      // "" at the end of the connection
  std::string read_to_end();    // all until the connection is closed
  std::string read_response();  // exactly one answer with a Content-Length
  bool closed_within(std::chrono::milliseconds time);

 private:
  explicit Wire(int fd);
  int fd_;
  std::string pending_;
};

std::string body_of(const std::string& response);
unsigned status_of(const std::string& response);
std::string header_of(const std::string& response, std::string_view name);

// Answers with what it was asked; some paths do something else, see harness.cpp.
Awaitable<Response> test_handler(Request request);

// A server on a loop in a thread of its own, on a Unix socket and a TCP port.
class RunningServer {
 public:
  explicit RunningServer(HttpLimits limits = {}, HttpServer::Handler handler = test_handler);
  ~RunningServer();

  Wire local() const { return Wire::to_unix(socket_path); }
  Wire tcp() const { return Wire::to_tcp(tcp_address); }
  std::string ask_tcp(const std::string& request) const;
  std::string ask_local(const std::string& request) const;

  void stop();    // as the daemon does it
  void cancel();  // the other way: run()'s own cancellation
  // True when run() has returned and nothing is left to do on the loop.
  bool ended_within(std::chrono::milliseconds time);
  std::size_t connections();
  std::vector<std::string> troubles();
  void post(std::function<void()> work);

  Folder folder;
  std::string socket_path;
  std::string tcp_address;

 private:
  asio::io_context loop_;
  std::unique_ptr<HttpServer> server_;
  std::shared_ptr<void> cancel_;
  std::mutex mutex_;
  std::vector<std::string> troubles_;
  std::future<void> ended_;
  std::thread thread_;
};

// Waits until `condition` holds, at most ten seconds.
bool eventually(const std::function<bool()>& condition);

}  // namespace tidemark
