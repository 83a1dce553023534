#include "adapters/store/deflate.h"

#include <algorithm>
#include <bit>
#include <memory>
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

// zlib works with a quarter of a megabyte, which is much for a migration of some lines: as far back
// as such a text reaches is far enough.
std::string deflated(std::string_view bytes) {
  constexpr int smallest = 9;
  const int window =
      std::clamp(static_cast<int>(std::bit_width(bytes.size())), smallest, MAX_WBITS);
  const int memory = window - 7;  // of 15, zlib's own 8
  ::z_stream stream{};
  if (::deflateInit2(
          &stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, window, memory, Z_DEFAULT_STRATEGY) != Z_OK) {
    throw std::bad_alloc();
  }
  const std::unique_ptr<::z_stream, int (*)(::z_stream*)> end(&stream, &::deflateEnd);
  std::string result(::deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = const_cast<Bytef*>(input(bytes));  // which it only reads
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = output(result);
  stream.avail_out = static_cast<uInt>(result.size());
  const int done = ::deflate(&stream, Z_FINISH);
  result.resize(result.size() - stream.avail_out);
  if (done != Z_STREAM_END) {
    throw std::bad_alloc();  // the only failure that is left with a buffer of this size
  }
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
