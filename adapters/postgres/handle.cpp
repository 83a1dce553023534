#include "adapters/postgres/handle.h"

#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace tidemark {

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

}  // namespace tidemark
