#include "adapters/tools/hash.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <memory>
#include <stdexcept>

#include <openssl/evp.h>
#include <zlib.h>

#include "core/text/hex.h"

namespace tidemark {

std::string hex_hash(const char* algorithm, std::string_view bytes) {
  const std::unique_ptr<EVP_MD, decltype(&EVP_MD_free)> method(
      EVP_MD_fetch(nullptr, algorithm, nullptr), &EVP_MD_free);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  if (!method ||
      EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, method.get(), nullptr) != 1) {
    throw std::runtime_error(std::string("no ") + algorithm);
  }
  return in_hex({digest.data(), size});
}

std::uint32_t crc32_of(std::string_view bytes) {
  return static_cast<std::uint32_t>(
      ::crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

std::string with_lf(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (bytes[i] != '\r' || i + 1 == bytes.size() || bytes[i + 1] != '\n') {
      text += bytes[i];
    }
  }
  return text;
}

std::string with_crlf(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size() + bytes.size() / 32);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (bytes[i] == '\n' && (i == 0 || bytes[i - 1] != '\r')) {
      text += '\r';
    }
    text += bytes[i];
  }
  return text;
}

std::string without_any(std::string_view bytes, std::string_view letters) {
  std::string rest;
  rest.reserve(bytes.size());
  std::ranges::copy_if(bytes, std::back_inserter(rest), [&](char c) {
    return letters.find(c) == std::string_view::npos;
  });
  return rest;
}

std::string without_leading_zeros(std::string_view digits) {
  const auto first = digits.find_first_not_of('0');
  return first == std::string_view::npos ? "0" : std::string(digits.substr(first));
}

}  // namespace tidemark
