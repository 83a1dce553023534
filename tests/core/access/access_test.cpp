#include "core/access/access.h"

#include <optional>
#include <string>
#include <vector>

#include <doctest/doctest.h>

using namespace tidemark;

namespace {

using Rules = std::vector<AccessRule>;

const EnvironmentRef dev{"shop", "dev"};
const EnvironmentRef prod{"shop", "prod"};

AccessRule user(std::string name, Role role, std::vector<std::string> environments = {}) {
  return {std::move(name), "", role, std::move(environments)};
}

AccessRule group(std::string name, Role role, std::vector<std::string> environments = {}) {
  return {"", std::move(name), role, std::move(environments)};
}

const Caller ana{1000, "ana", {"ana", "oncall"}, false};
const Caller root{0, "root", {"root"}, false};
const Caller nameless{4242, "", {}, false};

}  // namespace

TEST_CASE(
    "where nobody is listed, root and the daemon's own user are admins and all others are nobody") {
  const Caller daemon{990, "tidemark", {"tidemark"}, true};
  for (const auto& environment : {std::optional(dev), std::optional<EnvironmentRef>()}) {
    CHECK(role_of(root, {}, environment) == Role::admin);
    CHECK(role_of(daemon, {}, environment) == Role::admin);
    CHECK(role_of(ana, {}, environment) == Role::none);
    CHECK(role_of(nameless, {}, environment) == Role::none);
  }
}

TEST_CASE("who can send signals is root or the daemon's own user, and never a stranger") {
  CHECK(may_signal(root));
  CHECK(may_signal({990, "tidemark", {"tidemark"}, true}));
  CHECK_FALSE(may_signal(ana));
  CHECK_FALSE(may_signal({65534, "nobody", {}, true}));
}

TEST_CASE("where somebody is listed, root has no more than it is given") {
  const Rules rules{user("ana", Role::admin)};
  CHECK(role_of(root, rules, dev) == Role::none);
  CHECK(role_of(ana, rules, dev) == Role::admin);
}

TEST_CASE("the first rule that matches wins, not the best one") {
  CHECK(role_of(ana, Rules{group("oncall", Role::viewer), user("ana", Role::admin)}, dev) ==
        Role::viewer);
  CHECK(role_of(ana, Rules{user("ana", Role::admin), group("oncall", Role::viewer)}, dev) ==
        Role::admin);
  CHECK(role_of(ana, Rules{user("ana", Role::none), group("oncall", Role::admin)}, dev) ==
        Role::none);
}

TEST_CASE("a rule that does not cover the environment is passed over") {
  const Rules rules{group("oncall", Role::operator_, {"shop/dev", "shop/staging"}),
                    group("oncall", Role::viewer)};
  CHECK(role_of(ana, rules, dev) == Role::operator_);
  CHECK(role_of(ana, rules, prod) == Role::viewer);
}

TEST_CASE("what concerns no single environment is for rules without environments") {
  CHECK(role_of(ana, Rules{user("ana", Role::admin, {"*/*"})}, std::nullopt) == Role::none);
  CHECK(role_of(ana, Rules{user("ana", Role::admin, {"*"})}, std::nullopt) == Role::none);
  CHECK(role_of(ana,
                Rules{user("ana", Role::admin, {"shop/dev"}), user("ana", Role::viewer)},
                std::nullopt) == Role::viewer);
}

TEST_CASE("a caller is named by user, by number, or by any of the groups") {
  CHECK(role_of(ana, Rules{user("ana", Role::viewer)}, dev) == Role::viewer);
  CHECK(role_of(ana, Rules{user("1000", Role::viewer)}, dev) == Role::viewer);
  CHECK(role_of(nameless, Rules{user("4242", Role::viewer)}, dev) == Role::viewer);
  CHECK(role_of(ana, Rules{group("oncall", Role::viewer)}, dev) == Role::viewer);
  CHECK(role_of(ana, Rules{user("oncall", Role::viewer)}, dev) == Role::none);
  CHECK(role_of(ana, Rules{user("Ana", Role::viewer)}, dev) == Role::none);
  CHECK(role_of(nameless, Rules{user("ana", Role::viewer), group("ana", Role::viewer)}, dev) ==
        Role::none);
}

TEST_CASE("the uid that stands for strangers never matches") {
  const Caller stranger{65534, "nobody", {"nogroup", "oncall"}, false};
  CHECK(role_of(stranger,
                Rules{user("nobody", Role::admin),
                      user("65534", Role::admin),
                      group("nogroup", Role::admin),
                      group("oncall", Role::admin)},
                dev) == Role::none);
  CHECK(role_of(stranger, {}, dev) == Role::none);
}

TEST_CASE("not even a daemon that itself runs as nobody obeys nobody") {
  const Caller self{65534, "nobody", {"nogroup"}, true};
  CHECK(role_of(self, {}, dev) == Role::none);
}

TEST_CASE("a pattern covers whole parts only") {
  for (const auto* pattern : {"*", "*/*", "shop/*", "*/dev", "shop/dev"}) {
    CAPTURE(pattern);
    CHECK(covers(pattern, dev));
  }
  for (const auto* pattern : {"",
                              "/",
                              "shop",
                              "dev",
                              "shop/",
                              "/dev",
                              "sho*/dev",
                              "shop/d*",
                              "shop/de",
                              "shop/dev2",
                              "Shop/dev",
                              "shop/dev/",
                              "blog/*",
                              "*/prod",
                              "**",
                              "*/*/*"}) {
    CAPTURE(pattern);
    CHECK_FALSE(covers(pattern, dev));
  }
}

TEST_CASE("roles are ordered, and read as they are written") {
  CHECK(Role::none < Role::viewer);
  CHECK(Role::viewer < Role::operator_);
  CHECK(Role::operator_ < Role::admin);
  for (const auto role : {Role::viewer, Role::operator_, Role::admin}) {
    CHECK(parse_role(to_string(role)) == role);
  }
  CHECK(!parse_role("none"));
  CHECK(!parse_role("root"));
  CHECK(!parse_role(""));
}

TEST_CASE("a caller is written with the name and the number") {
  CHECK(ana.text() == "ana (uid 1000)");
  CHECK(nameless.text() == "uid 4242");
}
