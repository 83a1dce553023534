// The daemon is killed at COMMIT, and again while it finds out what became of it.

#include <atomic>
#include <string>

#include <doctest/doctest.h>

#include "tests/daemon/apply/boundary.h"
#include "tests/daemon/apply/killed_at_commit.h"
#include "tests/daemon/apply/marks.h"
#include "tests/daemon/support/tracer.h"

using namespace tidemark::test;

namespace {

// Starts, and kills the daemon at the nth of the calls at its boundary, or when it has found out
// the outcome before. Returns how many there were.
int start_killed_at(Marks& rig, int nth) {
  const auto logged = rig.log().size();
  std::atomic<int> calls = 0;
  int seen = 0;
  rig.start({}, false);
  {
    const Tracer tracer(rig.pid(), [&](const Tracer::Call& call) {
      return call.entered && at_the_boundary(call.number) && ++calls == nth;
    });
    CHECK(rig.eventually(
        [&] {
          return tracer.ended() || rig.log().find("apply ended", logged) != std::string::npos;
        },
        30));
    seen = calls;
  }
  rig.stop(SIGKILL);
  return seen;
}

}  // namespace

TEST_CASE("killed again while it finds out what became of an apply, it stays exactly once") {
  if (!PostgresServer::available() || !Tracer::available()) {
    return;
  }
  for (const bool sent : {false, true}) {
    Marks rig;
    Found found;
    rig.begin_marked();
    rig.add(1);
    apply_killed_at_commit(rig, sent);
    const int calls = start_killed_at(rig, 0);
    REQUIRE(calls > 10);
    rig.begin();
    rig.check(found);
    found = {};
    const auto numbers = spread(6, calls);
    for (const int nth : numbers) {
      rig.add(1);
      apply_killed_at_commit(rig, sent);
      start_killed_at(rig, nth);
      rig.begin();
      INFO("killed again at " << nth);
      rig.check(found);
    }
    MESSAGE("killed " << (sent ? "after" : "before") << " COMMIT was sent, and again at "
                      << numbers.size() << " of " << calls
                      << " system calls from its start on: " << found.text());
    CHECK((sent ? found.applied : found.not_applied) == static_cast<int>(numbers.size()));
  }
}
