#include <map>

#include <doctest/doctest.h>
#include <boost/json/array.hpp>

#include "tests/daemon/control/calls.h"
#include "tests/daemon/support/rig.h"

using namespace tidemark::test;

namespace {

// Two environments that nobody connects to, V1 marked in both and edited since: a finding in each.
// V2 was marked in prod and its file is gone: only prod knows it.
struct Shop : Rig {
  explicit Shop(const std::string& access) {
    file("V1__users.sql", "CREATE TABLE users (id int);\n");
    file("V2__secret.sql", "SELECT 2;\n");
    configure("      - name: staging\n      - name: prod\n");
    open_socket(*this);
    start();
    const auto mark = [this](const std::string& environment, const std::string& migration) {
      const auto marked = request("POST",
                                  "/v1/apps/shop/environments/" + environment + "/mark",
                                  R"({"migrations":[")" + migration + R"("],"reason":"by hand"})");
      REQUIRE_MESSAGE(marked.status == 200, marked.body);
    };
    mark("staging", "V1__users");
    mark("prod", "V1__users");
    mark("prod", "V2__secret");
    file("V1__users.sql", "CREATE TABLE users (id bigint);\n");
    remove("V2__secret.sql");
    REQUIRE(eventually([this] {
      return cell("staging", "V1__users") == "drifted edited" &&
             cell("prod", "V1__users") == "drifted edited" &&
             cell("prod", "V2__secret") == "drifted removed";
    }));
    const auto findings = json({"findings"});
    for (const auto& each : findings.at("findings").as_array()) {
      if (each.at("kind").as_string() == "edited") {
        finding[std::string(each.at("environment").as_string())] = each.at("id").as_string();
      }
    }
    // Rules come with a reload, so that the preparation needs none.
    edit_config(*this, "apps:\n", access + "apps:\n");
    const auto reloaded = request("POST", "/v1/reload");
    REQUIRE_MESSAGE(reloaded.status == 200, reloaded.body);
  }
  int status_for(const std::vector<std::string>& who,
                 const std::string& method,
                 const std::string& target,
                 const std::string& body = "") {
    return call(*this, {.method = method, .target = target, .body = body, .as = who}).status;
  }
  boost::json::value seen_by(const std::string& user, const std::string& target) {
    return call(*this, {.target = target, .as = as_user(user)}).json();
  }

  std::map<std::string, std::string> finding;  // by environment
};

std::vector<std::string> names(const boost::json::value& list, const std::string& member) {
  std::vector<std::string> all;
  for (const auto& each : list.as_array()) {
    all.emplace_back(each.at(member).as_string());
  }
  return all;
}

struct Command {
  std::string name;
  std::string method;
  std::string target;
  std::string body;
  int least = 0;  // of the users below
};

// Everything that needs a role, from the least harmful on.
std::vector<Command> commands(const Shop& shop) {
  const std::string staging = "/v1/apps/shop/environments/staging";
  const std::string finding = "/v1/findings/" + shop.finding.at("staging");
  const std::string copy = R"({"file":")" + (shop.folder() / "copy.db").string() + R"("})";
  constexpr int viewer = 1;
  constexpr int operator_ = 2;
  constexpr int admin = 3;
  return {
      {"status", "GET", "/v1/status", "", viewer},
      {"findings", "GET", "/v1/findings", "", viewer},
      {"findings --all", "GET", "/v1/findings?all=1", "", viewer},
      {"matrix", "GET", "/v1/apps/shop/matrix", "", viewer},
      {"show", "GET", "/v1/apps/shop/migrations/V1__users", "", viewer},
      {"environment", "GET", staging, "", viewer},
      {"ledger", "GET", staging + "/ledger", "", viewer},
      {"diff", "GET", staging + "/migrations/V1__users/diff", "", viewer},
      {"audit", "GET", "/v1/audit", "", viewer},
      {"audit verify", "GET", "/v1/audit/verify", "", viewer},
      {"events", "GET", "/v1/events", "", viewer},
      {"poll", "POST", staging + "/poll", "", operator_},
      {"mark",
       "POST",
       staging + "/mark",
       R"({"migrations":["V1__users"],"reason":"x"})",
       operator_},
      {"unmark", "POST", staging + "/unmark", R"({"migrations":["V2"],"reason":"x"})", operator_},
      {"ack", "POST", finding + "/ack", R"({"reason":"x"})", operator_},
      {"unack", "POST", finding + "/unack", "", operator_},
      {"mode", "POST", staging + "/mode", R"({"mode":"managed","reason":"x"})", admin},
      {"adopt", "POST", staging + "/adopt", "{}", admin},
      {"rebaseline", "POST", staging + "/rebaseline", R"({"as":"keep","reason":"x"})", admin},
      {"backup", "POST", "/v1/backup", copy, admin},
      {"reload", "POST", "/v1/reload", "", admin},
  };
}

}  // namespace

TEST_CASE("each role may what it may, and nothing more") {
  if (!can_be_others()) {
    return;
  }
  Shop shop(
      "access:\n  - {user: daemon, role: viewer}\n  - {user: games, role: operator}\n  - {user: "
      "bin, role: admin}\n");
  const std::vector<std::string> users{
      "sys", "daemon", "games", "bin"};  // none, viewer, operator, admin
  for (int user = 0; user < 4; ++user) {
    for (const auto& command : commands(shop)) {
      const auto& name = users[static_cast<std::size_t>(user)];
      const auto reply = call(shop,
                              {.method = command.method,
                               .target = command.target,
                               .body = command.body,
                               .as = as_user(name)});
      CAPTURE(name);
      CAPTURE(command.name);
      CAPTURE(reply.body);
      CHECK((reply.status == 403) == (user < command.least));
      CHECK((reply.status == 200 || reply.status == 403 || reply.status == 409 ||
             reply.status == 404));
    }
  }
  // Root is nobody in particular where it is not listed.
  CHECK(shop.status_for({}, "GET", "/v1/status") == 403);
  CHECK(shop.status_for(as_user("sys"), "GET", "/-/healthy") == 200);
}

TEST_CASE("where nobody is listed, root may everything and others nothing") {
  if (!can_be_others()) {
    return;
  }
  Shop shop("");
  for (const auto& command : commands(shop)) {
    CAPTURE(command.name);
    CHECK(shop.status_for(as_user("daemon"), command.method, command.target, command.body) == 403);
    CHECK(shop.status_for({}, command.method, command.target, command.body) != 403);
  }
}

TEST_CASE("the uid that stands for strangers has no role, whatever the rules say") {
  if (!can_be_others()) {
    return;
  }
  Shop shop(
      "access:\n  - {user: root, role: admin}\n  - {user: nobody, role: admin}\n  - {user: "
      "\"65534\", role: admin}\n"
      "  - {group: nogroup, role: admin}\n  - {group: games, role: admin}\n");
  for (const auto& command : commands(shop)) {
    CAPTURE(command.name);
    CHECK(shop.status_for(
              as_user("nobody", "games"), command.method, command.target, command.body) == 403);
  }
}

TEST_CASE("a group counts as primary and as supplementary") {
  if (!can_be_others()) {
    return;
  }
  Shop shop("access:\n  - {user: root, role: admin}\n  - {group: games, role: viewer}\n");
  CHECK(shop.status_for(as_user("daemon"), "GET", "/v1/audit") == 403);
  CHECK(shop.status_for(as_user("daemon", "games"), "GET", "/v1/audit") == 200);
  CHECK(shop.status_for(with_groups("daemon", "games"), "GET", "/v1/audit") == 200);
  CHECK(shop.status_for(with_groups("daemon", "bin,sys"), "GET", "/v1/audit") == 403);
}

TEST_CASE("who may operate one environment may not touch the others") {
  if (!can_be_others()) {
    return;
  }
  Shop shop(
      "access:\n  - {user: root, role: admin}\n  - {user: games, role: operator, environments: "
      "[shop/staging]}\n");
  const auto games = as_user("games");
  const std::string mark = R"({"migrations":["V1__users"],"reason":"x"})";
  CHECK(shop.status_for(games, "POST", "/v1/apps/shop/environments/staging/mark", mark) == 200);
  CHECK(shop.status_for(games, "POST", "/v1/apps/shop/environments/prod/mark", mark) == 403);
  CHECK(shop.status_for(games, "POST", "/v1/apps/shop/environments/nope/mark", mark) == 403);
  CHECK(shop.status_for(games,
                        "POST",
                        "/v1/findings/" + shop.finding.at("staging") + "/ack",
                        R"({"reason":"x"})") == 200);
  CHECK(shop.status_for(games,
                        "POST",
                        "/v1/findings/" + shop.finding.at("prod") + "/ack",
                        R"({"reason":"x"})") == 403);
  CHECK(shop.status_for(games, "POST", "/v1/findings/" + shop.finding.at("prod") + "/unack") ==
        403);
  CHECK(shop.status_for(games, "POST", "/v1/reload") == 403);
}

TEST_CASE("who may see one environment is shown that one alone") {
  if (!can_be_others()) {
    return;
  }
  Shop shop(
      "access:\n  - {user: root, role: admin}\n  - {user: games, role: operator, environments: "
      "[shop/staging]}\n");
  const auto games = as_user("games");
  for (const std::string rest : {"", "/ledger", "/migrations/V1__users/diff"}) {
    CHECK(shop.status_for(games, "GET", "/v1/apps/shop/environments/staging" + rest) == 200);
    CHECK(shop.status_for(games, "GET", "/v1/apps/shop/environments/prod" + rest) == 403);
  }
  CHECK(shop.status_for(games, "GET", "/v1/audit") == 403);
  CHECK(shop.status_for(games, "GET", "/v1/audit/verify") == 403);

  // What covers several leaves the others out.
  const std::vector<std::string> staging{"staging"};
  CHECK(names(shop.seen_by("games", "/v1/status").at("environments"), "name") == staging);
  CHECK(names(shop.seen_by("games", "/v1/findings").at("findings"), "environment") == staging);
  CHECK(names(shop.seen_by("games", "/v1/findings?all=1").at("findings"), "environment") ==
        staging);
  const auto matrix = shop.seen_by("games", "/v1/apps/shop/matrix");
  CHECK(names(matrix.at("environments"), "name") == staging);
  CHECK(matrix.at("migrations").at(0).at("cells").as_object().size() == 1);
  const auto migration = shop.seen_by("games", "/v1/apps/shop/migrations/V1__users");
  CHECK(names(migration.at("environments"), "name") == staging);
  const auto events = call(shop, {.target = "/v1/events", .as = games}).body;
  CHECK(events.find(R"("environment":"staging")") != std::string::npos);
  CHECK(events.find("prod") == std::string::npos);

  // Nor is a migration shown that only another one knows.
  CHECK(names(shop.seen_by("root", "/v1/apps/shop/matrix").at("migrations"), "id").size() == 2);
  CHECK(names(shop.seen_by("games", "/v1/apps/shop/matrix").at("migrations"), "id") ==
        std::vector<std::string>{"V1__users"});
  CHECK(shop.status_for(games, "GET", "/v1/apps/shop/migrations/V2__secret") == 404);
  const auto ambiguous = call(shop, {.target = "/v1/apps/shop/migrations/V", .as = games});
  CHECK(ambiguous.body.find("secret") == std::string::npos);

  // A name that does not exist is not there, and not forbidden.
  CHECK(shop.seen_by("root", "/v1/status?environment=nope").at("environments").as_array().empty());
  CHECK(shop.seen_by("games", "/v1/status?environment=nope").at("environments").as_array().empty());
}
