#include "core/apply/lock_retries.h"

#include <doctest/doctest.h>

using namespace tidemark;
using namespace std::chrono_literals;

TEST_CASE("a migration that meets a lock is tried so many times again, and then no more") {
  LockRetries retries(3);
  for (int i = 0; i < 3; ++i) {
    CHECK(retries.next(0.5));
  }
  CHECK_FALSE(retries.next(0.5));
  CHECK_FALSE(LockRetries(0).next(0.5));
}

TEST_CASE("the waits grow up to a bound, and chance moves each of them") {
  LockRetries early(12);
  LockRetries late(12);
  auto before = 0ms;
  for (int i = 0; i < 12; ++i) {
    const auto least = *early.next(0);
    const auto most = *late.next(1);
    CHECK(least < most);
    CHECK(least >= before);
    CHECK(most <= 22500ms);
    before = least;
  }
  CHECK(before == 7500ms);
}

TEST_CASE("only what another try can change is tried again") {
  for (const auto* state : {"55P03", "40P01", "40001"}) {
    CHECK(is_lock_trouble(state));
  }
  for (const auto* state : {"", "57014", "42P07", "23505"}) {
    CHECK_FALSE(is_lock_trouble(state));
  }
}
