#include "adapters/postgres/transport.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <string>
#include <system_error>

#include <openssl/err.h>
#include <sys/socket.h>

namespace tidemark {
namespace {

std::unexpected<ReadFailure> closed() {
  return std::unexpected(lost_connection("server closed the connection unexpectedly"));
}

std::unexpected<ReadFailure> system_failure() {
  return std::unexpected(lost_connection(std::generic_category().message(errno)));
}

bool would_block() {
  return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

// SSL_get_error looks at what is left of them.
void forget_errors() {
  ERR_clear_error();
  errno = 0;
}

int limited(std::size_t size) {
  return static_cast<int>(std::min<std::size_t>(size, INT_MAX));
}

}  // namespace

Transport::Transport(PGconn* connection)
    : socket_(PQsocket(connection)), tls_(static_cast<SSL*>(PQsslStruct(connection, "OpenSSL"))) {}

Transport::Move Transport::read(std::span<char> into) {
  if (tls_ != nullptr) {
    forget_errors();
    return tls_moved(SSL_read(tls_, into.data(), limited(into.size())));
  }
  const auto size = ::recv(socket_, into.data(), into.size(), 0);
  if (size > 0) {
    const auto bytes = static_cast<std::size_t>(size);
    return Moved{bytes, bytes < into.size(), Interest::read};
  }
  if (size == 0) {
    return closed();
  }
  return would_block() ? Move(Moved{0, true, Interest::read}) : system_failure();
}

Transport::Move Transport::write(std::string_view bytes) {
  if (tls_ != nullptr) {
    forget_errors();
    return tls_moved(SSL_write(tls_, bytes.data(), limited(bytes.size())));
  }
  const auto size = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (size >= 0) {
    return Moved{static_cast<std::size_t>(size), false, Interest::write};
  }
  return would_block() ? Move(Moved{0, false, Interest::write}) : system_failure();
}

Transport::Move Transport::tls_moved(int result) {
  switch (SSL_get_error(tls_, result)) {
    case SSL_ERROR_NONE:
      // What was decrypted and not taken yet makes no socket readable.
      return Moved{static_cast<std::size_t>(result), SSL_has_pending(tls_) == 0, Interest::read};
    case SSL_ERROR_WANT_READ:
      return Moved{0, true, Interest::read};
    case SSL_ERROR_WANT_WRITE:
      return Moved{0, true, Interest::write};
    case SSL_ERROR_ZERO_RETURN:
      return closed();
    case SSL_ERROR_SYSCALL:
      return errno == 0 ? Move(closed()) : system_failure();
    default:
      break;
  }
  const auto code = ERR_get_error();
  if (ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
    return closed();
  }
  std::array<char, 256> text{};
  ERR_error_string_n(code, text.data(), text.size());
  return std::unexpected(lost_connection("SSL error: " + std::string(text.data())));
}

}  // namespace tidemark
