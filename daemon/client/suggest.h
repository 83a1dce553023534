#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace tidemark::client {

// The known word that was probably meant; empty when nothing is near.
std::optional<std::string> suggestion(std::string_view typed, std::span<const std::string> known);

}  // namespace tidemark::client
