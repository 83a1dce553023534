#include "adapters/http/listening_socket.h"

#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <vector>

#include "adapters/http/address.h"

namespace tidemark {
namespace {

std::unexpected<Error> system_failure(const std::string& doing) {
  const int error = errno;
  Errc code = Errc::retry;
  if (error == EACCES || error == EPERM || error == EROFS) {
    code = Errc::denied;
  } else if (error == EADDRINUSE || error == EEXIST) {
    code = Errc::conflict;
  } else if (error == ENOENT || error == ENOTDIR) {
    code = Errc::not_found;
  } else if (error == EADDRNOTAVAIL || error == EAFNOSUPPORT || error == EINVAL) {
    code = Errc::invalid;
  }
  return fail(code, doing + ": " + std::strerror(error));
}

Result<SocketDescriptor> new_socket(int family) {
  SocketDescriptor descriptor(::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!descriptor) {
    return system_failure("make a socket");
  }
  return descriptor;
}

Result<sockaddr_un> unix_address(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof(address.sun_path) ||
      path.find('\0') != std::string::npos) {
    return fail(Errc::invalid,
                "control.socket: '" + path + "' is not a path of 1 to " +
                    std::to_string(sizeof(address.sun_path) - 1) +
                    " bytes, which is what a Unix socket can have");
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

const sockaddr* generic(const sockaddr_un& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

Result<std::optional<gid_t>> find_group(const std::string& name) {
  if (name.empty()) {
    return std::optional<gid_t>();
  }
  std::vector<char> buffer(16 * 1024);
  group entry{};
  group* found = nullptr;
  int error = getgrnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found);
  while (error == ERANGE && buffer.size() < 16U * 1024 * 1024) {
    buffer.resize(buffer.size() * 2);
    error = getgrnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found);
  }
  if (found == nullptr) {
    return fail(Errc::invalid,
                "control.group: there is no group '" + name +
                    "' on this machine; make it (groupadd --system " + name + ") or name another");
  }
  return std::optional<gid_t>(found->gr_gid);
}

// Leaves the path free, or says why it is not ours to take.
Result<void> clear_stale(const std::string& path, const sockaddr_un& address) {
  struct stat status {};
  if (lstat(path.c_str(), &status) != 0) {
    if (errno == ENOENT) {
      return {};
    }
    return system_failure("control.socket: look at " + path);
  }
  if (!S_ISSOCK(status.st_mode)) {
    return fail(Errc::conflict,
                "control.socket: " + path +
                    " exists and is not a socket; move it away or choose another path");
  }
  auto probe = new_socket(AF_UNIX);
  if (!probe) {
    return std::unexpected(probe.error());
  }
  const bool connected = connect(probe->get(), generic(address), sizeof(address)) == 0;
  if (connected ||
      errno == EAGAIN) {  // EAGAIN: more are waiting to be accepted than it has room for
    return fail(Errc::conflict, "control.socket: another tidemarkd is listening at " + path);
  }
  if (errno != ECONNREFUSED) {
    return system_failure("control.socket: ask whether anybody listens at " + path);
  }
  if (unlink(path.c_str()) != 0) {
    return system_failure("control.socket: remove the stale " + path);
  }
  return {};
}

// The umask is the process's: for this moment files of other threads get tighter permissions, never
// wider ones.
int bind_for_owner_only(int fd, const sockaddr_un& address) {
  const mode_t before = umask(0177);
  const int result = bind(fd, generic(address), sizeof(address));
  const int error = errno;
  umask(before);
  errno = error;
  return result;
}

Result<void> set_option(int fd, int level, int option, int value, const char* name) {
  if (setsockopt(fd, level, option, &value, sizeof(value)) != 0) {
    return system_failure(std::string("set ") + name);
  }
  return {};
}

std::optional<int> int_option(int fd, int option) {
  int value = 0;
  socklen_t length = sizeof(value);
  if (getsockopt(fd, SOL_SOCKET, option, &value, &length) != 0) {
    return std::nullopt;
  }
  return value;
}

}  // namespace

ListeningSocket::ListeningSocket(SocketDescriptor descriptor, bool local)
    : descriptor_(std::move(descriptor)), local_(local) {}

ListeningSocket::ListeningSocket(ListeningSocket&& other) noexcept
    : descriptor_(std::move(other.descriptor_)),
      local_(other.local_),
      path_(std::exchange(other.path_, {})),
      device_(other.device_),
      inode_(other.inode_) {}

// Removed while the socket is still open: only as long as it is can nobody else be given its
// inode's number.
ListeningSocket::~ListeningSocket() {
  remove_file();
}

void ListeningSocket::remember_file(const std::string& path) {
  struct stat status {};
  if (lstat(path.c_str(), &status) == 0) {
    path_ = path;
    device_ = status.st_dev;
    inode_ = status.st_ino;
  }
}

void ListeningSocket::remove_file() {
  struct stat status {};
  if (!path_.empty() && lstat(path_.c_str(), &status) == 0 && status.st_dev == device_ &&
      status.st_ino == inode_) {
    unlink(path_.c_str());
  }
}

std::string ListeningSocket::address() const {
  return path_.empty() ? to_string(local_address(descriptor_.get())) : path_;
}

Result<ListeningSocket> ListeningSocket::unix_at(const std::string& path,
                                                 mode_t mode,
                                                 const std::string& group) {
  const auto address = unix_address(path);
  if (!address) {
    return std::unexpected(address.error());
  }
  const auto gid = find_group(group);
  if (!gid) {
    return std::unexpected(gid.error());
  }
  if (auto cleared = clear_stale(path, *address); !cleared) {
    return std::unexpected(cleared.error());
  }
  auto descriptor = new_socket(AF_UNIX);
  if (!descriptor) {
    return std::unexpected(descriptor.error());
  }
  if (bind_for_owner_only(descriptor->get(), *address) != 0) {
    return system_failure("control.socket: make " + path);
  }
  ListeningSocket socket(std::move(*descriptor), true);
  socket.remember_file(path);
  if (*gid && chown(path.c_str(), static_cast<uid_t>(-1), **gid) != 0) {
    return system_failure("control.group: give " + path + " to group '" + group + "'");
  }
  if (chmod(path.c_str(), mode & 0777) != 0) {
    return system_failure("control.mode: set the permissions of " + path);
  }
  if (listen(socket.get(), SOMAXCONN) != 0) {
    return system_failure("control.socket: listen at " + path);
  }
  return socket;
}

Result<ListeningSocket> ListeningSocket::tcp_at(const std::string& text) {
  const auto address = parse_tcp_address(text);
  if (!address) {
    return std::unexpected(address.error());
  }
  const int family = address->storage.ss_family;
  auto descriptor = new_socket(family);
  if (!descriptor) {
    return fail("http.listen: " + text, descriptor.error());
  }
  const int fd = descriptor->get();
  if (auto set = set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1, "SO_REUSEADDR"); !set) {
    return fail("http.listen: " + text, set.error());
  }
  // "[::]:9847" is for IPv6 alone, so that "0.0.0.0:9847" can stand beside it.
  if (family == AF_INET6) {
    if (auto set = set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1, "IPV6_V6ONLY"); !set) {
      return fail("http.listen: " + text, set.error());
    }
  }
  if (bind(fd, address->get(), address->length) != 0 || listen(fd, SOMAXCONN) != 0) {
    return system_failure("http.listen: " + text);
  }
  return ListeningSocket(std::move(*descriptor), false);
}

Result<ListeningSocket> ListeningSocket::adopt_unix(int fd) {
  return adopt(fd, true);
}

Result<ListeningSocket> ListeningSocket::adopt_tcp(int fd) {
  return adopt(fd, false);
}

// A Unix socket where TCP is expected would let local callers change things at an address that is
// meant for reading, and the other way round strangers would ask where the kernel names the caller.
Result<ListeningSocket> ListeningSocket::adopt(int fd, bool local) {
  const auto address = local_address(fd);
  const int family = address.storage.ss_family;
  const bool listens = int_option(fd, SO_ACCEPTCONN) == 1 && int_option(fd, SO_TYPE) == SOCK_STREAM;
  const bool fits = local ? family == AF_UNIX : family == AF_INET || family == AF_INET6;
  if (!listens || !fits) {
    return fail(Errc::invalid,
                "descriptor " + std::to_string(fd) + " is not a " + (local ? "Unix" : "TCP") +
                    " stream socket that listens");
  }
  const int flags = fcntl(fd, F_GETFL);
  if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0 ||
      fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) {
    return system_failure("prepare descriptor " + std::to_string(fd));
  }
  return ListeningSocket(SocketDescriptor(fd), local);
}

}  // namespace tidemark
