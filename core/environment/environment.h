#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace tidemark {

// Which environment of which app; "shop/staging".
struct EnvironmentRef {
  std::string app;
  std::string name;
  std::string text() const { return app + "/" + name; }
  friend auto operator<=>(const EnvironmentRef&, const EnvironmentRef&) = default;
  struct Hash {
    std::size_t operator()(const EnvironmentRef& ref) const {
      const std::hash<std::string> of;
      return of(ref.app) * 31 + of(ref.name);
    }
  };
};

// Which database it really is. What a server does not tell is empty or 0 and proves nothing:
// neither that two are the same nor that they differ.
struct Identity {
  std::string system_identifier;
  std::uint32_t timeline = 0;  // 0: not told (a standby, or no privilege)
  std::uint32_t database_oid = 0;
  std::uint32_t schema_oid = 0;  // only where the environment is one schema of a shared database
  friend bool operator==(const Identity&, const Identity&) = default;
};

// In words, what is different; empty when it is the same database with the same history.
std::string difference(const Identity& remembered, const Identity& seen);

// Whether the remembered database, or its schema, was dropped, and another one created in its place
// on the same server.
bool created_anew(const Identity& remembered, const Identity& seen);

// What is known of a database after it was seen: what it does not tell now stays as it was told,
// unless it is another database.
Identity combined(const Identity& remembered, const Identity& seen);

}  // namespace tidemark
