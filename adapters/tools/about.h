#pragma once

#include <string>

namespace tidemark {

// What tidemark can do with each tool, as a table in Markdown: the README has it as it is.
std::string tools_table();

}  // namespace tidemark
