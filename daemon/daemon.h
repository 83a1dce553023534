#pragma once

#include <chrono>
#include <csignal>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include "adapters/config/reader.h"
#include "adapters/http/server.h"
#include "adapters/loop/gate.h"
#include "adapters/loop/pool.h"
#include "adapters/loop/wakeup.h"
#include "adapters/metrics/metrics.h"
#include "adapters/postgres/resolver.h"
#include "adapters/store/ledger.h"
#include "adapters/systemd/notify.h"
#include "adapters/systemd/sockets.h"
#include "daemon/control/control.h"
#include "daemon/events.h"
#include "daemon/service_report.h"
#include "daemon/supervisor.h"
#include "daemon/watch/watchers.h"
#include "daemon/world.h"

namespace tidemark {

// The whole daemon: puts the parts together, starts them, reloads, stops.
class Daemon {
 public:
  // Binds the sockets that were not passed; nothing is watched yet.
  static Result<std::unique_ptr<Daemon>> prepare(std::string config_path,
                                                 Settings settings,
                                                 Ledger::Opened opened,
                                                 ServiceManager service_manager,
                                                 const PassedSockets& passed);

  // Until SIGTERM or SIGINT. The exit status of the process. What cannot be stopped in time is left
  // alone: then the process ends in here.
  int run();

 private:
  Daemon(std::string config_path,
         Settings settings,
         Ledger::Opened opened,
         ServiceManager service_manager);

  Result<void> listen(const PassedSockets& passed);
  Result<void> listen_control(const std::vector<int>& passed);
  Result<void> listen_http(const std::vector<int>& passed);
  Awaitable<void> live();
  void start_tasks();
  Awaitable<void> begin();
  Awaitable<Result<void>> start_apps();
  Awaitable<void> wait_for_signals();
  Awaitable<void> reload_when_told();
  void stop(int status);
  Awaitable<void> wind_down();
  [[noreturn]] void leave_what_hangs() const;
  std::size_t busy() const;
  Awaitable<void> keep_house();
  Awaitable<void> catch_up_when_told();
  Awaitable<void> give_memory_back();
  Awaitable<void> measure_loop();
  Awaitable<Control::Daemon::Reloaded> reload(std::string by);
  Awaitable<Control::Daemon::Reloaded> take_config(std::string by);
  std::vector<Problem> under_apply(const Settings& wanted) const;
  Awaitable<std::vector<std::string>> apply(Settings settings);
  std::vector<std::string> troubles() const;
  std::vector<std::string> warnings() const;

  std::string config_path_;
  Settings settings_;
  Ledger ledger_;
  asio::io_context loop_{1};
  Pool store_{1};
  Pool workers_{2};
  Pool connecting_{8};  // may hang, with commands that print secrets
  Resolver resolver_{loop_};
  Pool requests_{2};  // for people, who do not wait for what a schedule asked for
  Metrics metrics_;
  Events events_{loop_};
  World world_;
  Supervisor supervisor_;
  Watchers watchers_;
  Control control_;
  HttpServer server_;
  ServiceReport service_;
  Gate reloading_;
  Wakeup told_to_reload_{loop_};
  Wakeup told_to_stop_{loop_};
  Wakeup told_to_catch_up_{loop_};
  bool stopping_ = false;
  asio::signal_set signals_{loop_, SIGTERM, SIGINT, SIGHUP};
  bool started_ = false;
  std::string reload_failed_;                     // why the last reload changed nothing
  std::map<std::string, std::string> unwatched_;  // apps that could not be started, and why
  std::string mark_problem_;                      // of the ledger, as last asked
  // When the many first looks after a start or a reload should be over; empty: they are.
  std::optional<std::chrono::steady_clock::time_point> first_looks_end_;
  int exit_status_ = 0;
};

}  // namespace tidemark
