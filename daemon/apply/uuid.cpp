#include "daemon/apply/uuid.h"

#include <sys/random.h>

#include <array>
#include <cstdint>
#include <string_view>

namespace tidemark {

std::string new_uuid() {
  std::array<std::uint8_t, 16> bytes{};
  // So few are always given, and never in part.
  while (::getrandom(bytes.data(), bytes.size(), 0) < 0) {
  }
  bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0FU) | 0x40U);  // version 4
  bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3FU) | 0x80U);
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) {
      text += '-';
    }
    text += digits[bytes.at(i) >> 4U];
    text += digits[bytes.at(i) & 0x0FU];
  }
  return text;
}

}  // namespace tidemark
