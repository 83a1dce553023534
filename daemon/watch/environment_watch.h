#pragma once

#include <expected>
#include <memory>
#include <optional>
#include <random>
#include <string>

#include <boost/asio/steady_timer.hpp>

#include "adapters/config/settings.h"
#include "adapters/loop/asio.h"
#include "adapters/loop/gate.h"
#include "adapters/loop/pool.h"
#include "adapters/loop/wakeup.h"
#include "adapters/postgres/read_session.h"
#include "adapters/tools/observe.h"
#include "core/environment/environment.h"
#include "core/result.h"

namespace tidemark {

class Metrics;
class Resolver;
class World;

// Looks at one environment, on schedule and when somebody asks, and tells the world what it saw. An
// environment that may not be connected to is left alone for as long as that holds.
class EnvironmentWatch {
 public:
  EnvironmentWatch(asio::io_context& loop,
                   World& world,
                   Metrics& metrics,
                   Pool& connecting,
                   Resolver& resolver,
                   EnvironmentRef ref,
                   EnvironmentSettings settings,
                   LedgerSetting their_ledger);

  // The schedule; never returns.
  Awaitable<void> run();

  // Looks now, after whoever is looking already.
  Awaitable<Result<void>> poll();

  // The mode may have changed: lets go of the connection at once if it may not be kept, and looks
  // again soon.
  void mode_changed();

  // Resumes when nobody is looking; nobody will start to any more.
  Awaitable<void> idle();

  const EnvironmentRef& ref() const { return ref_; }

 private:
  using Attempt = std::expected<Looked, ReadFailure>;

  Awaitable<Attempt> attempt();
  Awaitable<Attempt> connect_and_look();
  Awaitable<std::expected<void, ReadFailure>> connect();
  std::unexpected<Error> replaced() const;
  Awaitable<bool> told_to_let_go();
  std::chrono::milliseconds pause();
  bool may_look() const;
  void let_go();

  World& world_;
  Metrics& metrics_;
  Pool& connecting_;
  Resolver& resolver_;
  EnvironmentRef ref_;
  EnvironmentSettings settings_;
  Observer::Settings observer_settings_;
  std::optional<Observer> observer_;
  std::unique_ptr<ReadSession> session_;
  Gate gate_;
  Wakeup wakeup_;
  asio::steady_timer told_;  // cancelled to interrupt whoever is looking
  bool looking_ = false;
  bool retired_ = false;
  bool denied_ = false;
  std::minstd_rand random_;
};

}  // namespace tidemark
