#include <cstddef>
#include <cstdint>

#include "tests/fuzz/input.h"

// What libFuzzer calls; its name and its arguments are libFuzzer's.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  tidemark::fuzz::try_input({reinterpret_cast<const char*>(data), size});
  return 0;
}
