#include "core/apply/half_done.h"

#include <doctest/doctest.h>

using namespace tidemark;

namespace {

const TimePoint noon = *parse_time("2026-04-18T12:00:00Z");

Attempt attempt(Attempt::Outcome outcome) {
  Attempt attempt;
  attempt.key = {"1"};
  attempt.started_at = noon;
  attempt.outcome = outcome;
  attempt.journal = Journal{.done = 2};
  return attempt;
}

Record record(const std::string& key, std::chrono::seconds after) {
  Record record;
  record.key = {key};
  record.recorded_at = noon + after;
  return record;
}

using Action = Attempt::Action;
using Outcome = Attempt::Outcome;

}  // namespace

TEST_CASE("what ran outside a transaction and came to no end is gone on with") {
  for (const auto outcome : {Outcome::not_applied, Outcome::cancelled, Outcome::unknown}) {
    const std::vector attempts{attempt(outcome)};
    CHECK(half_done(attempts, {}, {"1"}, Action::apply) == attempts.data());
    CHECK(half_done(attempts, {}, {"2"}, Action::apply) == nullptr);
    CHECK(half_done(attempts, {}, {"1"}, Action::rollback) == nullptr);
  }
  const std::vector whole{attempt(Outcome::applied)};
  CHECK(half_done(whole, {}, {"1"}, Action::apply) == nullptr);
}

TEST_CASE("what is said of a migration after it was half done counts") {
  using namespace std::chrono_literals;
  const std::vector attempts{attempt(Outcome::not_applied)};
  const auto with = [&](const Record& record) {
    return half_done(attempts, std::vector{record}, {"1"}, Action::apply);
  };
  CHECK(with(record("1", -1s)) != nullptr);
  CHECK(with(record("2", 1s)) != nullptr);
  CHECK(with(record("1", 1s)) == nullptr);
}
