#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace tidemark {

// A piece of SQL as Liquibase hashes it. Versions up to 8 of its checksums know how it is cut into
// statements, later ones do not.
struct LiquibaseSql {
  std::string text;  // UTF-8, perhaps behind a byte-order mark
  bool split = true;
  bool strip = false;
  std::optional<std::string> end_delimiter{};
  std::string dbms{};  // the databases that it is for; empty: all
  friend bool operator==(const LiquibaseSql&, const LiquibaseSql&) = default;
};

// The versions of a changeset's checksum that can be computed, the newest first. 7 is computed like
// 8.
inline constexpr int liquibase_checksum_versions[] = {9, 8, 7};

// What is stored for a changeset of these changes: "9:" and 32 digits.
std::string liquibase_checksum(int version, std::span<const LiquibaseSql> changes);

// Of a stored checksum, what one of the above can be equal to; nullopt for those of other versions.
std::optional<std::string> computable_liquibase_checksum(std::string_view stored);

// `text` without what a checksum of version 9 does not see.
std::string without_white_space(std::string_view text);

// Whether a list like "postgresql, h2" or "!oracle" has PostgreSQL in it.
bool is_for_postgresql(std::string_view dbms);

}  // namespace tidemark
