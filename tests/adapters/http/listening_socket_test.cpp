#include "adapters/http/listening_socket.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <grp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "adapters/http/address.h"
#include "tests/adapters/http/harness.h"

using namespace tidemark;

namespace {

struct stat status_of_file(const std::string& path) {
  struct stat status {};
  REQUIRE(lstat(path.c_str(), &status) == 0);
  return status;
}

// What a daemon that was killed leaves behind.
void leave_stale_socket(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  const SocketDescriptor descriptor(::socket(AF_UNIX, SOCK_STREAM, 0));
  REQUIRE(bind(descriptor.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) ==
          0);
}

bool says(const Error& error, std::string_view what) {
  return error.detail.find(what) != std::string::npos;
}

}  // namespace

TEST_CASE("a control socket has the mode and group that were asked for") {
  const Folder folder;
  const auto path = folder.path("s");
  const auto socket = ListeningSocket::unix_at(path, 0660, "nogroup");
  REQUIRE(socket);
  const auto status = status_of_file(path);
  CHECK(S_ISSOCK(status.st_mode));
  CHECK((status.st_mode & 07777) == 0660);
  CHECK(status.st_gid == getgrnam("nogroup")->gr_gid);
  CHECK(socket->local());
  CHECK(socket->address() == path);
}

TEST_CASE("the umask of the process is as before, and does not narrow the mode") {
  const Folder folder;
  const auto before = umask(0077);
  const auto socket = ListeningSocket::unix_at(folder.path("s"), 0666, "");
  CHECK(umask(before) == 0077);
  REQUIRE(socket);
  CHECK((status_of_file(folder.path("s")).st_mode & 07777) == 0666);
}

TEST_CASE("a group that does not exist is said by its config key, and no socket is left") {
  const Folder folder;
  const auto socket = ListeningSocket::unix_at(folder.path("s"), 0660, "no-such-group-here");
  REQUIRE_FALSE(socket);
  CHECK(socket.error().code == Errc::invalid);
  CHECK(says(socket.error(), "control.group: there is no group 'no-such-group-here'"));
  CHECK_FALSE(std::filesystem::exists(folder.path("s")));
}

TEST_CASE("a stale socket is replaced") {
  const Folder folder;
  leave_stale_socket(folder.path("s"));
  const auto socket = ListeningSocket::unix_at(folder.path("s"), 0600, "");
  REQUIRE(socket);
  CHECK_NOTHROW(Wire::to_unix(folder.path("s")));
}

TEST_CASE("a socket that somebody listens at is left to them") {
  const Folder folder;
  const auto first = ListeningSocket::unix_at(folder.path("s"), 0600, "");
  REQUIRE(first);
  const auto inode = status_of_file(folder.path("s")).st_ino;
  const auto second = ListeningSocket::unix_at(folder.path("s"), 0600, "");
  REQUIRE_FALSE(second);
  CHECK(second.error().code == Errc::conflict);
  CHECK(says(second.error(), "another tidemarkd is listening"));
  CHECK(status_of_file(folder.path("s")).st_ino == inode);
}

TEST_CASE("what is no socket is never replaced") {
  const Folder folder;
  std::ofstream(folder.path("file")) << "precious";
  std::filesystem::create_directory(folder.path("directory"));
  leave_stale_socket(folder.path("stale"));
  std::filesystem::create_symlink("stale", folder.path("link"));
  for (const std::string name : {"file", "directory", "link"}) {
    INFO(name);
    const auto before = status_of_file(folder.path(name)).st_ino;
    const auto socket = ListeningSocket::unix_at(folder.path(name), 0600, "");
    REQUIRE_FALSE(socket);
    CHECK(socket.error().code == Errc::conflict);
    CHECK(says(socket.error(), "is not a socket"));
    CHECK(status_of_file(folder.path(name)).st_ino == before);
  }
}

TEST_CASE("a path that cannot be is refused with the reason") {
  const Folder folder;
  CHECK(ListeningSocket::unix_at(folder.path(std::string(120, 'x')), 0600, "").error().code ==
        Errc::invalid);
  CHECK(ListeningSocket::unix_at("", 0600, "").error().code == Errc::invalid);
  const auto missing = ListeningSocket::unix_at(folder.path("missing/s"), 0600, "");
  REQUIRE_FALSE(missing);
  CHECK(missing.error().code == Errc::not_found);
  CHECK(says(missing.error(), "missing/s"));
}

TEST_CASE("the file goes with the socket, but only if it is still the same file") {
  const Folder folder;
  const auto path = folder.path("s");
  {
    const auto ours = ListeningSocket::unix_at(path, 0600, "");
    REQUIRE(ours);
  }
  CHECK_FALSE(std::filesystem::exists(path));
  {
    const auto ours = ListeningSocket::unix_at(path, 0600, "");
    REQUIRE(ours);
    std::filesystem::remove(path);
    leave_stale_socket(path);
  }
  CHECK(std::filesystem::exists(path));
}

TEST_CASE("there is no moment in which the file is open to more than it will be") {
  const Folder folder;
  const auto path = folder.path("s");
  const auto before = umask(0);
  std::atomic<bool> done = false;
  std::atomic<bool> seen_wider = false;
  std::thread watcher([&] {
    while (!done) {
      struct stat status {};
      if (lstat(path.c_str(), &status) == 0 && (status.st_mode & 0777 & ~0600U) != 0) {
        seen_wider = true;
      }
    }
  });
  for (int i = 0; i < 300; ++i) {
    CHECK(ListeningSocket::unix_at(path, 0600, ""));
  }
  done = true;
  watcher.join();
  umask(before);
  CHECK_FALSE(seen_wider);
}

TEST_CASE("TCP addresses are addresses with a port") {
  for (const std::string good :
       {"127.0.0.1:9847", "[::1]:9847", "0.0.0.0:1", "[2001:db8::1]:65535"}) {
    const auto address = parse_tcp_address(good);
    REQUIRE_MESSAGE(address, good);
    CHECK(to_string(*address) == good);
  }
  for (const std::string wrong : {"",
                                  "9847",
                                  ":9847",
                                  "localhost:9847",
                                  "127.0.0.1",
                                  "127.0.0.1:",
                                  "127.0.0.1:65536",
                                  "127.0.0.1:-1",
                                  "127.0.0.1:80x",
                                  "::1:9847",
                                  "[::1]",
                                  "[127.0.0.1]:80",
                                  "127.1:80"}) {
    INFO(wrong);
    const auto address = parse_tcp_address(wrong);
    REQUIRE_FALSE(address);
    CHECK(says(address.error(), "http.listen: '" + wrong + "'"));
  }
}

TEST_CASE("a TCP port in use is a conflict that names the address") {
  const auto first = ListeningSocket::tcp_at("127.0.0.1:0");
  REQUIRE(first);
  const auto second = ListeningSocket::tcp_at(first->address());
  REQUIRE_FALSE(second);
  CHECK(second.error().code == Errc::conflict);
  CHECK(says(second.error(), first->address()));
}

TEST_CASE("an adopted socket is one that listens; its file is not ours to remove") {
  const Folder folder;
  const auto path = folder.path("s");
  auto made = ListeningSocket::unix_at(path, 0600, "");
  REQUIRE(made);
  {
    const SocketDescriptor passed(::dup(made->get()));
    const auto as_tcp = ListeningSocket::adopt_tcp(passed.get());
    REQUIRE_FALSE(as_tcp);
    CHECK(says(as_tcp.error(), "is not a TCP stream socket that listens"));
    const auto adopted = ListeningSocket::adopt_unix(::dup(made->get()));
    REQUIRE(adopted);
    CHECK(adopted->local());
  }
  CHECK(std::filesystem::exists(path));
  const SocketDescriptor not_listening(::socket(AF_UNIX, SOCK_STREAM, 0));
  CHECK_FALSE(ListeningSocket::adopt_unix(not_listening.get()));
  const SocketDescriptor file(::open("/dev/null", 0));
  CHECK_FALSE(ListeningSocket::adopt_unix(file.get()));
  CHECK_FALSE(ListeningSocket::adopt_unix(-1));
  const auto tcp = ListeningSocket::tcp_at("127.0.0.1:0");
  REQUIRE(tcp);
  const SocketDescriptor passed(::dup(tcp->get()));
  CHECK_FALSE(ListeningSocket::adopt_unix(passed.get()));
  const auto adopted = ListeningSocket::adopt_tcp(::dup(tcp->get()));
  REQUIRE(adopted);
  CHECK(adopted->address() == tcp->address());
}
