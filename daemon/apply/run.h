#pragma once

#include <chrono>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "adapters/config/settings.h"
#include "adapters/loop/asio.h"
#include "adapters/loop/wakeup.h"
#include "adapters/postgres/schema_questions.h"
#include "adapters/postgres/server_questions.h"
#include "adapters/postgres/transaction_questions.h"
#include "adapters/postgres/twin_questions.h"
#include "core/apply/attempt.h"
#include "core/apply/plan.h"
#include "core/apply/steps.h"
#include "core/apply/twin.h"
#include "core/environment/managed.h"
#include "daemon/apply/door.h"
#include "daemon/apply/progress.h"
#include "daemon/world.h"

namespace tidemark {

// Carries out one plan: one migration after the other, each to its end, until all are done or one
// is not. What it does is written down before anything of it can stay; while our disk takes its
// time with that, the statements of a transaction run already.
class Run {
 public:
  Run(asio::io_context& loop,
      World& world,
      ManagedEnvironment environment,
      EnvironmentSettings settings,
      Plan plan,
      Selection selection,
      std::string by,
      std::shared_ptr<Progress> progress,
      std::vector<int> former);  // the server's numbers of the sessions of the one before

  // An attempt whose session was lost before its outcome was known.
  struct Lost {
    Attempt attempt;
    bool commit_was_sent = true;
  };
  // Returns the one that is to be asked about, if there is one.
  Awaitable<std::optional<Lost>> carry_out(Door& door);

  // The statement that runs is cancelled, and nothing after it begins.
  void cancel(std::string by);
  bool cancelled() const { return !cancelled_by_.empty(); }

  const Plan& plan() const { return plan_; }
  const std::string& by() const { return by_; }
  const std::shared_ptr<Progress>& progress() const { return progress_; }

  // Its sessions, once it is carried out.
  void let_go() { sessions_ = ApplySessions{}; }

  // The server's numbers of them.
  const std::vector<int>& pids() const { return pids_; }

  // After carry_out(): how it went, for people.
  struct Outcome {
    std::string what = "failed";  // applied, failed, cancelled, unknown, open
    std::vector<std::string> done;
    std::vector<std::string> left;
    std::string message;
    // What went wrong is said by the attempt that it went wrong with; else there was none yet.
    bool stands_in_attempt = false;
    Errc code = Errc::conflict;  // of what stands nowhere
    bool world_changed = false;  // since the plan, so that nothing of it was run
  };
  const Outcome& outcome() const { return outcome_; }
  // Tells it, and that nothing follows.
  void finish();
  // What was asked about after all.
  void settled(const Attempt& attempt);

 private:
  // Why a migration did not come to its end.
  struct Trouble {
    std::string words;
    std::string sqlstate{};
    std::string detail{};
    std::string hint{};
    std::optional<std::size_t> statement{};  // from 0
    std::optional<SqlPlace> place{};
    bool lost = false;     // nobody knows what became of what was sent
    bool unknown = false;  // and nobody can be asked
  };
  template <class T>
  using Tried = std::expected<T, Trouble>;
  Awaitable<Tried<void>> prepare();
  Awaitable<Tried<void>> be_alone();
  Tried<std::shared_ptr<World::NextAttempt>> attempt_at(std::size_t index) const;
  Tried<Journal> journal_to_go_on(const PlannedMigration& migration) const;
  Awaitable<bool> carry_out_one();
  // The end of a migration, until it is written down together with the beginning of the next one.
  struct Ending {
    Attempt attempt;
    std::string note;
    std::size_t index = 0;       // of the plan's migrations
    boost::json::object told{};  // about it
    std::string what_then;       // is the outcome of all, if nothing follows
  };
  Awaitable<void> write_end();
  void tell_started();
  // What was known of the try before goes.
  void start_anew();

  // In a transaction (transaction.cpp).
  Awaitable<Tried<void>> in_transaction(Attempt& attempt);
  Awaitable<Tried<void>> try_in_transaction(Attempt& attempt);
  std::string beginning_of(const Attempt& attempt) const;
  Awaitable<Tried<void>> begin(const Attempt& attempt);
  Awaitable<Tried<void>> run_to_commit(Attempt& attempt);
  Awaitable<Tried<void>> run_all(const Attempt& attempt);
  Awaitable<Tried<void>> guard_again();
  Awaitable<Tried<void>> receipt(const Attempt& attempt);
  Awaitable<void> make_known(Attempt& attempt);
  Awaitable<Tried<void>> write_mark(Attempt& attempt);
  Awaitable<Tried<void>> flush();
  Awaitable<Tried<void>> is_known_in_time();
  Awaitable<Tried<void>> make_sure(Attempt& attempt);
  Awaitable<void> make_known_again(Attempt& attempt, bool flushes);
  Awaitable<Tried<void>> commit(const Attempt& attempt);
  std::shared_ptr<World::NextAttempt> next_in_transaction() const;
  Awaitable<void> give_back();
  Awaitable<void> roll_back();

  // One by one (separately.cpp).
  Awaitable<Tried<void>> separately(Attempt& attempt);
  Awaitable<Tried<void>> set_again(const Step& step);
  Awaitable<Tried<void>> try_separately(const Step& step, Attempt& attempt);
  Awaitable<Tried<void>> run_separately(const Step& step, Attempt& attempt);
  Awaitable<Tried<void>> step_done(const Step& step, Attempt& attempt);
  Awaitable<Tried<bool>> clear_the_way(const Statement& statement, Attempt& attempt);
  Awaitable<Tried<void>> drop_invalid(std::string name);
  Awaitable<void> repair(const Statement& statement, Attempt& attempt, Trouble& trouble);
  Awaitable<void> repair_unnamed(const Statement& statement,
                                 const SqlObject& where,
                                 std::span<const InvalidOne> before,
                                 Trouble& trouble);
  Awaitable<Tried<void>> wait_for_old_transactions(const Step& step);
  static Trouble stopped_after(const Attempt& attempt, Trouble trouble);

  // What IF NOT EXISTS skipped (skipped.cpp).
  struct Skip {
    std::size_t statement = 0;            // from 0
    std::vector<std::string> messages{};  // none: it may have been skipped, nobody knows
    std::string search_path{};
  };
  struct Compared {
    std::map<std::string, std::string> differences{};  // in words, by what differs
    std::string not_compared{};                        // why some of it was not
  };
  static std::optional<Skip> skip_in(std::size_t statement, std::vector<Notice> notices);
  Awaitable<Tried<void>> note_skipped(std::size_t statement, std::vector<Notice> notices);
  Awaitable<Tried<void>> compare_skipped(Attempt& attempt, std::size_t done_before);
  Awaitable<Tried<Compared>> compare_one(Skip skip, std::chrono::steady_clock::time_point until);
  static void compare(const Twin& twin,
                      const Asked<Likeness>& made,
                      const Elsewhere& elsewhere,
                      Compared& compared);
  void tell_skipped(const Skip& skip, const Compared* compared);
  void tell_skipped_at_least();

  Awaitable<Tried<std::string>> send(const Step& step);
  Awaitable<WriteSession::Answer> run_watched(const Step& step);
  Awaitable<WriteSession::Answer> run_and_say(std::string sql);
  Awaitable<void> look_after(const Step& step);
  Awaitable<Tried<void>> command(std::string sql);
  // What has the server let go of us when we are gone, as settings for `set` ("SET", "SET LOCAL").
  std::string settings_of_connection(std::string_view set) const;
  Awaitable<bool> pause(std::chrono::milliseconds duration);
  // False when the time was up. Whoever makes it so calls `attention_`.
  Awaitable<bool> wait_until(std::function<bool()> is_so, std::chrono::milliseconds at_most);
  Trouble trouble_of(const Step& step, const WriteFailure& failure) const;
  Trouble trouble_of(const WriteFailure& failure) const;
  // Of what was sent beside the migration: nothing of that is lost with it.
  Trouble trouble_beside(const WriteFailure& failure) const;
  const PlannedMigration& migration() const { return plan_.migrations[current_]; }
  boost::json::object document_of(const Trouble& trouble, std::size_t index) const;
  Trouble stopped() const;
  void tell_state(const Step& step, boost::json::object more);

  asio::io_context& loop_;
  World& world_;
  ManagedEnvironment environment_;
  EnvironmentSettings settings_;
  Plan plan_;
  Selection selection_;
  std::string by_;
  std::shared_ptr<Progress> progress_;
  ApplySessions sessions_;
  std::vector<int> pids_;
  std::vector<int> former_;
  TransactionMark transaction_;
  std::uint64_t written_ = 0;         // so far goes the server's log with its number
  std::optional<Tried<void>> known_;  // how writing the mark went
  bool commit_sent_ = false;
  bool rolled_back_meanwhile_ = false;  // while our disk took its time with the end before
  std::chrono::steady_clock::time_point flushed_at_;
  ServerSelf server_;
  std::string receipts_in_;  // the schema; empty: none are left
  Outcome outcome_;
  std::optional<Lost> lost_;
  std::shared_ptr<World::NextAttempt> begun_;  // the one that runs
  std::shared_ptr<World::NextAttempt> next_;   // which COMMIT of this one begins
  std::optional<BegunTransaction> begun_ahead_;
  std::optional<Ending> ending_;  // of the one before
  bool goes_on_ = true;           // what is begun is begun in our ledger, too
  std::size_t current_ = 0;       // of the plan's migrations
  std::string cancelled_by_;
  Wakeup attention_;         // of who looks after a statement, and of pauses
  bool done_ = false;        // what look_after() waits for
  bool watch_busy_ = false;  // with something else than looking on
  std::string watch_lost_;   // why, once it is
  std::string in_the_way_;   // who was, as last seen
  boost::json::array in_the_way_with_queries_;
  std::vector<Skip> skips_;  // not yet compared
  std::string skipped_;      // what statements left as it was, in words
  std::mt19937 random_{std::random_device{}()};
};

}  // namespace tidemark
