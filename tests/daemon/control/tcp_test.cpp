#include <chrono>
#include <future>

#include <doctest/doctest.h>
#include <boost/json/array.hpp>

#include "tests/daemon/control/calls.h"
#include "tests/daemon/support/rig.h"

using namespace tidemark::test;

namespace {

// V1 is marked in staging and was edited since.
struct Shop : Rig {
  Shop() {
    file("V1__users.sql", "SELECT 1;\n");
    configure("      - name: staging\n");
    start();
    mark();
    file("V1__users.sql", "SELECT 'changed';\n");
    REQUIRE(eventually([this] { return cell("staging", "V1__users") == "drifted edited"; }));
  }
  void mark() { change("mark"); }
  void change(const std::string& verb) {
    const auto changed = request("POST",
                                 "/v1/apps/shop/environments/staging/" + verb,
                                 R"({"migrations":["V1__users"],"reason":"by hand"})");
    REQUIRE_MESSAGE(changed.status == 200, changed.body);
  }
  Reply over_tcp(const std::string& target, const std::vector<std::string>& headers = {}) {
    return call(*this, {.target = target, .headers = headers, .tcp = true});
  }
};

const std::string diff = "/v1/apps/shop/environments/staging/migrations/V1__users/diff";
const std::string show = "/v1/apps/shop/migrations/V1__users";

std::vector<std::string> ids_of(const std::string& stream) {
  std::vector<std::string> ids;
  for (auto at = stream.find("id: evt_"); at != std::string::npos;
       at = stream.find("id: evt_", at + 1)) {
    ids.push_back(stream.substr(at + 4, stream.find('\n', at) - at - 4));
  }
  return ids;
}

}  // namespace

TEST_CASE("nothing can be changed over TCP") {
  Shop shop;
  for (const std::string method : {"POST", "PUT", "DELETE", "PATCH"}) {
    const auto reply =
        call(shop, {.method = method, .target = "/v1/reload", .body = "{}", .tcp = true});
    CHECK(reply.status == 405);
    CHECK(reply.allow == "GET, HEAD");
  }
  CHECK(call(shop, {.method = "HEAD", .target = "/v1/status", .tcp = true}).status == 200);
}

TEST_CASE("over TCP the API answers to names of ours alone, and metrics and probes to any") {
  Shop shop;
  const std::vector<std::string> evil{"Host: evil.example"};
  for (const std::string target :
       {"/", "/v1/status", "/v1/openapi.json", "/v1/events", show.c_str()}) {
    CHECK(shop.over_tcp(target, evil).status == 421);
    CHECK(shop.over_tcp(target).status == 200);
  }
  for (const std::string target : {"/metrics", "/-/healthy", "/-/ready"}) {
    CHECK(shop.over_tcp(target, evil).status == 200);
  }
}

TEST_CASE("what files contain and who did what is shown over TCP only when the config says so") {
  Shop shop;
  CHECK(call(shop, {.target = diff}).json().at("diff").as_string().find("changed") !=
        std::string::npos);
  CHECK(call(shop, {.target = show}).json().at("sql").as_string() == "SELECT 'changed';\n");
  for (const auto& target : {diff, std::string("/v1/audit")}) {
    const auto reply = shop.over_tcp(target);
    CHECK(reply.status == 403);
    CHECK(reply.detail() == "not shown over TCP while the config says `http: {expose: summary}`");
  }
  CHECK_FALSE(shop.over_tcp(show).json().as_object().contains("sql"));

  edit_config(shop, "http: {", "http: {expose: content, ");
  REQUIRE(shop.request("POST", "/v1/reload").status == 200);
  CHECK(shop.over_tcp(diff).json().at("diff").as_string().find("changed") != std::string::npos);
  CHECK(shop.over_tcp(show).json().at("sql").as_string() == "SELECT 'changed';\n");
  CHECK_FALSE(shop.over_tcp("/v1/audit").json().at("entries").as_array().empty());
}

TEST_CASE("a reader of events goes on where it stopped") {
  Shop shop;
  const auto all = ids_of(shop.over_tcp("/v1/events").body);
  REQUIRE(all.size() >= 2);
  const std::vector<std::string> rest(all.begin() + 1, all.end());
  const auto last_event_id = "Last-Event-ID: " + all.front();
  CHECK(ids_of(shop.over_tcp("/v1/events?after=" + all.front()).body) == rest);
  CHECK(ids_of(shop.over_tcp("/v1/events", {last_event_id}).body) == rest);
  CHECK(ids_of(shop.over_tcp("/v1/events?after=" + all.back(), {last_event_id}).body) == rest);
  CHECK(ids_of(shop.over_tcp("/v1/events?after=evt_unknown").body) == all);
  CHECK(shop.over_tcp("/v1/events?type=finding.*").body.find("event: mark.") == std::string::npos);
  CHECK(shop.over_tcp("/v1/events?type=mark.recorded").body.find("event: finding.") ==
        std::string::npos);
}

TEST_CASE("a follower is told what comes, without what was") {
  Shop shop;
  const auto before = ids_of(shop.over_tcp("/v1/events").body);
  const std::string follow = "curl -sN -m 20 --unix-socket " + shop.socket().string() +
                             " 'http://localhost/v1/events?follow=1&type=mark.*' | sed '/^data/q'";
  auto followed = std::async(std::launch::async, [follow] {
    return run({"sh", "-c", follow}).out;
  });
  // It is not known when it has begun to listen: something happens until it has heard of it.
  for (bool marked = true;
       followed.wait_for(std::chrono::milliseconds(50)) != std::future_status::ready;
       marked = !marked) {
    shop.change(marked ? "unmark" : "mark");
  }
  const auto heard = followed.get();
  REQUIRE(ids_of(heard).size() == 1);
  CHECK(std::find(before.begin(), before.end(), ids_of(heard).front()) == before.end());
  CHECK(heard.find("event: mark.") != std::string::npos);
}
