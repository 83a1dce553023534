// The daemon's main(): arguments, config, ledger, and then it runs.

#include <malloc.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include <cstdio>
#include <iostream>
#include <string>

#include <CLI/CLI.hpp>

#include "adapters/config/reader.h"
#include "adapters/config/secret.h"
#include "adapters/log/log.h"
#include "adapters/loop/timer.h"
#include "adapters/postgres/target.h"
#include "adapters/store/ledger.h"
#include "adapters/systemd/notify.h"
#include "adapters/systemd/sockets.h"
#include "adapters/tools/about.h"
#include "daemon/daemon.h"
#include "daemon/signals.h"

namespace {

using namespace tidemark;

constexpr int exit_failed = 1;
constexpr int exit_bad_config = 2;

int report(const std::vector<Problem>& problems) {
  for (const auto& problem : problems) {
    std::cerr << problem.text() << "\n";
  }
  std::cerr << problems.size() << (problems.size() == 1 ? " problem" : " problems") << "\n";
  return exit_bad_config;
}

// Warnings are told, problems stop.
int look_for_secrets(const Settings& settings) {
  const auto check = check_secrets(settings);
  for (const auto& warning : check.warnings) {
    std::cerr << "warning: " << warning.text() << "\n";
  }
  return check.problems.empty() ? 0 : report(check.problems);
}

int check(const Settings& settings) {
  if (const int status = look_for_secrets(settings); status != 0) {
    return status;
  }
  std::size_t environments = 0;
  for (const auto& app : settings.apps) {
    environments += app.environments.size();
  }
  std::cout << "config is good: " << settings.apps.size()
            << (settings.apps.size() == 1 ? " app, " : " apps, ") << environments
            << (environments == 1 ? " environment\n" : " environments\n");
  return 0;
}

// On stderr, and where `systemctl status` shows it.
int cannot_start(const ServiceManager& manager, const std::string& why) {
  std::cerr << "tidemarkd: " << why << "\n";
  manager.tell(ServicePhase::starting, "cannot start: " + why);
  return exit_failed;
}

int run(const std::string& config_path, Loaded loaded) {
  const auto manager = ServiceManager::take_from_environment();
  if (!manager) {
    return cannot_start({}, manager.error().detail);
  }
  if (!loaded) {
    manager->tell(ServicePhase::starting, "cannot start: " + loaded.error().front().text());
    return report(loaded.error());
  }
  configure_log(loaded->log);
  if (const int status = look_for_secrets(*loaded); status != 0) {
    manager->tell(ServicePhase::starting,
                  "cannot start: the config names a secret that cannot be read");
    return status;
  }
  const auto passed = take_passed_sockets();
  if (!passed) {
    return cannot_start(*manager, passed.error().detail);
  }
  auto opened = Ledger::open(loaded->ledger, wall_clock_now());
  if (!opened) {
    return cannot_start(*manager, opened.error().detail);
  }
  hold_signals();
  auto daemon =
      Daemon::prepare(config_path, std::move(*loaded), std::move(*opened), *manager, *passed);
  if (!daemon) {
    return cannot_start(*manager, daemon.error().detail);
  }
  return (*daemon)->run();
}

}  // namespace

int main(int argc, char** argv) {
  // Passwords pass through here: nothing of ours is for others to read, and no core of it may lie
  // around.
  ::umask(077);
  // Large blocks, as of a page of metrics, go back to the system at once: else the C library finds
  // larger and larger ones usual, and keeps them.
  ::mallopt(M_MMAP_THRESHOLD, 256 << 10);
  ::prctl(PR_SET_DUMPABLE, 0);
  forget_libpq_environment();

  CLI::App app{
      "tidemarkd: one ledger of every schema migration, across all environments of an "
      "application.\n"
      "Runs in the foreground; SIGHUP reloads the config, SIGTERM stops.\n\n"
      "Example:\n  tidemarkd --config /etc/tidemark/tidemark.yaml --check-config\n"};
  std::string config = "/etc/tidemark/tidemark.yaml";
  bool check_only = false;
  app.add_option("--config", config, "The config file")->capture_default_str();
  app.add_flag("--check-config",
               check_only,
               "Print every problem of the config with file:line:column; 0 good, 2 not");
  bool tools = false;
  app.add_flag("--tools", tools, "Print what can be done with which migration tool, as a table");
  app.set_version_flag("--version", "tidemarkd " TIDEMARK_VERSION);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return code == 0 ? 0 : exit_bad_config;
  }
  if (tools) {
    std::cout << tools_table();
    return 0;
  }
  if (!check_only) {
    leave_when_told_to_stop();
  }
  auto loaded = read_config(config);
  if (!check_only) {
    return run(config, std::move(loaded));
  }
  return loaded ? check(*loaded) : report(loaded.error());
}
