#include "daemon/watch/environment_watch.h"

#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include "adapters/config/secret.h"
#include "adapters/log/log.h"
#include "adapters/loop/timer.h"
#include "adapters/metrics/metrics.h"
#include "core/environment/mode.h"
#include "daemon/world.h"

namespace tidemark {

namespace {

// A connection that would be idle for longer is closed after the look.
constexpr std::chrono::minutes idle_max{5};
// Names move to other servers, and what a role may do changes.
constexpr std::chrono::hours connection_age_max{1};

// A flag, also when whoever looks is cancelled.
class Raised {
 public:
  explicit Raised(bool& flag) : flag_(flag) { flag_ = true; }
  ~Raised() { flag_ = false; }
  Raised(const Raised&) = delete;
  Raised& operator=(const Raised&) = delete;

 private:
  bool& flag_;
};

bool is_cancellation(const std::exception_ptr& thrown) {
  try {
    if (thrown) {
      std::rethrow_exception(thrown);
    }
  } catch (const boost::system::system_error& error) {
    return error.code() == asio::error::operation_aborted;
  } catch (...) {  // something else
  }
  return false;
}

}  // namespace

EnvironmentWatch::EnvironmentWatch(asio::io_context& loop,
                                   World& world,
                                   Metrics& metrics,
                                   Connections& connections,
                                   Pool& connecting,
                                   Resolver& resolver,
                                   EnvironmentRef ref,
                                   const EnvironmentSettings& settings,
                                   LedgerSetting their_ledger,
                                   std::size_t nth)
    : world_(world),
      metrics_(metrics),
      connecting_(connecting),
      resolver_(resolver),
      ref_(std::move(ref)),
      poll_(settings.poll),
      connection_(settings.connection),
      password_(settings.password),
      server_(settings.database ? server_of(*settings.database) : ""),
      route_(settings.database
                 ? std::make_shared<const Route>(*settings.database, "tidemark " + ref_.text())
                 : nullptr),
      observer_settings_{std::move(their_ledger), settings.schema, {}},
      connections_(connections),
      wakeup_(loop),
      rhythm_(settings.poll, nth, std::chrono::steady_clock::now()),
      random_(std::random_device{}()) {}

bool EnvironmentWatch::may_look() const {
  const WatchedEnvironment* environment = world_.environment(ref_);
  return !retired_ && environment != nullptr && may_connect(environment->mode) && route_;
}

Awaitable<void> EnvironmentWatch::run() {
  for (;;) {
    const auto now = std::chrono::steady_clock::now();
    if (rhythm_.due() > now) {
      co_await wakeup_.sleep(rhythm_.due() - now);
      continue;  // called for another rhythm, perhaps
    }
    if (may_look()) {
      // What went wrong is in the world, and in the rhythm.
      [[maybe_unused]] const auto looked = co_await look(Asked::by_schedule);
    } else {
      rhythm_.looked(std::chrono::steady_clock::now(), jitter());
    }
  }
}

double EnvironmentWatch::jitter() {
  constexpr double half = static_cast<double>(std::minstd_rand::max()) / 2;
  return static_cast<double>(random_()) / half - 1;
}

Awaitable<Result<void>> EnvironmentWatch::poll() {
  place_.hurry();  // of a look that waits for it
  auto looked = co_await look(Asked::by_a_person);
  wakeup_.call();  // the schedule sleeps by the rhythm as it was before
  co_return looked;
}

Awaitable<Result<void>> EnvironmentWatch::look(Asked asked) {
  if (retired_) {  // who asks now must not wait for what is about to go
    co_return replaced();
  }
  auto turn = gate_.try_enter();
  if (!turn) {
    auto waited_for = co_await gate_.enter();
    turn.emplace(std::move(waited_for));
  }
  if (retired_) {
    co_return replaced();
  }
  if (!may_look()) {
    const WatchedEnvironment* environment = world_.environment(ref_);
    const bool exported = environment != nullptr && !may_connect(environment->mode);
    co_return fail(Errc::conflict,
                   exported ? ref_.text() + " is export_only: it is never connected to"
                            : ref_.text() + " has no database to look at");
  }
  const Raised looking(looking_);
  interrupted_ = false;
  again_ = false;
  auto looked = co_await attempt(asked);
  if (retired_) {
    let_go();
    co_return replaced();
  }
  if (!may_look()) {
    let_go();
    co_return fail(Errc::conflict, "the mode of " + ref_.text() + " changed meanwhile");
  }
  if (interrupted_) {
    let_go();
    co_return fail(Errc::cancelled, "the look at " + ref_.text() + " was interrupted");
  }
  const bool unchanged = looked && !*looked;
  Result<void> told;
  if (!unchanged || !tell_unchanged()) {
    told = co_await tell(std::move(looked));
  }
  keep_or_close(may_look());
  if (again_) {
    look_soon();  // the look has set the rhythm anew
  }
  co_return told;
}

// For most looks that is all; else tell() has to.
bool EnvironmentWatch::tell_unchanged() {
  if (!world_.take_unchanged(ref_, wall_clock_now())) {
    return false;
  }
  const auto now = std::chrono::steady_clock::now();
  rhythm_.looked(now, jitter());
  metrics_.poll(ref_, "ok", now - look_began_);
  return true;
}

// What was seen, to the world and the metrics.
Awaitable<Result<void>> EnvironmentWatch::tell(Attempt looked) {
  const auto now = std::chrono::steady_clock::now();
  const std::chrono::duration<double> took = now - look_began_;
  if (looked && *looked && !(*looked)->observation) {
    looked = std::unexpected(std::move((*looked)->observation.error()));
  }
  if (!looked) {
    Error error = looked.error().error;
    rhythm_.failed(error.code, now, jitter());
    metrics_.poll(ref_, poll_outcome(error.code), took);
    co_await world_.environment_failed(ref_, error);
    co_return std::unexpected(std::move(error));
  }
  rhythm_.looked(now, jitter());
  metrics_.poll(ref_, "ok", took);
  if (*looked && (*looked)->excess_privileges) {
    // Where tidemark may write, its role needs what is too much elsewhere.
    const WatchedEnvironment* environment = world_.environment(ref_);
    const bool needed = environment != nullptr && environment->mode == Mode::managed;
    std::string excess = needed ? "" : std::move(*(*looked)->excess_privileges);
    co_await world_.credential_seen(ref_, std::move(excess));
  }
  if (!*looked) {
    auto noted = co_await world_.environment_unchanged(ref_, wall_clock_now());
    co_return noted;
  }
  const auto& tool = (*looked)->shape.tool;
  if (on_ledger_seen && !tool.empty() && on_ledger_seen(tool)) {
    in_vain_ = true;
    co_return Result<void>{};  // another look comes when that is answered
  }
  auto stored = co_await world_.environment_read(
      ref_, std::move(*(*looked)->observation), std::move((*looked)->shape));
  co_return stored;
}

void EnvironmentWatch::keep_or_close(bool may_look_again) {
  const bool old = std::chrono::steady_clock::now() - connected_at_ > connection_age_max;
  const bool wanted = connection_ == ConnectionUse::keep && poll_ <= idle_max;
  if (session_ && session_->usable() && wanted && !old && may_look_again) {
    place_.rest();
  } else {
    session_.reset();
    place_.give_back();
  }
}

std::unexpected<Error> EnvironmentWatch::replaced() const {
  return fail(Errc::conflict,
              "the config was reloaded, and " + ref_.text() + " is watched anew: ask again");
}

void EnvironmentWatch::interrupt() {
  interrupted_ = true;
  steps_.emit(asio::cancellation_type::terminal);
  if (session_) {
    session_->interrupt();
  }
}

void EnvironmentWatch::mode_changed() {
  if (!may_look()) {
    if (looking_) {
      interrupt();  // whoever looks lets go when it has ended
    } else {
      let_go();
    }
  }
  look_soon();
}

void EnvironmentWatch::look_soon() {
  again_ = looking_;
  rhythm_ = Rhythm(poll_, 0, std::chrono::steady_clock::now());
  wakeup_.call();
}

Awaitable<void> EnvironmentWatch::idle() {
  retired_ = true;
  interrupt();
  auto turn = co_await gate_.enter();
}

void EnvironmentWatch::let_go() {
  session_.reset();
  place_.give_back();
  observer_.reset();
}

// In the many steps of a connect there is no session to be interrupted: they are cancelled, as they
// are with whoever waits for them.
Awaitable<EnvironmentWatch::Done> EnvironmentWatch::connect_in_steps(Asked asked) {
  const auto executor = co_await asio::this_coro::executor;
  const auto state = co_await asio::this_coro::cancellation_state;
  auto cancelled = state.slot();
  if (cancelled.is_connected()) {
    cancelled.assign([this](asio::cancellation_type type) { steps_.emit(type); });
  }
  auto token = asio::bind_cancellation_slot(steps_.slot(), asio::as_tuple(asio::use_awaitable));
  auto connecting = asio::co_spawn(executor, connect(asked), std::move(token));
  auto [thrown, connected] = co_await std::move(connecting);
  if (cancelled.is_connected()) {
    cancelled.clear();  // whoever waited may live longer than this watch
  }
  if (is_cancellation(thrown)) {
    co_return std::unexpected(ReadFailure{{Errc::cancelled, "interrupted"}, ""});
  }
  if (thrown) {
    std::rethrow_exception(thrown);
  }
  co_return std::move(connected);
}

// What goes wrong in our own code is a failed look like another.
Awaitable<EnvironmentWatch::Attempt> EnvironmentWatch::attempt(Asked asked) {
  std::string failure;
  look_began_ = std::chrono::steady_clock::now();
  place_.work();
  try {
    if (!session_) {
      auto connected = co_await connect_in_steps(asked);
      if (!connected) {
        co_return std::unexpected(std::move(connected.error()));
      }
    }
    observer_->expect(world_.layout(ref_.app));
    if (asked == Asked::by_schedule && !in_vain_ && world_.needs_no_news(ref_)) {
      const auto unchanged = co_await observer_->glance(*session_, wall_clock_now());
      if (!unchanged) {
        co_return std::unexpected(unchanged.error());
      }
      if (*unchanged) {
        co_return nullptr;
      }
    }
    auto seen = co_await observer_->look(*session_, wall_clock_now());
    in_vain_ = false;
    co_return std::make_unique<Looked>(std::move(seen));
  } catch (const boost::system::system_error& error) {
    if (error.code() == asio::error::operation_aborted) {
      throw;
    }
    failure = error.what();
  } catch (const std::exception& error) {
    failure = error.what();
  }
  session_.reset();
  log_error("look failed by an error of our own",
            {{"environment", ref_.text()}, {"error", failure}});
  co_return std::unexpected(ReadFailure{{Errc::internal, failure}, ""});
}

Awaitable<EnvironmentWatch::Done> EnvironmentWatch::connect(Asked asked) {
  place_ = connections_.ask(server_, asked == Asked::by_a_person, [this] {
    session_.reset();
    place_.give_back();
  });
  if (!place_.is_granted()) {
    co_await place_.granted();
  }
  look_began_ = std::chrono::steady_clock::now();
  connected_at_ = look_began_;
  std::string password;
  if (password_) {
    auto work = [source = *password_](const std::stop_token& stop) {
      return read_secret(source, stop);
    };
    auto secret = co_await connecting_.run(std::move(work));
    if (!secret) {
      co_return std::unexpected(ReadFailure{secret.error(), ""});
    }
    password = std::move(*secret);
    redact(password);
  }
  auto session = co_await ReadSession::connect(connecting_, resolver_, route_, std::move(password));
  if (!session) {
    co_return std::unexpected(std::move(session.error()));
  }
  session_ = std::move(*session);
  if (!observer_) {
    observer_.emplace(observer_settings_, connecting_);
  }
  if (connection_ == ConnectionUse::keep) {  // else it connects for each look
    observer_->connected();
  }
  co_return Done{};
}

}  // namespace tidemark
