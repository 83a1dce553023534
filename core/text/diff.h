#pragma once

#include <string>
#include <string_view>

namespace tidemark {

// A unified diff with three lines of context, as `diff -u` prints it; empty when both are the same.
// Lines end in LF; a last line without one is told as diff does. Bounded: texts that share too
// little to be compared line by line in reasonable time are shown as replaced.
std::string unified_diff(std::string_view from,
                         std::string_view to,
                         std::string_view from_name,
                         std::string_view to_name);

}  // namespace tidemark
