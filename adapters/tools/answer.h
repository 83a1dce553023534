#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "adapters/postgres/statement.h"
#include "core/result.h"
#include "core/time.h"

namespace tidemark {

// A column of an answer that has one row; nullopt for NULL, and when it has none or several.
std::optional<std::string> value_of(const ResultSet& answer, std::size_t column = 0);

// An oid or another small number; 0 for NULL and for what is none.
std::uint32_t number_of(const std::optional<std::string>& text, int base = 10);

// Milliseconds since 1970 as a time; nullopt for NULL, and for years that RFC 3339 cannot write,
// which PostgreSQL knows: such a time is as good as none.
std::optional<TimePoint> time_of(const std::optional<std::string>& milliseconds);

// Fails when a row has not just so many columns: "read the ledger of Flyway: a row of …".
Result<void> check_width(const ResultSet& answer, std::size_t columns, std::string_view tool);

}  // namespace tidemark
