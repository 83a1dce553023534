#pragma once

namespace tidemark {

// Why OpenSSL did not accept a server's certificate: libpq says only that it did not.
class CertificateVerdict {
 public:
  // Hears what this thread's handshakes come to, as long as it exists. libpq begins one in the same
  // step in which it may already fail, so this is there before any handshake is.
  class Listening {
   public:
    explicit Listening(CertificateVerdict& verdict);
    ~Listening();
    Listening(const Listening&) = delete;
    Listening& operator=(const Listening&) = delete;
  };

  // X509_V_ERR_…; 0 as long as nothing was refused.
  int error() const { return error_; }

 private:
  int error_ = 0;
};

}  // namespace tidemark
