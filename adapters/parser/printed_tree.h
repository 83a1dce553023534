#pragma once

#include <string_view>

#include "core/sql/script.h"

namespace tidemark {

// The statements of a text, from what libpg_query printed of it.
ParsedSql analyse_tree(std::string_view text, std::string_view printed);

}  // namespace tidemark
