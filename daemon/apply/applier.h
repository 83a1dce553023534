#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "adapters/config/settings.h"
#include "adapters/loop/asio.h"
#include "adapters/loop/pool.h"
#include "adapters/loop/wakeup.h"
#include "adapters/parser/parser.h"
#include "core/apply/auto_tries.h"
#include "core/apply/plan.h"
#include "core/catalog/content.h"
#include "core/result.h"
#include "core/sql/script.h"
#include "daemon/apply/door.h"
#include "daemon/apply/progress.h"
#include "daemon/apply/run.h"

namespace tidemark {

class World;

// What its statements would meet is only asked for who is to be shown it.
enum class PlanFor { showing, starting };

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
          std::vector<std::string> folders,  // of the app's files
          std::function<Awaitable<Result<void>>()> look_at_it);

  // The task; never returns.
  Awaitable<void> run();

  Awaitable<Result<Plan>> plan(Selection selection, Attempt::Action action, PlanFor what);

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
  // A look of somebody who waits for the answer, and not for ever.
  struct Look {
    bool over = false;
    Result<void> seen;
  };
  Awaitable<Result<void>> look_at_it();
  Awaitable<void> carry_out();
  Awaitable<void> end_what_is_left(std::vector<int> pids);
  Awaitable<void> tell_what_stands_nowhere(const Run& run);
  Awaitable<Result<Plan>> plan_by_what_is_known(Selection selection, Attempt::Action action);

  // With `apply: auto`.
  Awaitable<void> apply_by_itself();
  bool has_untried();
  AutoGround ground() const;
  void tell_once(const std::string& why);
  void hindered(Errc code, const std::string& why);
  Awaitable<void> came_to_nothing(AutoGround ground, Error error, MigrationId migration);

  Awaitable<Result<void>> settle_open();
  Awaitable<Result<void>> settle_one(ManagedEnvironment environment,
                                     Attempt attempt,
                                     bool commit_was_sent);
  Awaitable<Result<std::vector<PlannedMigration>>> read(std::vector<Migration> migrations,
                                                        Attempt::Action action);
  using Scripts = std::map<Digest, Script>;  // by their text
  Result<void> parse(std::vector<PlannedMigration>& planned,
                     Scripts& known,
                     const std::stop_token& stop) const;
  Awaitable<void> ask_server(ManagedEnvironment environment,
                             Plan& plan,
                             bool asks_if_empty,
                             PlanFor what);
  std::optional<ManagedEnvironment> managed() const;

  asio::io_context& loop_;
  World& world_;
  Pool& workers_;
  const Parser& parser_;
  Door door_;
  EnvironmentRef ref_;
  EnvironmentSettings settings_;
  std::function<Awaitable<Result<void>>()> look_at_it_;
  std::shared_ptr<Look> looking_;
  std::vector<std::string> folders_;
  std::vector<int> former_;  // the server's numbers of the last apply's sessions
  Scripts scripts_;          // of the last plan
  AutoTries tries_;
  std::optional<AutoGround> tried_on_;  // of the run that was begun by itself
  Wakeup wakeup_;
  std::shared_ptr<Run> run_;  // shared with the frame that carries it out
};

}  // namespace tidemark
