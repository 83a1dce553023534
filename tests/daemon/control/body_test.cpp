#include "daemon/control/body.h"

#include <doctest/doctest.h>

using namespace tidemark;

namespace {

std::string problems_of(const Body& body) {
  const auto done = body.done();
  return done ? "" : done.error().detail;
}

Body body_of(std::string_view text) {
  auto body = Body::parse(text);
  REQUIRE(body);
  return *body;
}

}  // namespace

TEST_CASE("a body gives what it holds") {
  auto body = body_of(
      R"({"reason":"why","by":"ana","migrations":["a","b"],"at":"2026-04-18T14:22:00.123Z"})");
  CHECK(body.text("reason") == "why");
  CHECK(body.optional_text("by") == "ana");
  CHECK(body.texts("migrations") == std::vector<std::string>{"a", "b"});
  const auto at = body.time("at");
  REQUIRE(at);
  CHECK(format_time(*at) == "2026-04-18T14:22:00.123Z");
  CHECK(problems_of(body) == "");
}

TEST_CASE("no body, and null, are the same as nothing said") {
  for (const auto* text : {"", "{}", R"({"by":null,"at":null,"migrations":null})"}) {
    auto body = body_of(text);
    CHECK_FALSE(body.optional_text("by"));
    CHECK_FALSE(body.time("at"));
    CHECK_FALSE(body.texts("migrations"));
    CHECK(problems_of(body) == "");
  }
}

TEST_CASE("everything that is wrong with a body is told at once") {
  auto body = body_of(R"({"as":1,"by":[],"migrations":[1],"at":"soon","other":1,"\u001b":2})");
  body.text("as");
  body.text("a");
  body.optional_text("by");
  body.texts("migrations");
  body.time("at");
  CHECK(problems_of(body) ==
        "as: expected a text; a: expected a text, and it must not be empty; by: expected a text; "
        "migrations: expected a list of texts with at least one; at: expected a time like "
        "2026-04-18T14:22:00Z; "
        "'other' is not known here; '\\x1b' is not known here");
}

TEST_CASE("a text of blanks and an empty list are nothing") {
  auto body = body_of(R"({"reason":" \t\n","migrations":[]})");
  CHECK(body.text("reason") == "");
  CHECK_FALSE(body.texts("migrations"));
  CHECK(problems_of(body) ==
        "reason: expected a text, and it must not be empty; migrations: expected a list of texts "
        "with at least one");
}

TEST_CASE("what is no JSON object is refused") {
  for (const auto* text : {"{", "[]", "1", "null", "{} {}", "{\"a\":\"\xff\"}"}) {
    const auto body = Body::parse(text);
    REQUIRE_FALSE(body);
    CHECK(body.error().code == Errc::invalid);
  }
}
