#include "daemon/service_report.h"

#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>

using namespace tidemark;

namespace {

const TimePoint now{std::chrono::hours(1000)};

WatchedEnvironment& add(WatchedApp& app, Mode mode) {
  auto environment = std::make_unique<WatchedEnvironment>();
  environment->mode = mode;
  app.environments.push_back(std::move(environment));
  return *app.environments.back();
}

WatchedEnvironment& looked_at(WatchedEnvironment& environment, unsigned failures = 0) {
  environment.last_poll = LastPoll{now, failures == 0 ? "ok" : "retry", ""};
  environment.failures = failures;
  return environment;
}

}  // namespace

TEST_CASE("the status of a service that has nothing to tell is how much it watches") {
  WatchedApp shop;
  WatchedApp billing;
  CHECK(status_line({}, {}, now) == "watching 0 environments of 0 apps");
  looked_at(add(shop, Mode::managed));
  CHECK(status_line({&shop}, {}, now) == "watching 1 environment of 1 app");
  looked_at(add(billing, Mode::reconcile_only));
  CHECK(status_line({&shop, &billing}, {}, now) == "watching 2 environments of 2 apps");
}

TEST_CASE("what cannot be reached and what was not looked at yet are told apart") {
  WatchedApp shop;
  looked_at(add(shop, Mode::managed));
  looked_at(add(shop, Mode::reconcile_only), 3);
  add(shop, Mode::reconcile_only);
  CHECK(status_line({&shop}, {}, now) ==
        "watching 3 environments of 1 app, 1 not looked at yet, 1 unreachable");
}

TEST_CASE("an environment that is never connected to is not missed") {
  WatchedApp shop;
  add(shop, Mode::export_only);
  CHECK(status_line({&shop}, {}, now) == "watching 1 environment of 1 app");
}

TEST_CASE("findings count until somebody acknowledges them, and again when that expires") {
  WatchedApp shop;
  auto& dev = looked_at(add(shop, Mode::managed));
  StoredFinding open;
  dev.findings = {open, open};
  CHECK(status_line({&shop}, {}, now) == "watching 1 environment of 1 app, 2 findings");
  dev.findings.back().acknowledged = Acknowledgement{};
  dev.findings.back().acknowledged->until = now + std::chrono::hours(1);
  CHECK(status_line({&shop}, {}, now) == "watching 1 environment of 1 app, 1 finding");
  CHECK(status_line({&shop}, {}, now + std::chrono::hours(2)) ==
        "watching 1 environment of 1 app, 2 findings");
}

TEST_CASE("what needs a person follows in its own words") {
  CHECK(status_line({}, {"no change is taken: why", "the last reload changed nothing: why"}, now) ==
        "watching 0 environments of 0 apps; no change is taken: why; the last reload changed "
        "nothing: why");
}
