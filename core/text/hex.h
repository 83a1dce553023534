#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace tidemark {

// Two digits for each byte, "00ff".
std::string in_hex(std::span<const std::uint8_t> bytes);
std::string in_hex(std::string_view bytes);

}  // namespace tidemark
