#include "adapters/postgres/plain_startup.h"

#include <cerrno>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "adapters/postgres/handle.h"
#include "adapters/postgres/wire.h"

namespace tidemark {
namespace {

// Type, length, and what kind of authentication it is about.
constexpr std::size_t head_size = 9;
constexpr std::uint32_t let_in = 0;
constexpr std::uint32_t password_in_clear = 3;

std::unexpected<ReadFailure> system_failure(const char* what) {
  const auto why = std::generic_category().message(errno);
  return std::unexpected(ReadFailure{{Errc::retry, std::string(what) + ": " + why}, ""});
}

std::unexpected<ReadFailure> not_the_protocol() {
  return std::unexpected(lost_connection("expected authentication request from server"));
}

bool send_all(int socket, const char* bytes, std::size_t size) {
  return ::send(socket, bytes, size, MSG_NOSIGNAL) == static_cast<ssize_t>(size);
}

}  // namespace

PlainStartup::PlainStartup(asio::posix::stream_descriptor server,
                           asio::posix::stream_descriptor libpq,
                           int socket_of_libpq)
    : server_(std::move(server)), libpq_(std::move(libpq)), socket_of_libpq_(socket_of_libpq) {}

std::expected<PlainStartup, ReadFailure> PlainStartup::before(const asio::any_io_executor& executor,
                                                              const PGconn* connection) {
  WatchedSocket server(executor);
  if (auto watched = server.watch(connection); !watched) {
    return std::unexpected(std::move(watched.error()));
  }
  std::array<int, 2> pair{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair.data()) != 0) {
    return system_failure("no pair of sockets");
  }
  asio::posix::stream_descriptor libpq(executor, pair[0]);
  const int taken = ::dup3(pair[1], PQsocket(connection), O_CLOEXEC);
  ::close(pair[1]);
  if (taken < 0) {
    return system_failure("cannot replace libpq's socket");
  }
  return PlainStartup(std::move(server.socket()), std::move(libpq), taken);
}

Awaitable<std::expected<Woke, ReadFailure>> PlainStartup::wait(Deadline deadline) {
  if (!pass_on_answer()) {
    co_return std::unexpected(lost_connection(""));
  }
  auto woke = co_await bytes(head_size, deadline);
  if (!woke || *woke != Woke::ready) {
    co_return woke;
  }
  Fields head(std::string_view(message_.data() + 1, head_size - 1));
  const auto size = 1 + static_cast<std::size_t>(*head.number32());
  const auto kind = *head.number32();
  // An error ends libpq's attempt; nothing is asked for any more by who has let us in.
  if (message_[0] == 'E' || (message_[0] == 'R' && kind == let_in)) {
    const auto given = give_back();
    if (!given) {
      co_return std::unexpected(given.error());
    }
    co_return Woke::ready;
  }
  if (message_[0] != 'R' || size < head_size || size > message_.size()) {
    co_return not_the_protocol();
  }
  if (kind == password_in_clear) {
    co_return std::unexpected(
        ReadFailure{{Errc::denied,
                     "asks for the password in clear on a connection without TLS, and did not get "
                     "it: set sslmode=verify-full in database:, or scram-sha-256 on the server"},
                    ""});
  }
  woke = co_await bytes(size, deadline);
  if (!woke || *woke != Woke::ready) {
    co_return woke;
  }
  const auto passed = pass_on(size);
  if (!passed) {
    co_return std::unexpected(passed.error());
  }
  co_return Woke::ready;
}

// libpq's answers are short, and the server waits for them: they go out in one piece.
bool PlainStartup::pass_on_answer() {
  std::array<char, 8192> answer;
  const auto size = ::recv(libpq_.native_handle(), answer.data(), answer.size(), 0);
  if (size <= 0) {
    return size < 0 && errno == EAGAIN;
  }
  const bool sent =
      send_all(server_.native_handle(), answer.data(), static_cast<std::size_t>(size));
  ::explicit_bzero(answer.data(), answer.size());
  return sent;
}

// Waits until that much has come, and looks at it without taking it.
Awaitable<std::expected<Woke, ReadFailure>> PlainStartup::bytes(std::size_t count,
                                                                Deadline deadline) {
  const int least = static_cast<int>(count);
  ::setsockopt(server_.native_handle(), SOL_SOCKET, SO_RCVLOWAT, &least, sizeof(least));
  const auto woke = co_await wait_ready(server_, Interest::read, deadline);
  if (woke != Woke::ready) {
    co_return woke;
  }
  const auto come = ::recv(server_.native_handle(), message_.data(), count, MSG_PEEK);
  if (come == least) {
    co_return Woke::ready;
  }
  if (come > 0 && message_[0] != 'R' && message_[0] != 'E') {
    co_return not_the_protocol();
  }
  if (come < 0) {
    co_return system_failure("could not receive from the server");
  }
  co_return std::unexpected(lost_connection("server closed the connection unexpectedly"));
}

std::expected<void, ReadFailure> PlainStartup::give_back() {
  const int any = 1;
  ::setsockopt(server_.native_handle(), SOL_SOCKET, SO_RCVLOWAT, &any, sizeof(any));
  if (::dup3(server_.native_handle(), socket_of_libpq_, O_CLOEXEC) < 0) {
    return system_failure("cannot give libpq its socket back");
  }
  over_ = true;
  return {};
}

std::expected<void, ReadFailure> PlainStartup::pass_on(std::size_t size) {
  const auto taken = ::recv(server_.native_handle(), message_.data(), size, 0);
  if (taken != static_cast<ssize_t>(size) ||
      !send_all(libpq_.native_handle(), message_.data(), size)) {
    return system_failure("could not pass a message on to libpq");
  }
  return {};
}

}  // namespace tidemark
