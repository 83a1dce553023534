#pragma once

#include <array>
#include <string_view>
#include <vector>

namespace tidemark {

// The tools that a config may name.
inline constexpr std::array<std::string_view, 3> known_layouts{"auto", "own", "flyway"};
inline constexpr std::array<std::string_view, 2> known_ledgers{"auto", "flyway"};

// What is documented and not there yet: an error says that, instead of taking it for mistyped.
inline constexpr std::array<std::string_view, 15> later_tools{"liquibase",
                                                              "rails",
                                                              "django",
                                                              "ecto",
                                                              "alembic",
                                                              "golang-migrate",
                                                              "prisma",
                                                              "atlas",
                                                              "dbmate",
                                                              "goose",
                                                              "supabase",
                                                              "sqlx",
                                                              "diesel",
                                                              "sqitch",
                                                              "custom"};

inline std::vector<std::string_view> later_environment_keys() {
  return {"apply",
          "lock_timeout",
          "lock_retries",
          "statement_timeout",
          "receipts",
          "schema_drift",
          "freeze"};
}

}  // namespace tidemark
