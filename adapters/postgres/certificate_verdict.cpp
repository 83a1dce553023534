#include "adapters/postgres/certificate_verdict.h"

#include <openssl/ssl.h>

namespace tidemark {
namespace {

thread_local int* listener = nullptr;

// An alert that ends a handshake goes out after the certificate was judged.
void take_note(const SSL* handshake, int what, int alert) {
  const bool ends =
      (what & SSL_CB_WRITE_ALERT) == SSL_CB_WRITE_ALERT && alert >> 8 == SSL3_AL_FATAL;
  const auto error = SSL_get_verify_result(handshake);
  if (listener != nullptr && ends && SSL_get_verify_mode(handshake) != SSL_VERIFY_NONE &&
      error != X509_V_OK) {
    *listener = static_cast<int>(error);
  }
}

// For the data that a program may keep with each handshake: OpenSSL calls it for every new one.
void attend(void* handshake, void*, CRYPTO_EX_DATA*, int, long, void*) {
  if (listener != nullptr) {
    SSL_set_info_callback(static_cast<SSL*>(handshake), take_note);
  }
}

}  // namespace

CertificateVerdict::Listening::Listening(CertificateVerdict& verdict) {
  [[maybe_unused]] static const int place =
      SSL_get_ex_new_index(0, nullptr, attend, nullptr, nullptr);
  listener = &verdict.error_;
}

CertificateVerdict::Listening::~Listening() {
  listener = nullptr;
}

}  // namespace tidemark
