#include <doctest/doctest.h>
#include <boost/json/array.hpp>

#include "tests/daemon/control/calls.h"
#include "tests/daemon/support/rig.h"

using namespace tidemark::test;

namespace {

const std::string mark_staging = "/v1/apps/shop/environments/staging/mark";

struct Shop : Rig {
  explicit Shop(const std::string& access = "") {
    file("V1__users.sql", "SELECT 1;\n");
    file("V2__users.sql", "SELECT 2;\n");
    configure("      - name: staging\n      - name: prod\n", access);
    open_socket(*this);
    start();
  }
  std::vector<boost::json::value> audited(const std::string& what) {
    std::vector<boost::json::value> found;
    const auto audit = request("GET", "/v1/audit").json();
    for (const auto& entry : audit.at("entries").as_array()) {
      if (entry.at("what").as_string() == std::string_view(what)) {
        found.push_back(entry);
      }
    }
    return found;
  }
  std::string refused(const std::string& target, const std::string& body) {
    const auto reply = call(*this, {.method = "POST", .target = target, .body = body});
    CHECK_MESSAGE(reply.status == 400, body << ": " << reply.body);
    CHECK(reply.type == "application/problem+json");
    return reply.detail();
  }
};

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a refusal is audited with who was refused what, and repeated ones are counted") {
  if (!can_be_others()) {
    return;
  }
  Shop shop;
  const auto daemon = as_user("daemon");
  const auto last = call(shop, {.method = "POST", .target = mark_staging, .as = daemon});
  CHECK(last.status == 403);
  CHECK(last.detail() ==
        "mark on shop/staging needs the role operator; daemon (uid 1) has none there (see "
        "`access:` in the config)");
  const auto rest =
      call(shop, {.method = "POST", .target = mark_staging + "?n=[2-50]", .as = daemon});
  CHECK(rest.status == 403);
  auto refusals = shop.audited("refused.mark");
  REQUIRE(refusals.size() == 1);
  CHECK(refusals[0].at("actor").as_string() == "daemon (uid 1)");
  CHECK(refusals[0].at("app").as_string() == "shop");
  CHECK(refusals[0].at("environment").as_string() == "staging");

  SUBCASE("the count is written when the daemon stops") {
    CHECK(shop.stop() == 0);
    shop.start();
    refusals = shop.audited("refused.mark");
    REQUIRE(refusals.size() == 2);
    CHECK(refusals[1].at("actor").as_string() == "daemon (uid 1)");
    CHECK(refusals[1].at("details").at("count").as_string() == "49");
    CHECK(shop.request("GET", "/v1/audit/verify").json().at("ok").as_bool());
  }
  SUBCASE("another one, another environment and another command are each written") {
    CHECK(call(shop, {.method = "POST", .target = mark_staging, .as = as_user("games")}).status ==
          403);
    CHECK(call(shop,
               {.method = "POST", .target = "/v1/apps/shop/environments/prod/mark", .as = daemon})
              .status == 403);
    CHECK(call(shop, {.target = "/v1/audit", .as = daemon}).status == 403);
    CHECK(shop.audited("refused.mark").size() == 3);
    CHECK(shop.audited("refused.audit").size() == 1);
  }
  SUBCASE("names that were made up fill no log") {
    for (const std::string name : {"a", "b", "c"}) {
      CHECK(call(shop,
                 {.method = "POST",
                  .target = "/v1/apps/x/environments/" + name + "/mark",
                  .as = daemon})
                .status == 403);
    }
    refusals = shop.audited("refused.mark");
    REQUIRE(refusals.size() == 2);
    CHECK(refusals[1].at("app").is_null());
    CHECK(refusals[1].at("environment").is_null());
  }
}

TEST_CASE("the client says what was refused and exits with 4") {
  if (!can_be_others()) {
    return;
  }
  Shop shop(
      "access:\n  - {user: daemon, role: admin}\n  - {user: root, role: viewer, environments: "
      "[shop/staging]}\n");
  const auto marked = shop.tidemark({"mark", "shop/staging", "V1__users", "--reason", "x"});
  CHECK(marked.status == 4);
  CHECK(has(marked.err,
            "mark on shop/staging needs the role operator; root (uid 0) has viewer there"));
  CHECK(shop.tidemark({"matrix", "shop"}).status == 0);
  CHECK(shop.tidemark({"ledger", "shop/staging"}).status == 0);
  CHECK(shop.tidemark({"ledger", "shop/prod"}).status == 4);
  CHECK(shop.tidemark({"backup", "/nowhere/at/all.db"}).status == 4);
  CHECK(shop.tidemark({"audit"}).status == 4);
  CHECK(shop.tidemark({"reload"}).status == 0);  // root can send SIGHUP, whatever the rules say
}

TEST_CASE("a body that is not as it should be is refused by name, and nothing is done") {
  Shop shop;
  CHECK(has(
      shop.refused(mark_staging, R"({"migrations":["V1__users"],"reason":"x","why":1,"who":2})"),
      "'why' is not known here; 'who' is not known here"));
  CHECK(has(shop.refused(mark_staging, R"({"migrations":["V1__users"]})"), "reason: expected"));
  CHECK(has(shop.refused(mark_staging, R"({"migrations":["V1__users"],"reason":" \n"})"),
            "reason: expected"));
  CHECK(has(shop.refused(mark_staging, R"({"migrations":"V1__users","reason":"x"})"),
            "migrations: expected a list"));
  CHECK(has(shop.refused(mark_staging, R"({"migrations":["V1__users"],"reason":"x","at":"soon"})"),
            "at: expected a time"));
  CHECK(has(shop.refused(mark_staging, R"({"migrations":["V1__users"],)"), "not JSON"));
  CHECK(has(shop.refused(mark_staging, R"(["V1__users"])"), "must be a JSON object"));
  CHECK(has(shop.refused("/v1/apps/shop/environments/staging/poll", R"({"now":1})"),
            "'now' is not known here"));
  CHECK(has(shop.refused("/v1/reload", R"({"file":"/etc/other"})"), "'file' is not known here"));
  CHECK(shop.cell("staging", "V1__users") == "pending");
  CHECK(shop.audited("config.reloaded").empty());

  const auto large = shop.folder() / "large";
  write_file(large, std::string(3UL * 1024 * 1024, 'x'));
  CHECK(
      call(shop, {.method = "POST", .target = mark_staging, .body = "@" + large.string()}).status ==
      413);
  CHECK(call(shop, {.target = "/v1/status"}).status == 200);
}

TEST_CASE("control characters of a request never come back raw") {
  if (!can_be_others()) {
    return;
  }
  Shop shop;
  // Escape, CSI, delete and a right-to-left override.
  const std::string odd = "%1b%5b31m%c2%9b%7f%e2%80%ae";
  const auto none_raw = [](const std::string& body) {
    for (const std::string raw : {"\x1b", "\xc2\x9b", "\x7f", "\xe2\x80\xae"}) {
      CHECK_MESSAGE(!has(body, raw), body);
    }
  };
  for (const std::string& target :
       {"/v1/" + odd,
        "/v1/apps/" + odd + "/matrix",
        "/v1/apps/shop/migrations/" + odd,
        "/v1/apps/shop/environments/" + odd,
        "/v1/apps/shop/environments/staging/migrations/" + odd + "/diff",
        "/v1/audit?since=" + odd}) {
    for (const bool tcp : {false, true}) {
      const auto reply = call(shop, {.target = target, .tcp = tcp});
      CHECK(reply.status >= 400);
      none_raw(reply.body);
    }
  }
  const std::string escaped = R"(\u001b[31m\u009b\u007f\u202e)";
  for (const std::string& body : {R"({"migrations":[")" + escaped + R"("],"reason":"x"})",
                                  R"({"baseline":")" + escaped + R"(","reason":"x"})",
                                  R"({")" + escaped + R"(":1})"}) {
    const auto reply = call(shop, {.method = "POST", .target = mark_staging, .body = body});
    CHECK(reply.status >= 400);
    none_raw(reply.body);
  }
  const auto made_up = "/v1/apps/shop/environments/" + odd + "/poll";
  for (const auto& who : {std::vector<std::string>{}, as_user("daemon")}) {
    const auto reply = call(shop, {.method = "POST", .target = made_up, .as = who});
    CHECK(reply.status >= 400);
    none_raw(reply.body);
  }
  none_raw(
      call(
          shop,
          {.method = "POST", .target = "/v1/findings/" + odd + "/ack", .body = R"({"reason":"x"})"})
          .body);
}
