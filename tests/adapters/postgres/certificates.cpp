#include "tests/adapters/postgres/certificates.h"

#include <cstdio>
#include <stdexcept>

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <unistd.h>

namespace tidemark::test {

Certificate::Certificate(const std::string& name,
                         const Certificate* issuer,
                         std::chrono::seconds from_now,
                         std::chrono::seconds until)
    : key_(EVP_EC_gen("P-256"), EVP_PKEY_free), certificate_(X509_new(), X509_free) {
  static long serial = 0;
  X509* certificate = certificate_.get();
  X509_set_version(certificate, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate), from_now.count());
  X509_gmtime_adj(X509_getm_notAfter(certificate), until.count());
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate),
                             "CN",
                             MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(name.c_str()),
                             -1,
                             -1,
                             0);
  X509_set_pubkey(certificate, key_.get());
  const Certificate& signer = issuer == nullptr ? *this : *issuer;
  X509_set_issuer_name(certificate, X509_get_subject_name(signer.certificate_.get()));
  if (issuer == nullptr) {
    extend(NID_basic_constraints, "critical,CA:TRUE");
  } else {
    extend(NID_subject_alt_name, "DNS:" + name);
  }
  if (X509_sign(certificate, signer.key_.get(), EVP_sha256()) == 0) {
    throw std::runtime_error("cannot sign a certificate");
  }
}

Certificate Certificate::authority(const std::string& name) {
  return {name, nullptr, std::chrono::hours(-1), std::chrono::hours(24)};
}

Certificate Certificate::signs(const std::string& host,
                               std::chrono::seconds from_now,
                               std::chrono::seconds until) const {
  return {host, this, from_now, until};
}

void Certificate::extend(int kind, const std::string& value) {
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, kind, value.c_str());
  X509_add_ext(certificate_.get(), extension, -1);
  X509_EXTENSION_free(extension);
}

void Certificate::write(const std::filesystem::path& certificate,
                        const std::filesystem::path& key) const {
  FILE* file = std::fopen(certificate.c_str(), "w");
  PEM_write_X509(file, certificate_.get());
  std::fclose(file);
  file = std::fopen(key.c_str(), "w");
  ::chmod(key.c_str(), 0600);
  // Servers do not run as root, tests may.
  struct stat folder {};
  if (::stat(key.parent_path().c_str(), &folder) != 0 ||
      ::chown(key.c_str(), folder.st_uid, folder.st_gid) != 0) {
    throw std::runtime_error("cannot give away " + key.string());
  }
  PEM_write_PrivateKey(file, key_.get(), nullptr, nullptr, 0, nullptr, nullptr);
  std::fclose(file);
}

void Certificate::use_in(SSL_CTX& context) const {
  SSL_CTX_use_certificate(&context, certificate_.get());
  SSL_CTX_use_PrivateKey(&context, key_.get());
}

}  // namespace tidemark::test
