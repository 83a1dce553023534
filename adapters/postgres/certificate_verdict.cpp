#include "adapters/postgres/certificate_verdict.h"

#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

namespace tidemark {
namespace {

int place_in_handshake() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

SSL* handshake_of(PGconn& connection) {
  return static_cast<SSL*>(PQsslStruct(&connection, "OpenSSL"));
}

// Decides as libpq's own callback does: it takes OpenSSL's word.
int take_note(int accepted, X509_STORE_CTX* store) {
  if (accepted != 1) {
    const void* handshake = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    void* error = SSL_get_ex_data(static_cast<const SSL*>(handshake), place_in_handshake());
    if (error != nullptr) {
      *static_cast<int*>(error) = X509_STORE_CTX_get_error(store);
    }
  }
  return accepted;
}

}  // namespace

void CertificateVerdict::listen(PGconn& connection) {
  SSL* handshake = handshake_of(connection);
  if (listening_ || handshake == nullptr) {
    return;
  }
  listening_ = true;
  if (SSL_get_verify_mode(handshake) != SSL_VERIFY_NONE &&
      SSL_set_ex_data(handshake, place_in_handshake(), &error_) == 1) {
    SSL_set_verify(handshake, SSL_get_verify_mode(handshake), take_note);
  }
}

void CertificateVerdict::stop_listening(PGconn& connection) {
  if (SSL* handshake = handshake_of(connection); handshake != nullptr) {
    SSL_set_ex_data(handshake, place_in_handshake(), nullptr);
  }
}

}  // namespace tidemark
