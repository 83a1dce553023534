#pragma once

#include <string_view>

namespace tidemark {

// openapi.json, as it was when this program was built.
std::string_view openapi_document();

}  // namespace tidemark
