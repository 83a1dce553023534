#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/environment/environment.h"

namespace tidemark {

// What somebody may do over the control socket; each role may what the one before may.
enum class Role { none, viewer, operator_, admin };

std::string_view to_string(Role role);
std::optional<Role> parse_role(std::string_view text);

// One line of the config's `access:`. Exactly one of user and group is set. Without environments:
// everywhere.
struct AccessRule {
  std::string user;
  std::string group;
  Role role = Role::viewer;
  std::vector<std::string> environments;  // "shop/dev", "shop/*", "*/dev"
  friend bool operator==(const AccessRule&, const AccessRule&) = default;
};

// The caller as the kernel gives it, with names looked up.
struct Caller {
  std::uint32_t uid = 0;
  std::string user;                 // empty when the uid has no name
  std::vector<std::string> groups;  // primary and supplementary
  bool is_daemon_user = false;
  std::string text() const;  // "ana (uid 1000)"
  friend bool operator==(const Caller&, const Caller&) = default;
};

// First match wins: the first rule that names the caller and covers the environment. Nobody listed:
// root and the daemon's own user are admins. An `environment` of nullopt asks about what concerns
// no single one (reload, audit): only rules without `environments` cover that.
Role role_of(const Caller& caller,
             std::span<const AccessRule> rules,
             const std::optional<EnvironmentRef>& environment);

// Whether the caller can send the daemon signals. Such a one reloads it with SIGHUP if not otherwise,
// so that no rule keeps it from asking for the same in words, and hearing what comes of it.
bool may_signal(const Caller& caller);

// "shop/*" covers "shop/dev"; '*' stands for a whole part.
bool covers(std::string_view pattern, const EnvironmentRef& environment);

}  // namespace tidemark
