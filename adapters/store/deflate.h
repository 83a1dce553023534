#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tidemark {

std::string deflated(std::string_view bytes);

// nullopt when it is not `size` bytes deflated.
std::optional<std::string> inflated(std::string_view bytes, std::size_t size);

}  // namespace tidemark
