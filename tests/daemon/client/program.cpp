#include "tests/daemon/client/program.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <fstream>
#include <sstream>

namespace tidemark::client {

Folder::Folder() {
  auto name = (std::filesystem::temp_directory_path() / "tidemark-client-XXXXXX").string();
  REQUIRE(::mkdtemp(name.data()) != nullptr);
  path = name;
}

Folder::~Folder() {
  std::error_code ignored;
  std::filesystem::remove_all(path, ignored);
}

std::string content(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

pid_t started(const Folder& folder, const std::vector<std::string>& words) {
  const auto out = (folder.path / "out").string();
  const auto err = (folder.path / "err").string();
  std::vector<char*> arguments;
  for (const auto& word : words) {
    arguments.push_back(const_cast<char*>(word.c_str()));
  }
  arguments.push_back(nullptr);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::dup2(::open("/dev/null", O_RDONLY), 0);
    ::dup2(::open(out.c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0600), 1);
    ::dup2(::open(err.c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0600), 2);
    ::execvp(arguments[0], arguments.data());
    ::_exit(127);
  }
  return child;
}

int wait_for_end(pid_t child) {
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

Ran ran(const Folder& folder, const std::vector<std::string>& words) {
  Ran result;
  result.exit = wait_for_end(started(folder, words));
  result.output = content(folder.path / "out");
  result.errors = content(folder.path / "err");
  return result;
}

SocketDaemon::SocketDaemon(std::string path, std::map<std::string, std::string> answers)
    : socket(std::move(path)), answers_(std::move(answers)) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  REQUIRE(socket.size() < sizeof(address.sun_path));
  std::memcpy(address.sun_path, socket.data(), socket.size());
  listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  REQUIRE(::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0);
  REQUIRE(::listen(listener_, 16) == 0);
  REQUIRE(::pipe2(stop_, O_CLOEXEC) == 0);
  thread_ = std::thread([this] { serve(); });
}

SocketDaemon::~SocketDaemon() {
  (void)!::write(stop_[1], "x", 1);
  thread_.join();
  for (const int client : kept_) {
    ::close(client);
  }
  ::close(listener_);
  ::close(stop_[0]);
  ::close(stop_[1]);
}

void SocketDaemon::serve() {
  for (;;) {
    std::array<pollfd, 2> waiting{{{listener_, POLLIN, 0}, {stop_[0], POLLIN, 0}}};
    if (::poll(waiting.data(), waiting.size(), -1) < 0 && errno != EINTR) {
      return;
    }
    if (waiting[1].revents != 0) {
      return;
    }
    if (waiting[0].revents != 0) {
      answer(::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC));
    }
  }
}

void SocketDaemon::answer(int client) {
  std::string head;
  std::array<char, 4096> buffer{};
  while (head.find("\r\n\r\n") == std::string::npos) {
    const auto got = ::read(client, buffer.data(), buffer.size());
    if (got <= 0) {
      ::close(client);
      return;
    }
    head.append(buffer.data(), static_cast<std::size_t>(got));
  }
  const auto start = head.find(' ') + 1;
  const auto found = answers_.find(head.substr(start, head.find(' ', start) - start));
  if (found == answers_.end()) {
    kept_.push_back(client);
    ++hanging;
    return;
  }
  const auto text = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " +
                    std::to_string(found->second.size()) + "\r\nConnection: close\r\n\r\n" +
                    found->second;
  (void)!::send(client, text.data(), text.size(), MSG_NOSIGNAL);
  ::close(client);
}

}  // namespace tidemark::client
