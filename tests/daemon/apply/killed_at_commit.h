#pragma once

#include <sys/syscall.h>

#include <atomic>
#include <csignal>
#include <functional>
#include <string>

#include <doctest/doctest.h>

#include "tests/daemon/support/rig.h"
#include "tests/daemon/support/tracer.h"

namespace tidemark::test {

// Killed before COMMIT is sent, or right after; `first` is done before that. Looks send theirs with
// the rest, by another protocol.
inline void apply_killed_at_commit(Rig& rig, bool sent, const std::function<void()>& first = {}) {
  const std::string commit(
      "Q\0\0\0\x0b"
      "COMMIT\0",
      12);
  std::atomic<bool> reached = false;
  {
    const Tracer tracer(rig.pid(), [&](const Tracer::Call& call) {
      const bool here = call.number == SYS_sendto && call.sent == commit && call.entered != sent;
      if (here && first) {
        first();
      }
      reached = reached || here;
      return here;
    });
    rig.request("POST", "/v1/apps/shop/environments/dev/apply", "{}");
  }
  rig.stop(SIGKILL);
  REQUIRE(reached);
}

}  // namespace tidemark::test
