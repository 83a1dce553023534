#pragma once

#include <string>

#include <libpq-fe.h>

namespace tidemark {

// Why OpenSSL did not accept a server's certificate: libpq says only that it did not. Must stay
// where it is while it listens.
class CertificateVerdict {
 public:
  CertificateVerdict() = default;
  CertificateVerdict(const CertificateVerdict&) = delete;
  CertificateVerdict& operator=(const CertificateVerdict&) = delete;

  // After each connect poll: from the one on that began the handshake, it listens.
  void listen(PGconn& connection);
  static void stop_listening(PGconn& connection);

  // X509_V_ERR_…; 0 as long as nothing was refused.
  int error() const { return error_; }

 private:
  bool listening_ = false;
  int error_ = 0;
};

}  // namespace tidemark
