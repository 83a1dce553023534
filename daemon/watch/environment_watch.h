#pragma once

#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>

#include <boost/asio/cancellation_signal.hpp>

#include "adapters/config/settings.h"
#include "adapters/loop/asio.h"
#include "adapters/loop/gate.h"
#include "adapters/loop/pool.h"
#include "adapters/loop/wakeup.h"
#include "adapters/postgres/read_session.h"
#include "adapters/tools/observe.h"
#include "core/environment/environment.h"
#include "core/result.h"
#include "core/watch/rhythm.h"
#include "daemon/watch/connections.h"

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
                   Connections& connections,
                   Pool& connecting,
                   Resolver& resolver,
                   EnvironmentRef ref,
                   const EnvironmentSettings& settings,
                   LedgerSetting their_ledger,
                   std::size_t nth);  // of all that start together

  // The schedule; never returns.
  Awaitable<void> run();

  // Looks now for a person, after whoever is looking already.
  Awaitable<Result<void>> poll();

  // The mode may have changed: lets go of the connection at once if it may not be kept, and looks
  // again soon.
  void mode_changed();
  // As if it had never looked before.
  void look_soon();

  // Told of the tool whose ledger was recognised. True: whose files the app has is asked anew.
  std::function<bool(std::string_view tool)> on_ledger_seen;

  // Resumes when nobody is looking; nobody will start to any more.
  Awaitable<void> idle();

  const EnvironmentRef& ref() const { return ref_; }

 private:
  enum class Asked { by_schedule, by_a_person };
  using Seen = std::unique_ptr<Looked>;  // null: what the last look saw
  using Attempt = std::expected<Seen, ReadFailure>;
  using Done = std::expected<void, ReadFailure>;

  Awaitable<Result<void>> look(Asked asked);
  Awaitable<Attempt> attempt(Asked asked);
  Awaitable<Done> connect_in_steps(Asked asked);
  Awaitable<Done> connect(Asked asked);
  bool tell_unchanged();
  Awaitable<Result<void>> tell(Attempt looked);
  void keep_or_close(bool may_look_again);
  std::unexpected<Error> replaced() const;
  void interrupt();
  double jitter();
  bool may_look() const;
  void let_go();

  World& world_;
  Metrics& metrics_;
  Pool& connecting_;
  Resolver& resolver_;
  EnvironmentRef ref_;
  std::chrono::milliseconds poll_;
  ConnectionUse connection_;
  std::optional<PasswordSource> password_;
  std::string server_;
  std::shared_ptr<const Route> route_;  // null: has no database
  Observer::Settings observer_settings_;
  std::optional<Observer> observer_;
  Connections& connections_;
  Connections::Place place_;  // session_ is in there, once it is open
  std::unique_ptr<ReadSession> session_;
  std::chrono::steady_clock::time_point connected_at_;
  std::chrono::steady_clock::time_point look_began_;  // not counting the wait for a place
  Gate gate_;
  Wakeup wakeup_;
  Rhythm rhythm_;
  asio::cancellation_signal steps_;  // of a look that has no session yet
  bool looking_ = false;
  bool in_vain_ = false;      // what the last look saw was not told
  bool again_ = false;        // as soon as the look under way has ended
  bool interrupted_ = false;  // the look under way
  bool retired_ = false;
  std::minstd_rand random_;
};

}  // namespace tidemark
