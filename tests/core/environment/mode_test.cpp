#include "core/environment/mode.h"

#include <string>
#include <vector>

#include <doctest/doctest.h>

using namespace tidemark;

namespace {

void all_are(Mode expected, const std::vector<std::string>& names) {
  for (const auto& name : names) {
    CAPTURE(name);
    CHECK(default_mode(name) == expected);
  }
}

}  // namespace

TEST_CASE("names that say development are managed") {
  all_are(Mode::managed,
          {"dev",        "DEV",          "Dev",        "development", "local",         "test",
           "sandbox",    "preview",      "ci",         "CI",          "dev2",          "2dev",
           "dev-eu",     "eu-dev-2",     "my_test_db", "preview-42",  "pr.42.preview", "ci/linux",
           "ci 4",       "feature-test", "local_ana",  "ana.dev",     "e2e-test",      "sandbox-us",
           "team1-dev1", "us-east-1-ci", "__test__",   "DB-Sandbox"});
}

TEST_CASE("names that say production are export_only, whatever else they say") {
  all_are(Mode::export_only,
          {"prod",      "PROD",          "production",    "prd",          "live",
           "staging",   "stage",         "stg",           "preprod",      "uat",
           "eu-prod-2", "prod-dev",      "dev-prod",      "live-test",    "test.live",
           "staging2",  "staging-ci",    "ci_stage",      "uat-sandbox",  "stg-preview",
           "dev/prd",   "local-preprod", "pre-prod-test", "non-prod-dev", "test-production"});
}

TEST_CASE("every other name is export_only") {
  all_are(Mode::export_only,
          {"",        "e2e",      "products", "main",    "eu",        "customer-7", "developers",
           "devprod", "testing",  "tests",    "latest",  "contest",   "civic",      "cicd",
           "locale",  "previews", "devel",    "deliver", "prodtest",  "testprod",   "42",
           "-",       "replica",  "qa",       "demo",    "attest-db", "sandboxes",  "backup"});
}

TEST_CASE("letters beyond ASCII are part of a word") {
  all_are(Mode::export_only,
          {"ciência",
           "dév",
           "testé",
           "localité",
           "ci\xC3",
           "тест",
           "\xFF"
           "dev"});
  all_are(Mode::managed, {"données-test", "dev-größe"});
}

TEST_CASE("a mode is read as it is written, and nothing else is") {
  for (const auto mode : {Mode::managed, Mode::export_only, Mode::reconcile_only}) {
    CHECK(parse_mode(to_string(mode)) == mode);
  }
  CHECK(to_string(Mode::export_only) == "export_only");
  CHECK(!parse_mode(""));
  CHECK(!parse_mode("Managed"));
  CHECK(!parse_mode("export-only"));
}

TEST_CASE("only an export_only environment is never connected to") {
  CHECK(may_connect(Mode::managed));
  CHECK(may_connect(Mode::reconcile_only));
  CHECK_FALSE(may_connect(Mode::export_only));
}
