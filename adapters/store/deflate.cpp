#include "adapters/store/deflate.h"

#include <new>

#include <zlib.h>

namespace tidemark {

namespace {

const Bytef* input(std::string_view bytes) {
  return reinterpret_cast<const Bytef*>(bytes.data());
}
Bytef* output(std::string& bytes) {
  return reinterpret_cast<Bytef*>(bytes.data());
}

}  // namespace

std::string deflated(std::string_view bytes) {
  auto size = ::compressBound(bytes.size());
  std::string result(size, '\0');
  if (::compress2(output(result), &size, input(bytes), bytes.size(), Z_DEFAULT_COMPRESSION) !=
      Z_OK) {
    throw std::bad_alloc();  // the only failure that is left with a buffer of this size
  }
  result.resize(size);
  return result;
}

std::optional<std::string> inflated(std::string_view bytes, std::size_t size) {
  // One byte more than expected: zlib wants room even for nothing, and more than expected is
  // noticed.
  std::string result(size + 1, '\0');
  auto got = static_cast<uLongf>(result.size());
  if (::uncompress(output(result), &got, input(bytes), bytes.size()) != Z_OK || got != size) {
    return std::nullopt;
  }
  result.resize(size);
  return result;
}

}  // namespace tidemark
