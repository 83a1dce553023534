#include "core/text/siphash.h"

#include <array>
#include <cstddef>
#include <cstring>
#include <string>

#include <doctest/doctest.h>
#include <openssl/evp.h>
#include <openssl/params.h>

using namespace tidemark;

namespace {

constexpr SipHash::Key key{0x0706050403020100U, 0x0f0e0d0c0b0a0908U};

SipHash::Value by_openssl(const std::string& text) {
  EVP_MAC* const siphash = EVP_MAC_fetch(nullptr, "SIPHASH", nullptr);
  EVP_MAC_CTX* const context = EVP_MAC_CTX_new(siphash);
  std::size_t size = sizeof(SipHash::Value);
  const std::array<OSSL_PARAM, 2> parameters{OSSL_PARAM_construct_size_t("size", &size),
                                             OSSL_PARAM_construct_end()};
  std::array<unsigned char, sizeof(SipHash::Key)> secret{};
  std::memcpy(secret.data(), key.data(), secret.size());
  SipHash::Value value{};
  std::array<unsigned char, sizeof(SipHash::Value)> bytes{};
  std::size_t written = 0;
  REQUIRE(EVP_MAC_init(context, secret.data(), secret.size(), parameters.data()) == 1);
  EVP_MAC_update(context, reinterpret_cast<const unsigned char*>(text.data()), text.size());
  REQUIRE(EVP_MAC_final(context, bytes.data(), &written, bytes.size()) == 1);
  REQUIRE(written == bytes.size());
  std::memcpy(value.data(), bytes.data(), bytes.size());
  EVP_MAC_CTX_free(context);
  EVP_MAC_free(siphash);
  return value;
}

std::string text_of(std::size_t size) {
  std::string text;
  for (std::size_t i = 0; i < size; ++i) {
    text += static_cast<char>(i * 37 + size);
  }
  return text;
}

}  // namespace

TEST_CASE("a SipHash is the one that OpenSSL computes, in whatever pieces the text comes") {
  for (std::size_t size = 0; size <= 300; ++size) {
    const std::string text = text_of(size);
    const auto expected = by_openssl(text);
    for (const std::size_t piece : {std::size_t{1}, std::size_t{3}, std::size_t{8}, size + 1}) {
      SipHash hash(key);
      for (std::size_t at = 0; at < size; at += piece) {
        hash.update(std::string_view(text).substr(at, piece));
      }
      CAPTURE(size);
      CAPTURE(piece);
      CHECK(hash.value() == expected);
    }
  }
}

TEST_CASE("a SipHash can go on after it was asked for its value") {
  SipHash hash(key);
  hash.update("one ");
  CHECK(hash.value() == by_openssl("one "));
  hash.update("two");
  CHECK(hash.value() == by_openssl("one two"));
}

TEST_CASE("a SipHash depends on the whole key") {
  SipHash hash(key);
  SipHash first({key[0] ^ 1U, key[1]});
  SipHash second({key[0], key[1] ^ 1U});
  CHECK(hash.value() != first.value());
  CHECK(hash.value() != second.value());
}
