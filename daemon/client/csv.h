#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tidemark::client {

// One record of RFC 4180, with its CRLF. A field that a spreadsheet would run as a formula (it
// begins with = + - @, a tab or a carriage return) gets an apostrophe before it.
std::string csv_line(const std::vector<std::string>& fields);

}  // namespace tidemark::client
