#include "core/apply/auto_tries.h"

#include <doctest/doctest.h>

using namespace tidemark;
using namespace std::chrono_literals;

namespace {

const AutoTries::Time start{1h};

AutoGround reached() {
  AutoGround ground;
  ground.reachable = true;
  return ground;
}

// How long it waits after each of so many failures in a row.
std::vector<std::chrono::seconds> pauses(AutoTries& tries, Errc code, std::size_t count) {
  std::vector<std::chrono::seconds> all;
  auto now = start;
  while (all.size() < count) {
    tries.failed(reached(), code, now);
    const auto since = now;
    while (!tries.due(reached(), now)) {
      now += 1s;
    }
    all.push_back(std::chrono::duration_cast<std::chrono::seconds>(now - since));
  }
  return all;
}

}  // namespace

TEST_CASE("what fails again and again is tried by itself less and less often, and never given up") {
  AutoTries tries(10s);
  CHECK(tries.due(reached(), start));
  const std::vector<std::chrono::seconds> expected{5s, 10s, 20s, 40s, 60s, 60s};
  CHECK(pauses(tries, Errc::retry, 6) == expected);
  tries.forget();
  CHECK(tries.due(reached(), start));
  CHECK(pauses(tries, Errc::retry, 1).front() == 5s);
}

TEST_CASE("a wrong password is tried no more often than a poll would, and at most every 30 s") {
  AutoTries tries(10s);
  const std::vector<std::chrono::seconds> expected{30s, 60s, 60s};
  CHECK(pauses(tries, Errc::denied, 3) == expected);
  AutoTries seldom(300s);
  CHECK(pauses(seldom, Errc::denied, 1).front() == 300s);
}

TEST_CASE("what changed what a try rests on has it tried at once") {
  AutoTries tries(10s);
  tries.failed(reached(), Errc::retry, start);
  CHECK_FALSE(tries.due(reached(), start));
  auto edited = reached();
  edited.pending.emplace_back(Key{"1"}, Digest{});
  CHECK(tries.due(edited, start));
  auto frozen = reached();
  frozen.frozen = true;
  CHECK(tries.due(frozen, start));
  auto marked = reached();
  marked.records = 1;
  CHECK(tries.due(marked, start));
}

TEST_CASE("a server that is gone is no reason to try, one that is back is") {
  AutoTries tries(10s);
  auto gone = reached();
  gone.reachable = false;
  tries.failed(reached(), Errc::retry, start);
  CHECK_FALSE(tries.due(gone, start));
  tries.failed(gone, Errc::retry, start);
  CHECK_FALSE(tries.due(gone, start));
  CHECK(tries.due(reached(), start));
}

TEST_CASE("why nothing is applied is told once, whatever the numbers in it, until it is another") {
  AutoTries tries(10s);
  CHECK(tries.is_news("behind pid 12 for 3 s"));
  CHECK_FALSE(tries.is_news("behind pid 13 for 63 s"));
  CHECK(tries.is_news("refused"));
  CHECK(tries.is_news("behind pid 12 for 3 s"));
  tries.forget();
  CHECK(tries.is_news("behind pid 12 for 3 s"));
}
