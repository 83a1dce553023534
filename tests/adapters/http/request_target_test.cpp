#include "adapters/http/request_target.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace tidemark;
using Segments = std::vector<std::string>;
using Query = std::map<std::string, std::string>;

TEST_CASE("a path is cut at its slashes before it is decoded, so that an id may contain one") {
  const auto target =
      parse_request_target("/v1/apps/shop/migrations/db%2Fchangelog.xml%3A%3A1%3A%3Aana");
  REQUIRE(target);
  CHECK(target->path == "/v1/apps/shop/migrations/db%2Fchangelog.xml%3A%3A1%3A%3Aana");
  CHECK(target->segments ==
        Segments{"v1", "apps", "shop", "migrations", "db/changelog.xml::1::ana"});
}

TEST_CASE("the root has no segments, and an empty one between or after slashes stays") {
  CHECK(parse_request_target("/")->segments.empty());
  CHECK(parse_request_target("/?a")->segments.empty());
  CHECK(parse_request_target("/a//b/")->segments == Segments{"a", "", "b", ""});
}

TEST_CASE("dots are names, not ways up") {
  CHECK(parse_request_target("/-/../v1/%2e%2e")->segments == Segments{"-", "..", "v1", ".."});
}

TEST_CASE("a query is decoded as forms write it") {
  CHECK(parse_request_target("/a?all=1&app=a%26b+c&flag&")->query ==
        Query{{"all", "1"}, {"app", "a&b c"}, {"flag", ""}});
  CHECK(parse_request_target("/a%2bb+c?x=%2B")->segments == Segments{"a+b+c"});
  CHECK(parse_request_target("/a?x=1=2?3")->query == Query{{"x", "1=2?3"}});
}

TEST_CASE("what cannot be decoded, or means two things, is refused") {
  for (const std::string wrong :
       {"/%",          "/%4",    "/a%4",    "/%zz",       "/%g0",   "/% 1",   "/%00",
        "/a%00b",      "/%ff",   "/%c0%af", "/%ed%a0%80", "/a?x=%", "/a?%00", "/a?x=%fe",
        "/a?x=1&x=2",  "/a?x&x", "/a#b",    "",           "*",      "a",      "http://localhost/a",
        "localhost:80"}) {
    INFO(wrong);
    const auto target = parse_request_target(wrong);
    REQUIRE_FALSE(target);
    CHECK(target.error().code == Errc::invalid);
  }
}

TEST_CASE("what was encoded decodes to itself") {
  std::string awkward = "a/b?c#d e%f&g=h+i\"\\\n\x01 \u00e9\u4e2d";
  const auto target =
      parse_request_target("/" + percent_encode(awkward) + "?q=" + percent_encode(awkward));
  REQUIRE(target);
  CHECK(target->segments == Segments{awkward});
  CHECK(target->query.at("q") == awkward);
}
