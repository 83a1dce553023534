#pragma once

#include <cstddef>
#include <string_view>

namespace tidemark {

// The size of the character of Unicode's white space, beyond ASCII's, that `text` begins with, or
// ends in; 0 for none. Languages that know it trim it.
std::size_t wide_blank_in_front(std::string_view text);
std::size_t wide_blank_at_end(std::string_view text);

}  // namespace tidemark
