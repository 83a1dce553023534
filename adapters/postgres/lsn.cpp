#include "adapters/postgres/lsn.h"

#include <charconv>

namespace tidemark {

std::uint64_t lsn_in(const std::optional<std::string>& text) {
  if (!text) {
    return 0;
  }
  const auto* end = text->data() + text->size();
  std::uint32_t high = 0;
  std::uint32_t low = 0;
  const auto first = std::from_chars(text->data(), end, high, 16);
  if (first.ec != std::errc() || first.ptr == end || *first.ptr != '/') {
    return 0;
  }
  const auto second = std::from_chars(first.ptr + 1, end, low, 16);
  if (second.ec != std::errc() || second.ptr != end) {
    return 0;
  }
  return (std::uint64_t{high} << 32U) | low;
}

}  // namespace tidemark
