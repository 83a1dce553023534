#include "tests/adapters/http/harness.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <stdexcept>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>

#include "adapters/http/address.h"
#include "adapters/loop/timer.h"
#include "tests/adapters/http/streams.h"

namespace tidemark {
namespace {

constexpr int patience_ms = 10'000;

bool readable(int fd, int milliseconds) {
  pollfd waiting{fd, POLLIN, 0};
  return ::poll(&waiting, 1, milliseconds) > 0;
}

std::string described(const Request& request) {
  std::string text = request.method + " " + request.path;
  for (const auto& segment : request.segments) {
    text += " [" + segment + "]";
  }
  for (const auto& [key, value] : request.query) {
    text += " " + key + "=" + value;
  }
  return text + " " + std::to_string(request.body.size()) + ":" + request.body;
}

std::string credentials(const Peer& peer) {
  std::string text = std::to_string(peer.uid) + " " + std::to_string(peer.gid) + " " +
                     (peer.local ? "local" : "tcp");
  for (const auto group : peer.groups) {
    text += " " + std::to_string(group);
  }
  return text;
}

}  // namespace

Folder::Folder() {
  std::string name = (std::filesystem::temp_directory_path() / "tidemark-http-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) {
    throw std::runtime_error("mkdtemp failed");
  }
  root_ = name;
  std::filesystem::permissions(root_, std::filesystem::perms(0755));
}

Folder::~Folder() {
  std::filesystem::remove_all(root_);
}

Wire::Wire(int fd) : fd_(fd) {}
Wire::Wire(Wire&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), pending_(std::move(other.pending_)) {}
Wire::~Wire() {
  close();
}

Wire Wire::unconnected_unix() {
  return Wire(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
}

bool Wire::connect_unix(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
  return ::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
}

Wire Wire::to_unix(const std::string& path) {
  auto wire = unconnected_unix();
  if (!wire.connect_unix(path)) {
    throw std::runtime_error("connect to " + path + ": " + std::strerror(errno));
  }
  return wire;
}

Wire Wire::to_tcp(const std::string& text) {
  const auto address = parse_tcp_address(text);
  Wire wire(::socket(address->storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (::connect(wire.fd_, address->get(), address->length) != 0) {
    throw std::runtime_error("connect to " + text + ": " + std::strerror(errno));
  }
  return wire;
}

bool Wire::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0) {
      return false;
    }
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

void Wire::half_close() {
  ::shutdown(fd_, SHUT_WR);
}

void Wire::close() {
  if (fd_ >= 0) {
    ::close(std::exchange(fd_, -1));
  }
}

std::string Wire::read_some() {
  if (!pending_.empty()) {
    return std::exchange(pending_, {});
  }
  if (!readable(fd_, patience_ms)) {
    throw std::runtime_error("nothing came");
  }
  std::string buffer(64UL * 1024, '\0');
  const auto got = ::recv(fd_, buffer.data(), buffer.size(), 0);
  buffer.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return buffer;
}

std::string Wire::read_to_end() {
  std::string all;
  for (auto piece = read_some(); !piece.empty(); piece = read_some()) {
    all += piece;
  }
  return all;
}

std::string Wire::read_response() {
  std::string all;
  while (true) {
    const auto end = all.find("\r\n\r\n");
    if (end != std::string::npos) {
      const auto length = std::stoul("0" + header_of(all, "content-length"));
      if (all.size() >= end + 4 + length) {
        pending_ = all.substr(end + 4 + length);
        return all.substr(0, end + 4 + length);
      }
    }
    const auto piece = read_some();
    if (piece.empty()) {
      return all;
    }
    all += piece;
  }
}

bool Wire::closed_within(std::chrono::milliseconds time) {
  const auto until = std::chrono::steady_clock::now() + time;
  while (std::chrono::steady_clock::now() < until) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    if (readable(fd_, static_cast<int>(left.count())) && read_some().empty()) {
      return true;
    }
  }
  return false;
}

std::string body_of(const std::string& response) {
  const auto end = response.find("\r\n\r\n");
  return end == std::string::npos ? "" : response.substr(end + 4);
}

unsigned status_of(const std::string& response) {
  return response.starts_with("HTTP/1.1 ")
             ? static_cast<unsigned>(std::stoul(response.substr(9, 3)))
             : 0;
}

std::string header_of(const std::string& response, std::string_view name) {
  const auto head = response.substr(0, response.find("\r\n\r\n"));
  std::size_t at = head.find("\r\n");
  while (at != std::string::npos) {
    const auto end = head.find("\r\n", at + 2);
    const auto line = head.substr(at + 2, end == std::string::npos ? end : end - at - 2);
    const auto colon = line.find(": ");
    if (colon == name.size() && ::strncasecmp(line.c_str(), name.data(), name.size()) == 0) {
      return line.substr(colon + 2);
    }
    at = end;
  }
  return "";
}

Awaitable<Response> test_handler(Request request) {
  Response response;
  response.content_type = "text/plain";
  const std::string what = request.segments.empty() ? "" : request.segments[0];
  if (what == "credentials") {
    response.body = credentials(request.peer);
  } else if (what == "fail") {
    throw std::runtime_error("the handler's own trouble");
  } else if (what == "large") {
    response.body = std::string(std::stoul(request.query["bytes"]), 'x');
  } else if (what == "slow") {
    co_await wait_for(std::chrono::milliseconds(std::stoul(request.query["ms"])));
    response.body = "done";
  } else if (what == "split") {
    response.headers.emplace_back("X-Name", "a\r\nSet-Cookie: stolen\x7f");
  } else if (what == "count") {
    response.stream = counting_stream(std::stoul(request.query["to"]));
  } else if (what == "endless") {
    response.stream = endless_stream();
  } else if (what == "flood") {
    response.stream = flooding_stream();
  } else if (what == "breaking") {
    response.stream = breaking_stream();
  } else {
    response.body = described(request);
  }
  co_return response;
}

RunningServer::RunningServer(HttpLimits limits, HttpServer::Handler handler)
    : socket_path(folder.path("control.sock")) {
  const auto note = [this](std::string_view what) {
    const std::lock_guard lock(mutex_);
    troubles_.emplace_back(what);
  };
  HttpTroubles troubles{note, note};
  server_ = std::make_unique<HttpServer>(loop_, std::move(handler), limits, std::move(troubles));
  if (const auto listening = server_->listen_unix(socket_path, 0666, ""); !listening) {
    throw std::runtime_error(listening.error().detail);
  }
  const auto address = server_->listen_tcp("127.0.0.1:0", {"tidemark.example.com"});
  if (!address) {
    throw std::runtime_error(address.error().detail);
  }
  tcp_address = *address;
  auto signal = std::make_shared<asio::cancellation_signal>();
  cancel_ = signal;
  auto served = std::make_shared<std::promise<void>>();
  ended_ = served->get_future();
  auto returned = std::make_shared<std::atomic<bool>>(false);
  asio::co_spawn(
      loop_,
      server_->run(),
      asio::bind_cancellation_slot(signal->slot(), [returned](std::exception_ptr failure) {
        *returned = failure == nullptr;
      }));
  thread_ = std::thread([this, served, returned] {
    loop_.run();
    if (*returned) {
      served->set_value();
    }
  });
}

RunningServer::~RunningServer() {
  stop();
  if (!ended_within(std::chrono::seconds(20))) {
    std::terminate();  // a coroutine that does not end is what these tests are about
  }
  thread_.join();
}

std::string RunningServer::ask_tcp(const std::string& request) const {
  auto wire = tcp();
  wire.send(request);
  return wire.read_response();
}

std::string RunningServer::ask_local(const std::string& request) const {
  auto wire = local();
  wire.send(request);
  return wire.read_response();
}

void RunningServer::post(std::function<void()> work) {
  asio::post(loop_, std::move(work));
}

void RunningServer::stop() {
  post([this] { server_->stop(); });
}

void RunningServer::cancel() {
  post([this] {
    std::static_pointer_cast<asio::cancellation_signal>(cancel_)->emit(
        asio::cancellation_type::terminal);
  });
}

bool RunningServer::ended_within(std::chrono::milliseconds time) {
  return ended_.wait_for(time) == std::future_status::ready;
}

std::size_t RunningServer::connections() {
  std::promise<std::size_t> answer;
  post([&] { answer.set_value(server_->connections()); });
  return answer.get_future().get();
}

std::vector<std::string> RunningServer::troubles() {
  const std::lock_guard lock(mutex_);
  return troubles_;
}

bool eventually(const std::function<bool()>& condition) {
  for (int i = 0; i < 2000; ++i) {
    if (condition()) {
      return true;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return false;
}

}  // namespace tidemark
