#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "adapters/config/settings.h"
#include "adapters/loop/asio.h"
#include "adapters/loop/pool.h"
#include "adapters/loop/wakeup.h"
#include "adapters/parser/parser.h"
#include "core/apply/plan.h"
#include "core/result.h"
#include "daemon/apply/door.h"
#include "daemon/apply/progress.h"
#include "daemon/apply/run.h"

namespace tidemark {

class World;

// Who applies to one environment: makes plans, carries out one at a time, and finds out what became
// of an attempt that was lost.
class Applier {
 public:
  Applier(asio::io_context& loop,
          World& world,
          Pool& workers,
          const Parser& parser,
          Door door,
          EnvironmentRef ref,
          EnvironmentSettings settings,
          std::vector<std::string> folders);  // of the app's files

  // The task; never returns.
  Awaitable<void> run();

  Awaitable<Result<Plan>> plan(Selection selection, Attempt::Action action);

  // Carries it out, whether anybody listens or not. conflict: another one is under way, or the plan
  // has hindrances.
  Result<std::shared_ptr<Progress>> start(Plan plan, Selection selection, std::string by);

  // What is under way; null: nothing.
  std::shared_ptr<Progress> progress() const { return run_ ? run_->progress() : nullptr; }
  // conflict: nothing is under way.
  Result<void> cancel(std::string by);
  // The same, and resumes when it has ended.
  Awaitable<void> stop(std::string by);

  // An attempt may have become open, or a mode another.
  void look() { wakeup_.call(); }

 private:
  Awaitable<void> carry_out();
  Awaitable<void> end_what_is_left(std::vector<int> pids);
  Awaitable<void> apply_by_itself();
  bool has_untried() const;
  void tell_once(std::string why);
  Awaitable<Result<void>> settle_open();
  Awaitable<Result<void>> settle_one(ManagedEnvironment environment, Attempt attempt);
  Awaitable<Result<std::vector<PlannedMigration>>> read(std::vector<Migration> migrations,
                                                        Attempt::Action action);
  Awaitable<void> ask_server(ManagedEnvironment environment, Plan& plan, bool asks_if_empty);
  std::optional<ManagedEnvironment> managed() const;

  asio::io_context& loop_;
  World& world_;
  Pool& workers_;
  const Parser& parser_;
  Door door_;
  EnvironmentRef ref_;
  EnvironmentSettings settings_;
  std::vector<std::string> folders_;
  std::vector<int> former_;  // the server's numbers of the last apply's sessions
  std::string told_;         // why nothing is applied by itself, as last told
  Wakeup wakeup_;
  std::shared_ptr<Run> run_;  // shared with the frame that carries it out
};

}  // namespace tidemark
