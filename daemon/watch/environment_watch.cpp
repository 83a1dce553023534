#include "daemon/watch/environment_watch.h"

#include <algorithm>
#include <variant>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
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

using std::chrono::milliseconds;

constexpr milliseconds first_retry{1'000};
constexpr milliseconds denied_pause{30'000};

}  // namespace

EnvironmentWatch::EnvironmentWatch(asio::io_context& loop,
                                   World& world,
                                   Metrics& metrics,
                                   Pool& connecting,
                                   Resolver& resolver,
                                   EnvironmentRef ref,
                                   EnvironmentSettings settings,
                                   LedgerSetting their_ledger)
    : world_(world),
      metrics_(metrics),
      connecting_(connecting),
      resolver_(resolver),
      ref_(std::move(ref)),
      settings_(std::move(settings)),
      observer_settings_{std::move(their_ledger), settings_.schema, {}},
      wakeup_(loop),
      told_(loop, asio::steady_timer::time_point::max()),
      random_(std::random_device{}()) {}

bool EnvironmentWatch::may_look() const {
  const WatchedEnvironment* environment = world_.environment(ref_);
  return !retired_ && environment != nullptr && may_connect(environment->mode) &&
         settings_.database;
}

Awaitable<void> EnvironmentWatch::run() {
  for (;;) {
    if (may_look()) {
      const auto looked = co_await poll();
      denied_ = !looked && looked.error().code == Errc::denied;
    }
    const auto wait = pause();
    co_await wakeup_.sleep(wait);
  }
}

// Jittered, so that many environments of one server are not asked at once; sooner after a fault
// that may pass, later where a wrong password would lock an account.
milliseconds EnvironmentWatch::pause() {
  const WatchedEnvironment* environment = world_.environment(ref_);
  milliseconds base = settings_.poll;
  if (denied_) {
    base = std::max(base, denied_pause);
  } else if (environment != nullptr && environment->failures > 0) {
    const auto doublings = std::min(environment->failures - 1, 10U);
    base = std::min(base, first_retry * (1 << doublings));
  }
  std::uniform_real_distribution<double> jitter(0.9, 1.1);
  return milliseconds{
      static_cast<milliseconds::rep>(static_cast<double>(base.count()) * jitter(random_))};
}

Awaitable<Result<void>> EnvironmentWatch::poll() {
  using namespace asio::experimental::awaitable_operators;
  if (retired_) {  // who asks now must not wait for what is about to go
    co_return replaced();
  }
  auto turn = co_await gate_.enter();
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
  const auto started = std::chrono::steady_clock::now();
  looking_ = true;
  auto looking = attempt() || told_to_let_go();
  auto outcome = co_await std::move(looking);
  looking_ = false;
  if (retired_) {
    let_go();
    co_return replaced();
  }
  if (!may_look()) {
    let_go();
    co_return fail(Errc::conflict, "the mode of " + ref_.text() + " changed meanwhile");
  }
  if (outcome.index() == 1) {
    let_go();
    co_return fail(Errc::cancelled, "the look at " + ref_.text() + " was interrupted");
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
  auto looked = std::move(std::get<0>(outcome));
  if (session_ && !session_->usable()) {
    session_.reset();
  }
  if (looked && !looked->observation) {
    looked = std::unexpected(std::move(looked->observation.error()));
  }
  if (!looked) {
    metrics_.poll(ref_, poll_outcome(looked.error().error.code), took);
    Error error = looked.error().error;
    co_await world_.environment_failed(ref_, error);
    co_return std::unexpected(std::move(error));
  }
  metrics_.poll(ref_, "ok", took);
  auto stored = co_await world_.environment_read(
      ref_, std::move(*looked->observation), std::move(looked->shape));
  co_return stored;
}

std::unexpected<Error> EnvironmentWatch::replaced() const {
  return fail(Errc::conflict,
              "the config was reloaded, and " + ref_.text() + " is watched anew: ask again");
}

Awaitable<bool> EnvironmentWatch::told_to_let_go() {
  co_await told_.async_wait(asio::as_tuple(asio::use_awaitable));
  co_return true;
}

void EnvironmentWatch::mode_changed() {
  if (!may_look()) {
    if (looking_) {
      told_.cancel();  // whoever looks is cancelled, and lets go when it has ended
    } else {
      let_go();
    }
  }
  denied_ = false;
  wakeup_.call();
}

Awaitable<void> EnvironmentWatch::idle() {
  retired_ = true;
  told_.cancel();
  auto turn = co_await gate_.enter();
}

void EnvironmentWatch::let_go() {
  session_.reset();
  observer_.reset();
}

// What escapes from a look would be swallowed by the race that it runs in, and the look never end.
Awaitable<EnvironmentWatch::Attempt> EnvironmentWatch::attempt() {
  std::string failure;
  try {
    auto looked = co_await connect_and_look();
    co_return looked;
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

Awaitable<EnvironmentWatch::Attempt> EnvironmentWatch::connect_and_look() {
  if (!session_) {
    auto connected = co_await connect();
    if (!connected) {
      co_return std::unexpected(std::move(connected.error()));
    }
  }
  auto looked = co_await observer_->look(*session_, wall_clock_now());
  co_return looked;
}

Awaitable<std::expected<void, ReadFailure>> EnvironmentWatch::connect() {
  std::string password;
  if (settings_.password) {
    auto work = [source = *settings_.password] { return read_secret(source); };
    auto secret = co_await connecting_.run(std::move(work));
    if (!secret) {
      co_return std::unexpected(ReadFailure{secret.error(), ""});
    }
    password = std::move(*secret);
    redact(password);
  }
  ReadSession::Options options;
  options.application_name = "tidemark " + ref_.text();
  Target target = *settings_.database;
  auto session = co_await ReadSession::connect(
      connecting_, resolver_, std::move(target), std::move(password), std::move(options));
  if (!session) {
    co_return std::unexpected(std::move(session.error()));
  }
  session_ = std::move(*session);
  if (!observer_) {
    observer_.emplace(observer_settings_);
  }
  co_return std::expected<void, ReadFailure>{};
}

}  // namespace tidemark
