#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>

#include <openssl/evp.h>
#include <openssl/types.h>
#include <openssl/x509.h>

namespace tidemark::test {

// A certificate with its key: of an authority, or signed by one.
class Certificate {
 public:
  static Certificate authority(const std::string& name);
  Certificate signs(const std::string& host,
                    std::chrono::seconds from_now = std::chrono::hours(-1),
                    std::chrono::seconds until = std::chrono::hours(24)) const;

  void write(const std::filesystem::path& certificate, const std::filesystem::path& key) const;
  void use_in(SSL_CTX& context) const;

 private:
  Certificate(const std::string& name,
              const Certificate* issuer,
              std::chrono::seconds from_now,
              std::chrono::seconds until);
  void extend(int kind, const std::string& value);

  std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> key_;
  std::unique_ptr<X509, void (*)(X509*)> certificate_;
};

}  // namespace tidemark::test
