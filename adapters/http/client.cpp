#include "adapters/http/client.h"

#include <grp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "adapters/http/descriptor.h"
#include "adapters/http/parser.h"

namespace tidemark {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t line_bytes_max = 16UL * 1024 * 1024;
constexpr std::size_t body_bytes_max = 1024UL * 1024 * 1024;

// Whom to ask for access: " (group tidemark)".
std::string owner_of(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) {
    return "";
  }
  const group* entry = getgrgid(status.st_gid);
  return entry == nullptr ? "" : " (it belongs to group " + std::string(entry->gr_name) + ")";
}

std::unexpected<Error> connect_failure(const std::string& path, int error) {
  const std::string at = "control socket " + path + ": ";
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return fail(Errc::not_found,
                  at + "there is none; is tidemarkd running, and is this its control.socket? "
                       "(--socket, TIDEMARK_SOCKET)");
    case ECONNREFUSED:
      return fail(Errc::retry, at + "nobody is listening; tidemarkd is not running");
    case EACCES:
    case EPERM:
      return fail(Errc::forbidden,
                  at + "permission denied; be root or a member of control.group" + owner_of(path));
    case EAGAIN:
      return fail(Errc::retry, at + "tidemarkd is too busy to answer");
    default:
      return fail(Errc::retry, at + std::strerror(error));
  }
}

Result<SocketDescriptor> connect_to(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof(address.sun_path)) {
    return fail(Errc::invalid, "control socket '" + path + "': not a path of 1 to 107 bytes");
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  SocketDescriptor descriptor(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!descriptor) {
    return fail(Errc::retry, std::string("make a socket: ") + std::strerror(errno));
  }
  if (connect(descriptor.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) !=
      0) {
    return connect_failure(path, errno);
  }
  return descriptor;
}

// False when the time is up.
bool wait_until(int fd, short events, Clock::time_point deadline) {
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
    pollfd waiting{fd, events, 0};
    const int ready =
        poll(&waiting, 1, static_cast<int>(std::clamp<long long>(left.count(), 0, 1'000'000)));
    if (ready > 0) {
      return true;
    }
    if (ready <= 0 && Clock::now() >= deadline) {
      return false;
    }
  }
}

std::string written(const ClientRequest& asked) {
  std::string text =
      asked.method + " " + asked.target + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n";
  if (!asked.body.empty()) {
    text += "Content-Type: application/json\r\n";
  }
  if (!asked.body.empty() || asked.method != "GET") {
    text += "Content-Length: " + std::to_string(asked.body.size()) + "\r\n";
  }
  return text + "\r\n" + asked.body;
}

// Is given the answer's body as it comes, and says whether to go on.
using OnBody = std::function<bool(unsigned status, std::string_view piece)>;

// One exchange on one connection.
class Exchange {
 public:
  Exchange(SocketDescriptor descriptor, bool answers_head, OnBody on_body)
      : descriptor_(std::move(descriptor)),
        on_body_(std::move(on_body)),
        parser_(answers_head, [this](std::string_view piece) {
          wanted_ = wanted_ && on_body_(parser_.status(), piece);
        }) {}

  Result<void> send(std::string_view text, Clock::time_point deadline) {
    while (!text.empty()) {
      const auto sent = ::send(descriptor_.get(), text.data(), text.size(), MSG_NOSIGNAL);
      if (sent >= 0) {
        text.remove_prefix(static_cast<std::size_t>(sent));
      } else if (errno == EAGAIN) {
        if (!wait_until(descriptor_.get(), POLLOUT, deadline)) {
          return fail(Errc::retry, "tidemarkd did not take the request in time");
        }
      } else if (errno != EINTR) {
        return {};  // refused before all was sent: what it says of that can still be read
      }
    }
    return {};
  }

  // Reads what comes next. True while there is more to come.
  Result<bool> receive(Clock::time_point deadline) {
    if (!wait_until(descriptor_.get(), POLLIN, deadline)) {
      return fail(Errc::retry, "tidemarkd did not answer in time");
    }
    std::array<char, 64 * 1024> buffer{};
    const auto got = ::recv(descriptor_.get(), buffer.data(), buffer.size(), 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
      return true;
    }
    ParseState state = ParseState::more;
    if (got > 0) {
      input_.append(buffer.data(), static_cast<std::size_t>(got));
      state = parser_.feed(input_);
    } else {
      state = parser_.end_of_input();
    }
    if (state == ParseState::refused && got <= 0) {
      return fail(Errc::retry, "tidemarkd closed the connection before its answer was complete");
    }
    if (state == ParseState::refused) {
      return fail(Errc::broken, "what answers there does not speak HTTP: " + parser_.trouble());
    }
    return state == ParseState::more && wanted_;
  }

  ClientResponse response() const {
    ClientResponse response;
    response.status = parser_.status();
    for (const auto& [name, value] : parser_.headers()) {
      if (name == "content-type") {
        response.content_type = value;
      }
    }
    return response;
  }

 private:
  SocketDescriptor descriptor_;
  OnBody on_body_;
  bool wanted_ = true;
  std::string input_;
  ResponseParser parser_;
};

// `deadline` is asked before each step.
Result<ClientResponse> converse(const std::string& socket_path,
                                const ClientRequest& asked,
                                const std::function<Clock::time_point()>& deadline,
                                OnBody on_body) {
  auto connected = connect_to(socket_path);
  if (!connected) {
    return std::unexpected(connected.error());
  }
  Exchange exchange(std::move(*connected), asked.method == "HEAD", std::move(on_body));
  if (auto sent = exchange.send(written(asked), deadline()); !sent) {
    return std::unexpected(sent.error());
  }
  bool more = true;
  while (more) {
    const auto received = exchange.receive(deadline());
    if (!received) {
      return std::unexpected(received.error());
    }
    more = *received;
  }
  return exchange.response();
}

// Cuts what arrives into lines.
class Lines {
 public:
  explicit Lines(const std::function<bool(std::string_view)>& on_line) : on_line_(on_line) {}

  bool add(std::string_view piece) {
    while (wanted_ && !piece.empty()) {
      const auto end = piece.find('\n');
      line_ += piece.substr(0, end);
      if (end == std::string_view::npos) {
        break;
      }
      piece.remove_prefix(end + 1);
      flush();
    }
    wanted_ = wanted_ && line_.size() <= line_bytes_max;
    return wanted_;
  }

  void finish() {
    if (wanted_ && !line_.empty()) {
      flush();
    }
  }

 private:
  void flush() {
    if (line_.ends_with('\r')) {
      line_.pop_back();
    }
    wanted_ = on_line_(line_);
    line_.clear();
  }

  const std::function<bool(std::string_view)>& on_line_;
  std::string line_;
  bool wanted_ = true;
};

}  // namespace

Result<ClientResponse> request(const std::string& socket_path,
                               const ClientRequest& asked,
                               std::chrono::milliseconds deadline) {
  const auto until = Clock::now() + deadline;
  std::string body;
  bool too_long = false;
  auto response = converse(
      socket_path,
      asked,
      [until] { return until; },
      [&](unsigned, std::string_view piece) {
        too_long = body.size() + piece.size() > body_bytes_max;
        body += piece;
        return !too_long;
      });
  if (too_long) {
    return fail(Errc::broken, "the answer is longer than 1 GiB");
  }
  if (response) {
    response->body = std::move(body);
  }
  return response;
}

Result<ClientResponse> request_lines(const std::string& socket_path,
                                     const ClientRequest& asked,
                                     std::chrono::milliseconds silence,
                                     const std::function<bool(std::string_view line)>& on_line) {
  Lines lines(on_line);
  std::string body;
  auto response = converse(
      socket_path,
      asked,
      [silence] { return Clock::now() + silence; },
      [&](unsigned status, std::string_view piece) {
        if (status / 100 == 2) {
          return lines.add(piece);
        }
        body += piece;
        return body.size() <= line_bytes_max;
      });
  if (response) {
    lines.finish();
    response->body = std::move(body);
  }
  return response;
}

}  // namespace tidemark
