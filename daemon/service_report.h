#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "adapters/loop/asio.h"
#include "adapters/systemd/notify.h"
#include "core/time.h"
#include "daemon/state.h"

namespace tidemark {

// "watching 12 environments of 3 apps, 2 unreachable, 1 finding; no change is taken: …": what an
// operator wants to see first. `notes` are sentences of their own.
std::string status_line(const std::vector<const WatchedApp*>& apps,
                        const std::vector<std::string>& notes,
                        TimePoint now);

// Tells the service manager in which phase we are, what there is to see, and, from the loop that
// does the work, that we are alive: a loop that is held for too long is silent, and gets us started
// again.
class ServiceReport {
 public:
  ServiceReport(ServiceManager manager, std::function<std::string()> status);

  // At once; what cannot be told is told again by run().
  void enter(ServicePhase phase);
  ServicePhase phase() const { return phase_; }

  // Until it is cancelled. News are told at most once a second.
  Awaitable<void> run();

 private:
  void tell_news();

  ServiceManager manager_;
  std::function<std::string()> status_;
  ServicePhase phase_ = ServicePhase::starting;
  std::optional<std::string> told_;  // the status; empty: there is news whatever it is
};

}  // namespace tidemark
