#include <doctest/doctest.h>

#include <boost/json/parse.hpp>

#include "daemon/client/daemon.h"
#include "daemon/client/names.h"
#include "daemon/client/suggest.h"

using namespace tidemark;
using namespace tidemark::client;

namespace {

const json::object status = json::parse(R"({"environments":[
  {"app":"shop","name":"dev"},{"app":"shop","name":"staging"},{"app":"billing","name":"dev"}]})")
                                .as_object();

const json::object matrix = json::parse(R"({"app":"shop","migrations":[
  {"id":"V1__users","key":"1","version":"1"},
  {"id":"V2__orders","key":"2","version":"2"},
  {"id":"V20__tax","key":"20","version":"20"},
  {"id":"20260101_add_phone","key":"20260101","version":null}]})")
                                .as_object();

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("an environment is APP/ENV, or ENV where one app only has it") {
  CHECK(environment_named("shop/staging", status).value() == EnvironmentRef{"shop", "staging"});
  CHECK(environment_named("staging", status).value() == EnvironmentRef{"shop", "staging"});
  const auto ambiguous = environment_named("dev", status);
  REQUIRE_FALSE(ambiguous);
  CHECK(ambiguous.error().exit == Exit::usage);
  CHECK(contains(ambiguous.error().message, "'dev' is ambiguous: shop/dev or billing/dev?"));
  const auto unknown = environment_named("prod", status);
  REQUIRE_FALSE(unknown);
  CHECK(unknown.error().exit == Exit::usage);
  CHECK(contains(unknown.error().message, "shop/staging"));
  CHECK_FALSE(environment_named("shop/", status));
  CHECK_FALSE(environment_named("/dev", status));
}

TEST_CASE("a scope is nothing, an app, or an environment that exists") {
  CHECK(scope_named("", status)->app.empty());
  CHECK(scope_named("shop", status)->app == "shop");
  CHECK(scope_named("shop", status)->environment.empty());
  CHECK(scope_named("staging", status)->environment == "staging");
  CHECK_FALSE(scope_named("shop/prod", status));
}

TEST_CASE("a migration is its id, its key or version, or an unambiguous beginning of its id") {
  CHECK(migration_named("V2__orders", matrix).value() == "V2__orders");
  CHECK(migration_named("2", matrix).value() == "V2__orders");
  CHECK(migration_named("20", matrix).value() == "V20__tax");
  CHECK(migration_named("2026", matrix).value() == "20260101_add_phone");
  CHECK(migration_named("V1", matrix).value() == "V1__users");
  const auto ambiguous = migration_named("V2", matrix);
  REQUIRE_FALSE(ambiguous);
  CHECK(ambiguous.error().exit == Exit::usage);
  CHECK(contains(ambiguous.error().message, "\n  V2__orders\n  V20__tax"));
  const auto unknown = migration_named("V9\x1b", matrix);
  REQUIRE_FALSE(unknown);
  CHECK(contains(unknown.error().message, "'V9\\x1b'"));
  CHECK_FALSE(migration_named("", matrix));
}

TEST_CASE("what goes into a path is percent-encoded") {
  CHECK(percent_encoded("db/a.xml::1::ana b") == "db%2Fa.xml%3A%3A1%3A%3Aana%20b");
  CHECK(Target{{"apps", "a/b", "matrix"}, {{"since", "2026+"}, {"app", ""}, {"all", "1"}}}.text() ==
        "/v1/apps/a%2Fb/matrix?since=2026%2B&all=1");
}

TEST_CASE("a typo finds what was meant, and nonsense finds nothing") {
  const std::vector<std::string> known{"status", "matrix", "show", "findings", "mark", "mode"};
  CHECK(suggestion("stauts", known).value_or("") == "status");
  CHECK(suggestion("find", known).value_or("") == "findings");
  CHECK(suggestion("makr", known).value_or("") == "mark");
  CHECK_FALSE(suggestion("frobnicate", known));
  CHECK_FALSE(suggestion("", known));
}
