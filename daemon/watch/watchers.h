#pragma once

#include <map>
#include <memory>
#include <string>

#include "adapters/config/settings.h"
#include "adapters/loop/asio.h"
#include "adapters/loop/pool.h"
#include "adapters/parser/parser.h"
#include "core/result.h"
#include "daemon/apply/applier.h"
#include "daemon/supervisor.h"
#include "daemon/watch/directory_watch.h"
#include "daemon/watch/environment_watch.h"

namespace tidemark {

// Everybody who watches: for each app one for its directory and one for each environment, as
// supervised tasks.
class Watchers {
 public:
  // `connecting` is for connect steps and commands that print secrets, which may hang: nothing else
  // waits for it.
  Watchers(asio::io_context& loop,
           Supervisor& supervisor,
           World& world,
           Metrics& metrics,
           Pool& workers,
           Pool& connecting,
           Resolver& resolver,
           ConnectionLimits limits);

  Awaitable<Result<void>> start(AppSettings settings);
  // What starts from now on starts together, and is spread.
  void start_anew() { starting_ = 0; }
  // Nobody watches the app any more, and the world forgets it.
  Awaitable<void> stop(std::string app);
  // The same, but what is known stays: until the app is started again with other settings.
  Awaitable<void> pause(std::string app);

  Awaitable<Result<void>> poll(EnvironmentRef ref);
  // Null: there is no such environment. Shared with requests, which may be in there longer.
  std::shared_ptr<Applier> applier(const EnvironmentRef& ref) const;
  // Which of an app's environments is being applied to; empty: none.
  std::string applying(const std::string& app) const;
  void limit(ConnectionLimits limits) { connections_.limit(limits); }
  void mode_changed(const EnvironmentRef& ref);
  void layout_changed(const std::string& app);
  void compared(const EnvironmentRef& ref);
  // Directories are read again without anything having changed; the world is told when.
  void tell_scans();

 private:
  struct App {
    std::unique_ptr<AppDirectory> directory;
    std::map<EnvironmentRef, std::unique_ptr<EnvironmentWatch>> environments;
    std::map<EnvironmentRef, std::shared_ptr<Applier>> appliers;
  };

  asio::io_context& loop_;
  Supervisor& supervisor_;
  World& world_;
  Metrics& metrics_;
  Pool& workers_;
  Pool& connecting_;
  Resolver& resolver_;
  Connections connections_;
  Parser parser_{parser_program()};
  std::map<std::string, App> apps_;
  std::size_t starting_ = 0;  // environments, since they were last all started
};

}  // namespace tidemark
