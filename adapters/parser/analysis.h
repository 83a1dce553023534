#pragma once

#include <string>

#include "core/sql/script.h"

namespace tidemark {

// Parses a text without NUL bytes with PostgreSQL's own parser, and classifies each statement.
// Hostile input can overflow the stack, or take all memory and time there is: only for a process
// that has limits, and that may die.
ParsedSql analyse(const std::string& text);

}  // namespace tidemark
