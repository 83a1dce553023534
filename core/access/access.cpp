#include "core/access/access.h"

#include <algorithm>

namespace tidemark {

std::string_view to_string(Role role) {
  switch (role) {
    case Role::none:
      return "none";
    case Role::viewer:
      return "viewer";
    case Role::operator_:
      return "operator";
    case Role::admin:
      return "admin";
  }
  return "";
}

std::optional<Role> parse_role(std::string_view text) {
  for (const auto role : {Role::viewer, Role::operator_, Role::admin}) {
    if (to_string(role) == text) {
      return role;
    }
  }
  return std::nullopt;
}

std::string Caller::text() const {
  const auto number = "uid " + std::to_string(uid);
  return user.empty() ? number : user + " (" + number + ")";
}

bool covers(std::string_view pattern, const EnvironmentRef& environment) {
  const auto slash = pattern.find('/');
  if (slash == std::string_view::npos) {
    return pattern == "*";
  }
  const auto part = [](std::string_view wanted, std::string_view name) {
    return wanted == "*" || wanted == name;
  };
  return part(pattern.substr(0, slash), environment.app) &&
         part(pattern.substr(slash + 1), environment.name);
}

namespace {

// Inside a user namespace every stranger arrives as this uid: it is nobody in particular. Not even
// the daemon's own: in there it could not be told from them.
constexpr std::uint32_t overflow_uid = 65534;

bool names(const AccessRule& rule, const Caller& caller) {
  if (!rule.user.empty()) {
    return rule.user == caller.user || rule.user == std::to_string(caller.uid);
  }
  return std::ranges::find(caller.groups, rule.group) != caller.groups.end();
}

bool applies(const AccessRule& rule, const std::optional<EnvironmentRef>& environment) {
  if (rule.environments.empty()) {
    return true;
  }
  return environment && std::ranges::any_of(rule.environments, [&](const auto& pattern) {
           return covers(pattern, *environment);
         });
}

}  // namespace

Role role_of(const Caller& caller,
             std::span<const AccessRule> rules,
             const std::optional<EnvironmentRef>& environment) {
  if (caller.uid == overflow_uid) {
    return Role::none;
  }
  for (const auto& rule : rules) {
    if (names(rule, caller) && applies(rule, environment)) {
      return rule.role;
    }
  }
  return rules.empty() && may_signal(caller) ? Role::admin : Role::none;
}

bool may_signal(const Caller& caller) {
  return caller.uid != overflow_uid && (caller.uid == 0 || caller.is_daemon_user);
}

}  // namespace tidemark
