#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace tidemark {

// A position in a write-ahead log, "16/B374D848", as the number it is; 0, which is no position, for
// NULL and for what is none.
std::uint64_t lsn_in(const std::optional<std::string>& text);

}  // namespace tidemark
