// The daemon is killed at a system call of an apply, whichever it is: what it says of each
// migration afterwards is so, and each is applied once in the end.

#include <sys/syscall.h>

#include <atomic>
#include <string>

#include <doctest/doctest.h>

#include "tests/daemon/apply/boundary.h"
#include "tests/daemon/apply/marks.h"
#include "tests/daemon/support/tracer.h"

using namespace tidemark::test;

namespace {

using Counted = bool (*)(long);

bool every_call(long) {
  return true;
}

// Applies, and kills the daemon at the nth of the calls that are counted, or when the apply is over
// before. Returns how many there were.
int apply_killed_at(Marks& rig, Counted counted, int nth) {
  std::atomic<int> calls = 0;
  int seen = 0;
  {
    const Tracer tracer(rig.pid(), [&](const Tracer::Call& call) {
      return call.entered && counted(call.number) && ++calls == nth;
    });
    rig.request("POST", "/v1/apps/shop/environments/dev/apply", "{}");
    seen = calls;
  }
  rig.stop(SIGKILL);
  return seen;
}

void kill_at_calls(Counted counted, int rounds) {
  if (!PostgresServer::available() || !Tracer::available()) {
    return;
  }
  Marks rig;
  Found found;
  rig.begin_marked();
  rig.add(2);
  const int calls = apply_killed_at(rig, counted, 0);
  REQUIRE(calls > 20);
  rig.begin();
  rig.check(found);
  CHECK(found.applied == 2);
  const auto numbers = spread(rounds, calls);
  found = {};
  for (const int nth : numbers) {
    rig.add(2);
    apply_killed_at(rig, counted, nth);
    rig.begin();
    INFO("killed at " << nth);
    rig.check(found);
  }
  MESSAGE("killed at " << numbers.size() << " of " << calls
                       << " system calls, two migrations each: " << found.text());
  CHECK(found.applied > 0);
  CHECK(found.not_applied > 0);
}

}  // namespace

TEST_CASE(
    "killed where an apply talks to the server or to our ledger's disk, it stays exactly once") {
  kill_at_calls(at_the_boundary, 16);
}

TEST_CASE("killed at any system call of an apply, it stays exactly once") {
  kill_at_calls(every_call, 8);
}
