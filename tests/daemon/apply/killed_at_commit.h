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
  std::atomic<bool> reached = false;
  {
    const Tracer tracer(rig.pid(), [&](const Tracer::Call& call) {
      const bool is_commit = call.sent.starts_with('Q') && call.sent.contains("; COMMIT");
      const bool here = call.number == SYS_sendto && is_commit && call.entered != sent;
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
