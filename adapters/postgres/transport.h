#pragma once

#include <cstddef>
#include <expected>
#include <span>
#include <string_view>

#include <libpq-fe.h>
#include <openssl/ssl.h>

#include "adapters/postgres/failure.h"
#include "adapters/postgres/wait.h"

namespace tidemark {

// Moves bytes over what libpq has opened: its socket, or the TLS on it. Never blocks.
class Transport {
 public:
  struct Moved {
    std::size_t bytes = 0;
    bool all_there_is = false;       // read: nothing more has come yet
    Interest next = Interest::read;  // what it waits for, to move more
  };
  using Move = std::expected<Moved, ReadFailure>;

  explicit Transport(PGconn* connection);

  Move read(std::span<char> into);
  Move write(std::string_view bytes);

 private:
  Move tls_moved(int result);

  int socket_;
  SSL* tls_;
};

}  // namespace tidemark
