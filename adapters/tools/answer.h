#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "adapters/postgres/statement.h"

namespace tidemark {

// A column of an answer that has one row; nullopt for NULL, and when it has none or several.
std::optional<std::string> value_of(const ResultSet& answer, std::size_t column = 0);

// An oid or another small number; 0 for NULL and for what is none.
std::uint32_t number_of(const std::optional<std::string>& text, int base = 10);

}  // namespace tidemark
