#pragma once

#include <string>

namespace tidemark {

// What a browser gets at "/": what this is, and where to go from here.
std::string landing_page();

}  // namespace tidemark
