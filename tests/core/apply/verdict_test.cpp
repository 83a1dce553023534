#include "core/apply/verdict.h"

#include <doctest/doctest.h>

using namespace tidemark;

namespace {

using Kind = Verdict::Kind;
using Status = Testimony::Status;

const TimePoint morning = *parse_time("2026-04-18T08:00:00Z");
const TimePoint noon = *parse_time("2026-04-18T12:00:00Z");
const Identity here{"7301", 1, 16384, 0};

TransactionMark mark() {
  return {741, here, morning, 5000};
}

Testimony says(Status status) {
  return {.identity = here,
          .server_started = morning,
          .server_up_for = std::chrono::hours{4},
          .written = 6000,
          .standby = false,
          .status = status,
          .there = Testimony::Objects::untold};
}

Testimony restarted(Testimony testimony) {
  testimony.server_started = noon;
  testimony.server_up_for = std::chrono::seconds{20};
  return testimony;
}

}  // namespace

TEST_CASE("a server that has gone on since is believed") {
  CHECK(judge(mark(), says(Status::committed)).kind == Kind::applied);
  CHECK(judge(mark(), says(Status::aborted)).kind == Kind::not_applied);
  CHECK(judge(mark(), says(Status::in_future)).kind == Kind::not_applied);
  CHECK(judge(mark(), says(Status::in_progress)).kind == Kind::wait);
  CHECK(judge(mark(), says(Status::forgotten)).kind == Kind::unknown);
}

TEST_CASE("a server that cannot be asked leaves it unknown") {
  auto silent = says(Status::committed);
  silent.status.reset();
  CHECK(judge(mark(), silent).kind == Kind::unknown);
}

TEST_CASE("another database is not believed, nor one that does not say which it is") {
  for (const auto& other : {Identity{"9999", 1, 16384, 0},
                            Identity{"7301", 2, 16384, 0},
                            Identity{"7301", 1, 20000, 0},
                            Identity{"", 1, 16384, 0},
                            Identity{"7301", 0, 16384, 0},
                            Identity{"7301", 1, 0, 0}}) {
    auto testimony = says(Status::committed);
    testimony.identity = other;
    CHECK(judge(mark(), testimony).kind == Kind::unknown);
    auto untold = mark();
    untold.identity = other;
    CHECK(judge(untold, says(Status::aborted)).kind == Kind::unknown);
  }
}

TEST_CASE("a standby is not believed") {
  auto testimony = says(Status::committed);
  testimony.standby = true;
  CHECK(judge(mark(), testimony).kind == Kind::unknown);
}

TEST_CASE("after a restart the log has to reach as far as it did") {
  CHECK(judge(mark(), restarted(says(Status::committed))).kind == Kind::applied);
  CHECK(judge(mark(), restarted(says(Status::aborted))).kind == Kind::not_applied);
  for (const auto status : {Status::committed, Status::aborted, Status::in_future}) {
    auto restored = restarted(says(status));
    restored.written = 4999;
    CHECK(judge(mark(), restored).kind == Kind::unknown);
    restored.server_started = morning;  // it cannot have lost anything
    CHECK(judge(mark(), restored).kind != Kind::unknown);
  }
}

TEST_CASE("long after a restart nothing but what the migration makes tells whether it is a copy") {
  for (const auto status : {Status::committed, Status::aborted, Status::in_future}) {
    auto late = restarted(says(status));
    late.server_up_for = std::chrono::minutes{2};
    CHECK(judge(mark(), late).kind == Kind::unknown);
    late.there = status == Status::committed ? Testimony::Objects::all : Testimony::Objects::none;
    CHECK(judge(mark(), late).kind != Kind::unknown);
  }
}

TEST_CASE("after a restart what the migration makes has to agree with what the server says") {
  using Objects = Testimony::Objects;
  for (const auto there : {Objects::none, Objects::some, Objects::all}) {
    for (const auto status : {Status::committed, Status::aborted, Status::in_future}) {
      auto testimony = restarted(says(status));
      testimony.there = there;
      const bool agrees = there == (status == Status::committed ? Objects::all : Objects::none);
      CHECK((judge(mark(), testimony).kind != Kind::unknown) == agrees);
    }
  }
}

TEST_CASE("without a mark COMMIT was not sent, unless nobody knows what was") {
  Attempt attempt;
  CHECK(judge_unasked(attempt)->kind == Kind::not_applied);
  attempt.unanalysed = true;
  CHECK(judge_unasked(attempt)->kind == Kind::unknown);
}

TEST_CASE("with a mark COMMIT may have been sent") {
  Attempt attempt;
  attempt.mark = mark();
  CHECK_FALSE(judge_unasked(attempt));
}

TEST_CASE("whoever did not send COMMIT knows that, whatever is written down already") {
  Attempt attempt;
  attempt.mark = mark();
  const auto verdict = judge_unasked(attempt, false);
  REQUIRE(verdict);
  CHECK(verdict->kind == Kind::not_applied);
  CHECK(verdict->why == "COMMIT was not sent");
  attempt.unanalysed = true;  // it may have sent one itself
  CHECK_FALSE(judge_unasked(attempt, false));
}

TEST_CASE("what ran outside a transaction is never judged unasked") {
  Attempt attempt;
  attempt.transactional = false;
  CHECK_FALSE(judge_unasked(attempt));
  CHECK_FALSE(judge_unasked(attempt, false));
}
