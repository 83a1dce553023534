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
  kill_at_calls(at_the_boundary, 12);
}

TEST_CASE("killed at any system call of an apply, it stays exactly once") {
  kill_at_calls(every_call, 6);
}

TEST_CASE("killed while a migration runs outside a transaction, each statement runs once") {
  if (!PostgresServer::available() || !Tracer::available()) {
    return;
  }
  Marks rig;
  rig.begin_marked();
  int number = 0;
  const auto add = [&] {
    const auto name = "s" + std::to_string(++number);
    rig.migration("1" + std::to_string(1000 + number) + "_" + name,
                  "CREATE INDEX CONCURRENTLY " + name + "_a ON marks (id);\nVACUUM marks;\n" +
                      "CREATE INDEX CONCURRENTLY " + name + "_b ON marks (id);\n" +
                      "DROP INDEX CONCURRENTLY " + name + "_a;\n");
    return name;
  };
  const auto valid = [&](const std::string& index) {
    return rig.sql("SELECT count(*) FROM pg_index WHERE indisvalid AND indexrelid = to_regclass('" +
                   index + "')") == "1";
  };
  add();
  const int calls = apply_killed_at(rig, at_the_boundary, 0);
  REQUIRE(calls > 20);
  rig.begin();
  const auto numbers = spread(8, calls);
  int applied = 0;
  int went_on = 0;
  for (const int nth : numbers) {
    INFO("killed at " << nth);
    const auto name = add();
    const auto id = "1" + std::to_string(1000 + number) + "_" + name;
    apply_killed_at(rig, at_the_boundary, nth);
    rig.begin();
    CHECK(rig.eventually([&] { return rig.cell_of(id) != "applying"; }, 60));
    const auto cell = rig.cell_of(id);
    const bool whole = valid(name + "_b") && !rig.exists(name + "_a");
    CHECK_MESSAGE((cell == "applied") == whole, cell);
    CHECK(cell != "unknown");
    const auto told = rig.apply();
    CHECK_MESSAGE(told.outcome() == "applied", told.message());
    CHECK(valid(name + "_b"));
    CHECK_FALSE(rig.exists(name + "_a"));
    applied += cell == "applied" ? 1 : 0;
    went_on += cell == "failed" ? 1 : 0;
  }
  CHECK(rig.sql("SELECT count(*) FROM pg_index WHERE NOT indisvalid") == "0");
  MESSAGE("killed at " << numbers.size() << " of " << calls << " system calls: " << applied
                       << " applied, " << went_on << " gone on with");
  CHECK(applied > 0);
  CHECK(went_on > 0);
}
