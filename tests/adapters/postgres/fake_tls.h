#pragma once

#include <memory>
#include <string>

#include <openssl/ssl.h>

#include "tests/adapters/postgres/certificates.h"

namespace tidemark::test {

// The server's end of TLS on a connection of a FakeServer, after the wish for it was granted. What
// comes through it counts as heard, as it is and as it was sent.
class FakeTls {
 public:
  FakeTls(const Certificate& shown, int socket);

  // As of a socket.
  std::string receive();
  void send(const std::string& bytes);

 private:
  std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context_;
  std::unique_ptr<SSL, void (*)(SSL*)> tls_;
};

// For scripts: takes the wish for TLS, shows the certificate, and within TLS asks for the password
// in clear.
void ask_in_clear_within_tls(const Certificate& certificate, int socket);

}  // namespace tidemark::test
