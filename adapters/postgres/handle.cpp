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
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace tidemark {
namespace {

// How many bytes have arrived and wait.
std::uint64_t bytes_waiting(int socket) {
  int waiting = 0;
  return ::ioctl(socket, FIONREAD, &waiting) == 0 ? static_cast<std::uint64_t>(waiting) : 0;
}

}  // namespace

std::expected<asio::posix::stream_descriptor, ReadFailure> watched_socket(
    const asio::any_io_executor& executor, const PGconn* connection) {
  asio::posix::stream_descriptor socket(executor);
  const int duplicate = ::fcntl(PQsocket(connection), F_DUPFD_CLOEXEC, 0);
  if (duplicate < 0) {
    const auto why = std::generic_category().message(errno);
    return std::unexpected(ReadFailure{{Errc::retry, "cannot watch the socket: " + why}, ""});
  }
  boost::system::error_code error;
  socket.assign(duplicate, error);
  if (error) {
    ::close(duplicate);
    return std::unexpected(
        ReadFailure{{Errc::retry, "cannot watch the socket: " + error.message()}, ""});
  }
  return socket;
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
