#include "tests/daemon/apply/proxy.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <vector>

namespace tidemark::test {

namespace {

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  return address;
}

void at_once(int fd) {
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

void close_end(int& fd, bool reset) {
  if (fd >= 0) {
    if (reset) {
      const linger now{1, 0};
      ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    }
    ::close(fd);
    fd = -1;
  }
}

void send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) {
      return;  // its end is heard by who reads
    }
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

// What came, "" at the end.
std::string receive(int fd) {
  std::array<char, 65536> buffer{};
  const auto got = ::recv(fd, buffer.data(), buffer.size(), 0);
  return {buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0))};
}

// Of the message that begins here, its type included; 0: not even that is known yet.
std::size_t message_size(const std::string& bytes, bool typed) {
  const std::size_t at = typed ? 1 : 0;
  if (bytes.size() < at + 4) {
    return 0;
  }
  std::uint32_t length = 0;
  for (std::size_t i = at; i < at + 4; ++i) {
    length = length << 8U | static_cast<unsigned char>(bytes[i]);
  }
  return at + length;
}

}  // namespace

Proxy::Proxy(int server_port) : server_port_(server_port) {
  listening_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  auto address = loopback(0);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listening_, generic, size) != 0 || ::listen(listening_, 16) != 0 ||
      ::getsockname(listening_, generic, &size) != 0) {
    throw std::runtime_error("the proxy cannot listen");
  }
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { carry(); });
}

Proxy::~Proxy() {
  stop_ = true;
  thread_.join();
  ::close(listening_);
  for (auto& pair : pairs_) {
    close_end(pair.client, false);
    close_end(pair.server, false);
  }
}

void Proxy::cut_next(Cut cut) {
  const std::lock_guard lock(mutex_);
  cut_ = std::move(cut);
  asked_ = true;
  cut_done_ = false;
}

void Proxy::carry() {
  while (!stop_) {
    std::vector<pollfd> waiting{{listening_, POLLIN, 0}};
    for (const auto& pair : pairs_) {
      waiting.push_back({pair.client, POLLIN, 0});
      waiting.push_back({pair.server, POLLIN, 0});
    }
    if (::poll(waiting.data(), waiting.size(), 20) <= 0) {
      continue;
    }
    std::size_t at = 1;
    for (auto& pair : pairs_) {
      const bool client = waiting[at].revents != 0;
      const bool server = waiting[at + 1].revents != 0;
      at += 2;
      if (client && pair.client >= 0) {
        from_client(pair);
      }
      if (server && pair.server >= 0) {
        from_server(pair);
      }
    }
    std::erase_if(pairs_, [](const Pair& pair) { return pair.client < 0 && pair.server < 0; });
    if (waiting.front().revents != 0) {
      accept_one();
    }
  }
}

void Proxy::accept_one() {
  Pair pair;
  pair.client = ::accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC);
  pair.server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const auto address = loopback(server_port_);
  if (::connect(pair.server, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    close_end(pair.client, true);
    close_end(pair.server, false);
    return;
  }
  at_once(pair.client);
  at_once(pair.server);
  pairs_.push_back(std::move(pair));
}

void Proxy::from_client(Pair& pair) {
  const auto bytes = receive(pair.client);
  if (bytes.empty()) {
    close_end(pair.client, false);
    close_end(pair.server, false);
    return;
  }
  pair.heard += bytes;
  for (;;) {
    const auto size = message_size(pair.heard, pair.began);
    if (size == 0 || pair.heard.size() < size) {
      return;
    }
    const auto message = pair.heard.substr(0, size);
    pair.heard.erase(0, size);
    // Together with what comes before and after it.
    const auto wanted = [this] {
      const std::lock_guard lock(mutex_);
      return asked_ && !cut_.instead.empty() ? cut_.instead : "; COMMIT";
    }();
    pair.in_commit = pair.began && message.front() == 'Q' && message.contains(wanted);
    pair.began = true;
    if (pair.in_commit) {
      commit_bytes_ = 0;
      answer_bytes_ = 0;
      if (!pass(pair, Way::to_server, message)) {
        return;
      }
    } else {
      send_all(pair.server, message);
    }
  }
}

void Proxy::from_server(Pair& pair) {
  const auto bytes = receive(pair.server);
  if (bytes.empty()) {
    close_end(pair.client, false);
    close_end(pair.server, false);
    return;
  }
  if (pair.client < 0) {
    return;  // whoever it is for is gone
  }
  if (pair.in_commit) {
    pass(pair, Way::to_client, bytes);
  } else {
    send_all(pair.client, bytes);
  }
}

bool Proxy::pass(Pair& pair, Way way, const std::string& bytes) {
  const bool to_server = way == Way::to_server;
  auto& passed = to_server ? commit_bytes_ : answer_bytes_;
  const int to = to_server ? pair.server : pair.client;
  std::unique_lock lock(mutex_);
  if (!asked_ || cut_.way != way || passed + bytes.size() < cut_.after) {
    passed += bytes.size();
    auto& longest = to_server ? longest_commit_ : longest_answer_;
    longest = std::max<std::size_t>(longest, passed);
    lock.unlock();
    send_all(to, bytes);
    return true;
  }
  const auto some = cut_.after - passed;
  passed = cut_.after;
  send_all(to, std::string_view(bytes).substr(0, some));
  asked_ = false;
  cut(pair);
  return false;
}

void Proxy::cut(Pair& pair) {
  if (cut_.first) {
    cut_.first();
  }
  const bool reset = cut_.how != How::fin;
  close_end(pair.client, reset);
  if (cut_.how != How::client_only) {
    close_end(pair.server, reset);
  }
  cut_at_ = std::chrono::steady_clock::now();
  cut_done_ = true;
}

}  // namespace tidemark::test
