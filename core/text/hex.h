#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace tidemark {

// Two digits for each byte, "00ff".
std::string in_hex(std::span<const std::uint8_t> bytes);

}  // namespace tidemark
