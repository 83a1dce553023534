#pragma once

#include <string>
#include <string_view>

namespace tidemark {

// A name as SQL takes it literally: in quotes, with those in it doubled. The one function that
// makes an identifier of SQL.
std::string quoted_name(std::string_view name);

}  // namespace tidemark
