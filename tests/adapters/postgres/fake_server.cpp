#include "tests/adapters/postgres/fake_server.h"

#include <array>
#include <cstdint>
#include <stdexcept>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace tidemark::test {
namespace {

std::pair<int, int> bound_socket() {
  const int bound = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(bound, generic, size) != 0 || ::getsockname(bound, generic, &size) != 0) {
    throw std::runtime_error("cannot bind a socket on 127.0.0.1");
  }
  return {bound, ntohs(address.sin_port)};
}

std::pair<int, int> bound_in(const std::string& folder) {
  constexpr int port = 5432;
  const auto path = folder + "/.s.PGSQL." + std::to_string(port);
  const int bound = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  if (::bind(bound, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) {
    throw std::runtime_error("cannot bind " + path);
  }
  return {bound, port};
}

// Nobody sends as much to a server that means harm.
constexpr std::size_t heard_max = 1U << 20U;

// Of the server whose thread it is.
thread_local std::string* heard_here = nullptr;

// What the script left, where it is: taking it would change how the connection ends.
void hear_rest(int socket) {
  std::array<char, 65536> bytes;
  const auto count = ::recv(socket, bytes.data(), bytes.size(), MSG_PEEK | MSG_DONTWAIT);
  if (count > 0) {
    note_heard({bytes.data(), static_cast<std::size_t>(count)});
  }
}

}  // namespace

void note_heard(std::string_view bytes) {
  if (heard_here != nullptr) {
    heard_here->append(bytes.substr(0, heard_max + 1 - heard_here->size()));
  }
}

FakeServer::FakeServer(std::function<void(int)> script, const std::string& folder)
    : script_(std::move(script)) {
  std::tie(listener_, port_) = folder.empty() ? bound_socket() : bound_in(folder);
  if (::listen(listener_, 8) != 0) {
    throw std::runtime_error("cannot listen");
  }
  thread_ = std::thread([this] { serve(); });
}

FakeServer::~FakeServer() {
  end();
  ::close(listener_);
}

void FakeServer::end() {
  stopping_ = true;
  ::shutdown(listener_, SHUT_RDWR);  // wakes accept()
  if (const int socket = socket_; socket >= 0) {
    ::shutdown(socket, SHUT_RDWR);
  }
  if (thread_.joinable()) {
    thread_.join();
  }
}

const std::string& FakeServer::heard() {
  end();
  return heard_;
}

bool FakeServer::heard_nothing_of(std::string_view secret) {
  constexpr std::size_t piece = 4;
  if (secret.size() < piece || heard().size() > heard_max) {
    throw std::runtime_error("too short a secret, or more heard than was kept");
  }
  for (std::size_t at = 0; at + piece <= secret.size(); ++at) {
    if (heard().find(secret.substr(at, piece)) != std::string::npos) {
      return false;
    }
  }
  return true;
}

void FakeServer::serve() {
  heard_here = &heard_;
  while (!stopping_) {
    const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0) {
      continue;
    }
    socket_ = socket;
    script_(socket);
    hear_rest(socket);
    socket_ = -1;
    ::close(socket);
  }
}

std::string FakeServer::address() const {
  return "postgresql://reader@127.0.0.1:" + std::to_string(port_) + "/shop?sslmode=disable";
}

BlackHole::BlackHole() {
  std::tie(listener_, port_) = bound_socket();
  if (::listen(listener_, 0) != 0) {
    throw std::runtime_error("cannot listen");
  }
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port_));
  pollfd last{};
  do {
    last.fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    last.events = POLLOUT;
    fillers_.push_back(last.fd);
    ::connect(last.fd, reinterpret_cast<sockaddr*>(&address), sizeof(address));
  } while (::poll(&last, 1, 200) == 1 && fillers_.size() < 16);
}

BlackHole::~BlackHole() {
  for (const int filler : fillers_) {
    ::close(filler);
  }
  ::close(listener_);
}

int closed_port() {
  const auto [bound, port] = bound_socket();
  ::close(bound);
  return port;
}

std::string receive(int socket) {
  std::array<char, 65536> bytes;
  const auto count = ::recv(socket, bytes.data(), bytes.size(), 0);
  if (count <= 0) {
    return {};
  }
  note_heard({bytes.data(), static_cast<std::size_t>(count)});
  return {bytes.data(), static_cast<std::size_t>(count)};
}

void receive_all(int socket) {
  while (!receive(socket).empty()) {
  }
}

bool send(int socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) {
      return false;
    }
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

std::string message(char type, std::string_view payload) {
  const auto length = htonl(static_cast<std::uint32_t>(payload.size() + 4));
  std::string bytes(1, type);
  bytes.append(reinterpret_cast<const char*>(&length), sizeof(length));
  bytes.append(payload);
  return bytes;
}

void welcome(int socket, std::string_view version) {
  receive(socket);
  std::string parameter("server_version\0", 15);
  parameter.append(version).push_back('\0');
  send(socket, message('R', std::string(4, '\0')) + message('S', parameter) + message('Z', "I"));
}

std::string error_fields(std::string_view sqlstate, std::string_view text) {
  std::string fields("SFATAL\0VFATAL\0C", 15);
  fields.append(sqlstate).push_back('\0');
  fields.append("M").append(text).push_back('\0');
  fields.push_back('\0');
  return fields;
}

}  // namespace tidemark::test
