#include "daemon/daemon.h"

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <iterator>

#include <malloc.h>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/system_error.hpp>

#include "adapters/config/secret.h"
#include "adapters/log/log.h"
#include "adapters/loop/timer.h"
#include "daemon/signals.h"

namespace tidemark {

namespace {

using std::chrono::milliseconds;

constexpr std::chrono::seconds housekeeping_every{10};
constexpr std::chrono::milliseconds catch_up_every{250};
constexpr std::chrono::hours pruning_every{24};
constexpr std::chrono::minutes first_looks_take{2};
constexpr milliseconds loop_probe_every{250};
constexpr std::chrono::seconds stop_within{10};  // at most half of the unit's TimeoutStopSec

AuditEvent event_of_daemon(std::string by,
                           std::string what,
                           std::map<std::string, std::string> details) {
  AuditEvent event;
  event.at = wall_clock_now();
  event.actor = std::move(by);
  event.what = std::move(what);
  event.details = std::move(details);
  return event;
}

std::string joined(const std::vector<std::string>& parts) {
  std::string all;
  for (const auto& part : parts) {
    all += (all.empty() ? "" : "; ") + part;
  }
  return all;
}

}  // namespace

Daemon::Daemon(std::string config_path,
               Settings settings,
               Ledger::Opened opened,
               ServiceManager service_manager)
    : config_path_(std::move(config_path)),
      settings_(std::move(settings)),
      ledger_(std::move(opened.ledger)),
      world_(ledger_, store_, workers_, metrics_, events_),
      supervisor_(loop_),
      watchers_(loop_,
                supervisor_,
                world_,
                metrics_,
                workers_,
                connecting_,
                resolver_,
                settings_.limits),
      control_(world_,
               events_,
               ledger_,
               metrics_,
               store_,
               requests_,
               {[this]() -> const Settings& { return settings_; },
                [this](EnvironmentRef ref) { return watchers_.poll(std::move(ref)); },
                [this](const EnvironmentRef& ref) { return watchers_.applier(ref); },
                [this](std::string by) { return reload(std::move(by)); },
                [this] { return troubles(); },
                [this] { return warnings(); }}),
      server_(loop_,
              [this](Request request) { return control_.handle(std::move(request)); },
              HttpLimits{},
              {[this](std::string_view what) {
                 metrics_.handler_failed();
                 log_error("request failed", {{"error", what}});
               },
               [](std::string_view what) {
                 log_error("connections cannot be accepted", {{"error", what}});
               }}),
      service_(std::move(service_manager), [this] {
        auto notes = troubles();
        std::ranges::copy(warnings(), std::back_inserter(notes));
        return status_line(world_.apps(), notes, wall_clock_now());
      }) {
  world_.on_mode_changed = [this](const EnvironmentRef& ref) { watchers_.mode_changed(ref); };
  world_.on_behind = [this] { told_to_catch_up_.call(); };
  world_.on_compared = [this](const EnvironmentRef& ref) { watchers_.compared(ref); };
  world_.on_layout_changed = [this](const std::string& app) { watchers_.layout_changed(app); };
  if (!opened.audit_problem.empty()) {
    world_.halt(opened.audit_problem);
    events_.publish("audit.broken", {}, wall_clock_now(), {{"problem", opened.audit_problem}});
    log_error("audit log does not verify: no change is taken", {{"problem", opened.audit_problem}});
  }
  metrics_.audit_verified(opened.audit_problem.empty());
  metrics_.reloaded(true);
  if (!opened.restored.empty()) {
    log_error("our ledger went back in time: all histories are uncertain",
              {{"why", opened.restored}});
  }
}

Result<std::unique_ptr<Daemon>> Daemon::prepare(std::string config_path,
                                                Settings settings,
                                                Ledger::Opened opened,
                                                ServiceManager service_manager,
                                                const PassedSockets& passed) {
  std::unique_ptr<Daemon> daemon(new Daemon(
      std::move(config_path), std::move(settings), std::move(opened), std::move(service_manager)));
  if (auto listening = daemon->listen(passed); !listening) {
    return std::unexpected(listening.error());
  }
  return daemon;
}

Result<void> Daemon::listen(const PassedSockets& passed) {
  if (auto listening = listen_control(passed.control); !listening) {
    return listening;
  }
  return listen_http(passed.http);
}

Result<void> Daemon::listen_control(const std::vector<int>& passed) {
  for (const int fd : passed) {
    const auto bound = server_.adopt_unix(fd);
    if (!bound) {
      return fail("socket activation: the socket named control", bound.error());
    }
    log_info("listening", {{"socket", *bound}, {"from", "the service manager"}});
  }
  if (!passed.empty()) {
    return {};
  }
  const auto& control = settings_.control;
  auto bound =
      server_.listen_unix(control.socket, static_cast<mode_t>(control.mode), control.group);
  if (bound) {
    log_info("listening", {{"socket", control.socket}});
  }
  return bound;
}

Result<void> Daemon::listen_http(const std::vector<int>& passed) {
  for (const int fd : passed) {
    const auto bound = server_.adopt_tcp(fd, settings_.http.hosts);
    if (!bound) {
      return fail("socket activation: the socket named http", bound.error());
    }
    log_info("listening", {{"address", *bound}, {"from", "the service manager"}});
  }
  if (!passed.empty()) {
    return {};
  }
  for (const auto& address : settings_.http.listen) {
    const auto bound = server_.listen_tcp(address.text(), settings_.http.hosts);
    if (!bound) {
      return std::unexpected(bound.error());
    }
    log_info("listening", {{"address", *bound}});
  }
  return {};
}

int Daemon::run() {
  std::signal(SIGPIPE, SIG_IGN);
  std::exception_ptr failure;
  asio::co_spawn(loop_, live(), [&failure](std::exception_ptr ended) { failure = ended; });
  release_signals();
  loop_.run();
  hold_signals();  // one that comes now has nothing left to stop
  if (failure) {
    try {
      std::rethrow_exception(failure);
    } catch (const std::exception& error) {
      log_error("stopped by an error of our own", {{"error", error.what()}});
    }
    return 1;
  }
  return exit_status_;
}

// Until somebody says that it is enough.
Awaitable<void> Daemon::live() {
  start_tasks();
  while (!stopping_) {
    co_await told_to_stop_.sleep(std::chrono::hours(1));
  }
  service_.enter(ServicePhase::stopping);
  log_info("stopping");
  asio::steady_timer last_resort(loop_, stop_within);
  last_resort.async_wait([this](const boost::system::error_code& stopped_in_time) {
    if (!stopped_in_time) {
      leave_what_hangs();
    }
  });
  co_await wind_down();
  last_resort.cancel();
  log_info("stopped");
}

void Daemon::start_tasks() {
  using enum Supervisor::Restart;
  supervisor_.on_restart = [this](std::string_view kind) { metrics_.task_restarted(kind); };
  supervisor_.on_hopeless = [this] { stop(1); };
  supervisor_.start("house", "signals", [this] { return wait_for_signals(); }, few_times);
  supervisor_.start("house", "start", [this] { return begin(); }, never);
  supervisor_.start("house", "reload", [this] { return reload_when_told(); }, few_times);
  supervisor_.start("house", "http", [this] { return server_.run(); }, never);
  supervisor_.start("house", "housekeeping", [this] { return keep_house(); }, few_times);
  supervisor_.start("house", "comparisons", [this] { return catch_up_when_told(); }, few_times);
  supervisor_.start("house", "loop probe", [this] { return measure_loop(); }, few_times);
  supervisor_.start("house", "service report", [this] { return service_.run(); }, few_times);
}

void Daemon::stop(int status) {
  exit_status_ = std::max(exit_status_, status);
  stopping_ = true;
  told_to_stop_.call();
}

Awaitable<void> Daemon::wind_down() {
  server_.stop();
  co_await supervisor_.stop_all();
  co_await control_.write_counted_refusals(true);
  // Pools end with their work, and name servers may take their time.
  while (busy() > 0) {
    co_await wait_for(milliseconds{10});
  }
  // Here and not with us: there nobody would leave a disk that hangs.
  auto close = [this] {
    ledger_.close();
    return true;
  };
  [[maybe_unused]] const bool closed = co_await store_.run(std::move(close));
}

std::size_t Daemon::busy() const {
  return store_.busy() + workers_.busy() + connecting_.busy() + requests_.busy();
}

// Nothing is lost: what our ledger has confirmed is on the disk, and a write that is under way is
// there as a whole or not at all.
void Daemon::leave_what_hangs() const {
  log_warn("stopped without waiting for what hangs",
           {{"tasks", joined(supervisor_.running())},
            {"store", store_.busy()},
            {"workers", workers_.busy()},
            {"connecting", connecting_.busy()},
            {"requests", requests_.busy()}});
  std::_Exit(exit_status_);
}

// The apps of the config, as they were when we were started.
Awaitable<void> Daemon::begin() {
  const auto started = co_await start_apps();
  if (started) {
    started_ = true;
    log_info(
        "started",
        {{"version", TIDEMARK_VERSION}, {"apps", settings_.apps.size()}, {"config", config_path_}});
    service_.enter(ServicePhase::ready);
  } else {
    log_error("cannot start", {{"error", started.error().detail}});
    stop(1);
  }
}

Awaitable<Result<void>> Daemon::start_apps() {
  auto turn = co_await reloading_.enter();
  for (const auto& app : settings_.apps) {
    AppSettings settings = app;
    auto started = co_await watchers_.start(std::move(settings));
    if (!started) {
      co_return fail("app '" + app.name + "'", started.error());
    }
  }
  first_looks_end_ = std::chrono::steady_clock::now() + first_looks_take;
  co_return Result<void>{};
}

// Waits for nothing that a signal leads to: the next one may be another.
Awaitable<void> Daemon::wait_for_signals() {
  for (;;) {
    const auto [error, number] = co_await signals_.async_wait(asio::as_tuple(asio::use_awaitable));
    if (error) {
      throw boost::system::system_error(error);
    }
    if (number == SIGHUP) {
      told_to_reload_.call();
    } else {
      stop(0);
    }
  }
}

// Signals that come while a reload is under way lead to one more.
Awaitable<void> Daemon::reload_when_told() {
  for (;;) {
    const bool told = co_await told_to_reload_.sleep(std::chrono::hours(1));
    if (!told) {
      continue;
    }
    const auto reloaded = co_await reload("tidemark (SIGHUP)");
    if (!reloaded) {
      for (const auto& problem : reloaded.error()) {
        log_error("config is not good, the running one stays", {{"problem", problem.text()}});
      }
    }
  }
}

Awaitable<void> Daemon::catch_up_when_told() {
  for (;;) {
    const bool told = co_await told_to_catch_up_.sleep(std::chrono::hours(1));
    if (!told) {
      continue;
    }
    co_await world_.catch_up();
    // Many small migrations one after the other are not worth a comparison each.
    const bool waited = co_await wait_for(catch_up_every);
    if (!waited) {
      co_return;
    }
  }
}

Awaitable<void> Daemon::keep_house() {
  std::optional<std::chrono::steady_clock::time_point> pruned_at;
  for (;;) {
    const bool slept = co_await wait_for(housekeeping_every);
    if (!slept) {
      co_return;
    }
    watchers_.tell_scans();
    world_.publish_what_ages();
    co_await world_.catch_up();
    // The ledger's own thread answers: it may be writing this down at the moment.
    auto ask = [this] { return ledger_.keep_mark(); };
    mark_problem_ = co_await store_.run(std::move(ask));
    co_await control_.write_counted_refusals(false);
    if (first_looks_end_ && std::chrono::steady_clock::now() >= *first_looks_end_) {
      first_looks_end_.reset();
      co_await give_memory_back();
    }
    if (!pruned_at || std::chrono::steady_clock::now() - *pruned_at >= pruning_every) {
      pruned_at = std::chrono::steady_clock::now();
      const auto pruned = co_await world_.prune(settings_.retention);
      if (!pruned) {
        log_warn("our ledger could not be pruned", {{"error", pruned.error().detail}});
      }
    }
  }
}

// First looks take much memory, all at once, which the C library would keep for ever: it lies
// between what stays.
Awaitable<void> Daemon::give_memory_back() {
  auto trim = [] { return ::malloc_trim(0) == 1; };
  [[maybe_unused]] const bool trimmed = co_await workers_.run(std::move(trim));
}

// How late the loop comes to a timer is how long it was held.
Awaitable<void> Daemon::measure_loop() {
  for (;;) {
    const auto due = std::chrono::steady_clock::now() + loop_probe_every;
    const bool slept = co_await wait_for(loop_probe_every);
    if (!slept) {
      co_return;
    }
    metrics_.loop_lag(std::chrono::steady_clock::now() - due);
  }
}

std::vector<std::string> Daemon::troubles() const {
  std::vector<std::string> all;
  if (!started_) {
    all.emplace_back("starting");
  }
  if (!world_.halted().empty()) {
    all.push_back("no change is taken: " + world_.halted());
  }
  if (!world_.ledger_trouble().empty()) {
    all.push_back("our ledger cannot be written: " + world_.ledger_trouble());
  }
  for (const auto& [app, why] : unwatched_) {
    all.push_back(app + ": cannot be watched: " + why);
  }
  for (const auto* app : world_.apps()) {
    if (!app->compared) {
      all.push_back(app->name + ": its directory was not read yet" +
                    (app->trouble.empty() ? "" : ": " + app->trouble));
    }
  }
  return all;
}

std::vector<std::string> Daemon::warnings() const {
  std::vector<std::string> all;
  if (!reload_failed_.empty()) {
    all.push_back("the last reload changed nothing: " + reload_failed_);
  }
  if (!mark_problem_.empty()) {
    all.push_back(mark_problem_);
  }
  return all;
}

namespace {

// What a running daemon cannot change.
std::vector<Problem> needs_restart(const Settings& now,
                                   const Settings& wanted,
                                   const std::string& file) {
  std::vector<Problem> problems;
  const auto fixed = [&](bool same, const Position& where, std::string_view key) {
    if (!same) {
      problems.push_back({where.file.empty() ? file : where.file,
                          where.line,
                          where.column,
                          std::string(key) + ": cannot change while the daemon runs: restart it"});
    }
  };
  const auto listen_position =
      wanted.http.listen.empty() ? Position{} : wanted.http.listen.front().where;
  fixed(now.ledger == wanted.ledger, {}, "ledger");
  fixed(now.control == wanted.control, wanted.control.where, "control");
  fixed(now.http.listen == wanted.http.listen && now.http.hosts == wanted.http.hosts,
        listen_position,
        "http");
  return problems;
}

}  // namespace

Awaitable<Control::Daemon::Reloaded> Daemon::reload(std::string by) {
  auto turn = co_await reloading_.enter();
  // However it ends: a manager that is told of the begin waits for the end.
  struct Told {
    explicit Told(ServiceReport& report) : service(report), before(report.phase()) {
      service.enter(ServicePhase::reloading);
    }
    ~Told() {
      if (service.phase() == ServicePhase::reloading) {  // not when we stop meanwhile
        service.enter(before);
      }
    }
    ServiceReport& service;
    ServicePhase before;
  } const told(service_);
  auto reloaded = co_await take_config(std::move(by));
  co_return reloaded;
}

// An app that is watched anew has nobody who applies meanwhile.
std::vector<Problem> Daemon::under_apply(const Settings& wanted) const {
  std::vector<Problem> problems;
  for (const auto& app : settings_.apps) {
    const bool same = std::ranges::find(wanted.apps, app) != wanted.apps.end();
    const auto busy = watchers_.applying(app.name);
    if (!same && !busy.empty()) {
      problems.push_back({app.where.file,
                          app.where.line,
                          app.where.column,
                          "app " + app.name + ": " + busy +
                              " is being applied to: reload again when that is over"});
    }
  }
  return problems;
}

Awaitable<Control::Daemon::Reloaded> Daemon::take_config(std::string by) {
  auto read = [path = config_path_]() -> Loaded {
    auto loaded = read_config(path);
    if (loaded) {
      if (auto check = check_secrets(*loaded); !check.problems.empty()) {
        return std::unexpected(std::move(check.problems));
      }
    }
    return loaded;
  };
  auto loaded = co_await workers_.run(std::move(read));
  auto problems =
      loaded ? needs_restart(settings_, *loaded, config_path_) : std::move(loaded.error());
  if (loaded) {
    std::ranges::copy(under_apply(*loaded), std::back_inserter(problems));
  }
  if (!problems.empty()) {
    reload_failed_ = problems.front().text();
    metrics_.reloaded(false);
    std::vector<AuditEvent> events{event_of_daemon(
        by,
        "config.reload_failed",
        {{"problems", std::to_string(problems.size())}, {"first", reload_failed_}})};
    const auto noted = co_await world_.note(std::move(events));
    if (!noted) {
      log_error("reload could not be audited", {{"error", noted.error().detail}});
    }
    co_return std::unexpected(std::move(problems));
  }
  auto changed = co_await apply(std::move(*loaded));
  first_looks_end_ = std::chrono::steady_clock::now() + first_looks_take;
  reload_failed_.clear();
  metrics_.reloaded(true);
  log_info("config reloaded", {{"by", by}, {"changed", joined(changed)}});
  std::vector<AuditEvent> events{
      event_of_daemon(by, "config.reloaded", {{"changed", joined(changed)}})};
  const auto noted = co_await world_.note(std::move(events));
  if (!noted) {
    log_error("reload could not be audited", {{"error", noted.error().detail}});
  }
  co_return changed;
}

// An app whose settings changed is watched anew; the others do not notice.
Awaitable<std::vector<std::string>> Daemon::apply(Settings settings) {
  std::vector<std::string> changed;
  const auto named = [](const Settings& in, const std::string& name) {
    const auto at = std::ranges::find(in.apps, name, &AppSettings::name);
    return at == in.apps.end() ? nullptr : &*at;
  };
  const Settings before = std::exchange(settings_, std::move(settings));
  if (before.log != settings_.log) {
    configure_log(settings_.log);
    changed.emplace_back("log");
  }
  if (before.access != settings_.access) {
    changed.emplace_back("access");
  }
  if (before.http.expose_content != settings_.http.expose_content) {
    changed.emplace_back("http.expose");
  }
  if (before.limits != settings_.limits) {
    watchers_.limit(settings_.limits);
    changed.emplace_back("limits");
  }
  if (before.retention != settings_.retention) {
    changed.emplace_back("retention");
  }
  for (const auto& app : before.apps) {
    const auto* now = named(settings_, app.name);
    if (now == nullptr) {
      co_await watchers_.stop(app.name);
      changed.push_back("app " + app.name + " is gone");
    } else if (*now != app) {
      co_await watchers_.pause(app.name);
      changed.push_back("app " + app.name);
    }
  }
  unwatched_.clear();
  watchers_.start_anew();
  std::vector<std::string> order;
  for (const auto& app : settings_.apps) {
    order.push_back(app.name);
    const auto* old = named(before, app.name);
    if (old != nullptr && *old == app && world_.app(app.name) != nullptr) {
      continue;
    }
    if (old == nullptr) {
      changed.push_back("app " + app.name + " is new");
    }
    AppSettings wanted = app;
    const auto started = co_await watchers_.start(std::move(wanted));
    if (!started) {
      log_error("app cannot be watched", {{"app", app.name}, {"error", started.error().detail}});
      changed.push_back("app " + app.name + " cannot be watched: " + started.error().detail);
      unwatched_.emplace(app.name, started.error().detail);
      co_await watchers_.stop(app.name);  // what nobody watches is not shown as if somebody did
    }
  }
  world_.arrange(order);
  co_return changed;
}

}  // namespace tidemark
