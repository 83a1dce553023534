#include "adapters/postgres/handle.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

namespace tidemark {
namespace {

// How many bytes have arrived and wait.
std::uint64_t bytes_waiting(int socket) {
  int waiting = 0;
  return ::ioctl(socket, FIONREAD, &waiting) == 0 ? static_cast<std::uint64_t>(waiting) : 0;
}

}  // namespace

std::expected<void, ReadFailure> WatchedSocket::watch(const PGconn* connection) {
  const int original = PQsocket(connection);
  struct stat about {};
  if (::fstat(original, &about) == 0 && socket_.is_open() && about.st_ino == inode_) {
    return {};
  }
  boost::system::error_code error;
  socket_.close(error);
  const int duplicate = ::fcntl(original, F_DUPFD_CLOEXEC, 0);
  if (duplicate < 0) {
    const auto why = std::generic_category().message(errno);
    return std::unexpected(ReadFailure{{Errc::retry, "cannot watch the socket: " + why}, ""});
  }
  socket_.assign(duplicate, error);
  if (error) {
    ::close(duplicate);
    return std::unexpected(
        ReadFailure{{Errc::retry, "cannot watch the socket: " + error.message()}, ""});
  }
  inode_ = about.st_ino;
  return {};
}

bool is_writable(int socket) {
  pollfd asked{socket, POLLOUT, 0};
  return ::poll(&asked, 1, 0) == 1;
}

std::uint64_t bytes_taken(int socket) {
  // struct tcp_info up to tcpi_bytes_received, which the C library's headers do not know.
  std::array<std::uint64_t, 17> info{};
  socklen_t size = sizeof(info);
  if (::getsockopt(socket, IPPROTO_TCP, TCP_INFO, info.data(), &size) != 0 ||
      size != sizeof(info)) {
    return 0;
  }
  return info.back() - std::min(info.back(), bytes_waiting(socket));
}

}  // namespace tidemark
