#pragma once

#include <string>
#include <string_view>

namespace tidemark {

// `text` as it may be shown anywhere: control characters, bidirectional overrides and bytes that
// are no UTF-8 become \n, \t, \x1b, \u202e. Names from files and databases go through this on their
// way to a terminal, a log or a page.
std::string printable(std::string_view text);

// The same bytes with everything that is no UTF-8 replaced by U+FFFD: fit for JSON.
std::string valid_utf8(std::string_view text);

// How many columns it takes on a terminal, nearly: code points, wide ones as two.
std::size_t display_width(std::string_view text);

}  // namespace tidemark
