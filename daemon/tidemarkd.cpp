// The daemon's main(): arguments, config, ledger, and then it runs.

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
#include "daemon/daemon.h"

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

int run(const std::string& config_path, Settings settings) {
  configure_log(settings.log);
  if (const int status = look_for_secrets(settings); status != 0) {
    return status;
  }
  auto opened = Ledger::open(settings.ledger, wall_clock_now());
  if (!opened) {
    std::cerr << "tidemarkd: " << opened.error().detail << "\n";
    return exit_failed;
  }
  auto daemon = Daemon::prepare(config_path, std::move(settings), std::move(*opened));
  if (!daemon) {
    std::cerr << "tidemarkd: " << daemon.error().detail << "\n";
    return exit_failed;
  }
  return (*daemon)->run();
}

}  // namespace

int main(int argc, char** argv) {
  // Passwords pass through here: nothing of ours is for others to read, and no core of it may lie
  // around.
  ::umask(077);
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
  app.set_version_flag("--version", "tidemarkd " TIDEMARK_VERSION);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return code == 0 ? 0 : exit_bad_config;
  }
  auto loaded = read_config(config);
  if (!loaded) {
    return report(loaded.error());
  }
  return check_only ? check(*loaded) : run(config, std::move(*loaded));
}
