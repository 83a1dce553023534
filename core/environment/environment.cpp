#include "core/environment/environment.h"

#include <type_traits>

namespace tidemark {

namespace {

bool told_apart(std::uint32_t before, std::uint32_t now) {
  return before != 0 && now != 0 && before != now;
}

}  // namespace

std::string difference(const Identity& remembered, const Identity& seen) {
  const bool both_told = !remembered.system_identifier.empty() && !seen.system_identifier.empty();
  if (both_told && remembered.system_identifier != seen.system_identifier) {
    return "another server: system identifier " + seen.system_identifier + " instead of " +
           remembered.system_identifier;
  }
  if (told_apart(remembered.database_oid, seen.database_oid)) {
    return "the database was dropped and created again: oid " + std::to_string(seen.database_oid) +
           " instead of " + std::to_string(remembered.database_oid);
  }
  if (told_apart(remembered.timeline, seen.timeline)) {
    return "the server is on timeline " + std::to_string(seen.timeline) + " instead of " +
           std::to_string(remembered.timeline) + ": a standby was promoted, or a backup restored";
  }
  if (told_apart(remembered.schema_oid, seen.schema_oid)) {
    return "the schema was dropped and created again: oid " + std::to_string(seen.schema_oid) +
           " instead of " + std::to_string(remembered.schema_oid);
  }
  return "";
}

bool created_anew(const Identity& remembered, const Identity& seen) {
  return !seen.system_identifier.empty() &&
         seen.system_identifier == remembered.system_identifier &&
         (told_apart(remembered.database_oid, seen.database_oid) ||
          told_apart(remembered.schema_oid, seen.schema_oid));
}

Identity combined(const Identity& remembered, const Identity& seen) {
  if (!difference(remembered, seen).empty()) {
    return seen;
  }
  Identity known = seen;
  const auto keep = [](auto& now, const auto& before) {
    if (now == std::remove_cvref_t<decltype(now)>{}) {
      now = before;
    }
  };
  keep(known.system_identifier, remembered.system_identifier);
  keep(known.timeline, remembered.timeline);
  keep(known.database_oid, remembered.database_oid);
  keep(known.schema_oid, remembered.schema_oid);
  return known;
}

}  // namespace tidemark
