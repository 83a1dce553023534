#include "daemon/apply/run.h"

#include <algorithm>
#include <array>
#include <utility>

#include <boost/asio/experimental/awaitable_operators.hpp>

#include "adapters/log/log.h"
#include "adapters/loop/timer.h"
#include "adapters/postgres/backend_questions.h"
#include "adapters/postgres/schema_questions.h"
#include "adapters/postgres/server_questions.h"
#include "core/apply/half_done.h"
#include "core/apply/lock_retries.h"
#include "core/text/printable.h"
#include "daemon/apply/lock_key.h"
#include "daemon/apply/receipt.h"
#include "daemon/apply/uuid.h"
#include "daemon/apply/words.h"
#include "daemon/control/document_parts.h"
#include "daemon/world.h"

namespace tidemark {

namespace {

constexpr std::chrono::milliseconds question_within{10'000};
// Short statements are not worth a look at. But who is in the way is to be seen before the server
// gives up waiting for the lock.
constexpr std::chrono::milliseconds look_every_at_most{300};
constexpr std::chrono::milliseconds look_every_at_least{20};

std::chrono::milliseconds look_every(std::chrono::milliseconds lock_timeout) {
  return std::clamp(lock_timeout / 3, look_every_at_least, look_every_at_most);
}

// A backend that was told to end does so nearly at once.
constexpr std::chrono::milliseconds ends_within{10'000};
constexpr std::chrono::milliseconds asked_every{100};

}  // namespace

Run::Run(asio::io_context& loop,
         World& world,
         ManagedEnvironment environment,
         EnvironmentSettings settings,
         Plan plan,
         Selection selection,
         std::string by,
         std::shared_ptr<Progress> progress,
         std::vector<int> former)
    : loop_(loop),
      world_(world),
      environment_(std::move(environment)),
      settings_(std::move(settings)),
      plan_(std::move(plan)),
      selection_(std::move(selection)),
      by_(std::move(by)),
      progress_(std::move(progress)),
      former_(std::move(former)),
      attention_(loop) {}

Awaitable<std::optional<Run::Lost>> Run::carry_out(Door& door) {
  boost::json::array ids;
  for (const auto& migration : plan_.migrations) {
    ids.push_back(text(migration.id.value));
    outcome_.left.push_back(migration.id.value);
  }
  progress_->tell("started",
                  {{"environment", environment_.ref().text()},
                   {"plan", plan_.id},
                   {"action", to_string(plan_.action)},
                   {"by", by_},
                   {"migrations", std::move(ids)}});
  auto sessions = co_await door.open(environment_);
  if (!sessions) {
    outcome_.message = sessions.error().detail;
    outcome_.code = sessions.error().code;
    co_return std::nullopt;
  }
  sessions_ = std::move(*sessions);
  pids_ = {sessions_.work->backend_pid(), sessions_.watch->backend_pid()};
  auto prepared = co_await prepare();
  if (!prepared) {
    outcome_.what = cancelled() ? "cancelled" : "failed";
    outcome_.message = prepared.error().words;
    co_return std::nullopt;
  }
  if (plan_.migrations.empty()) {
    outcome_.what = "applied";
    co_return std::nullopt;
  }
  auto first = attempt_at(0);
  if (!first) {
    outcome_.message = first.error().words;
    co_return std::nullopt;
  }
  begun_ = std::move(*first);
  // What else is to run is in the audit log with it, before anything is sent.
  begun_->details = {{"plan", plan_.id}, {"migrations", std::to_string(plan_.migrations.size())}};
  const auto begun = co_await world_.begin_attempt(environment_.ref(), *begun_);
  if (!begun) {
    outcome_.message = begun.error().detail;
    outcome_.code = begun.error().code;
    outcome_.world_changed = begun.error().code == Errc::conflict;
    co_return std::nullopt;
  }
  for (bool goes_on = true; goes_on;) {
    goes_on = co_await carry_out_one();
  }
  co_return lost_;
}

// Whether this is the database that the plan is for, and nobody else is at work in it.
Awaitable<Run::Tried<void>> Run::prepare() {
  auto asked = co_await who_is_it(*sessions_.work, settings_.schema);
  if (!asked) {
    co_return std::unexpected(trouble_of(asked.error()));
  }
  server_ = std::move(*asked);
  if (server_.standby) {
    co_return std::unexpected(Trouble{"the server is a standby: it cannot be written"});
  }
  const auto situation = world_.situation(environment_.ref());
  if (!situation) {
    co_return std::unexpected(Trouble{situation.error().detail});
  }
  if (situation->identity) {
    const auto other = difference(*situation->identity, server_.identity);
    if (!other.empty()) {
      outcome_.world_changed = true;
      co_return std::unexpected(
          Trouble{"it is not the database that was planned for: " + other + ". Nothing was run"});
    }
  }
  if (plan_.action == Attempt::Action::apply && !selection_.from_empty &&
      !knows_history(*situation)) {
    const auto empty = co_await is_empty(*sessions_.work, settings_.schema);
    if (!empty) {
      co_return std::unexpected(trouble_of(empty.error()));
    }
    if (!*empty) {
      co_return std::unexpected(
          Trouble{not_empty(environment_.ref()).why + "; " + not_empty(environment_.ref()).settle});
    }
  }
  auto alone = co_await be_alone();
  if (!alone) {
    co_return alone;
  }
  if (settings_.receipts) {
    auto schema = co_await place_for_receipts(*sessions_.work);
    if (!schema) {
      co_return std::unexpected(trouble_of(schema.error()));
    }
    receipts_in_ = std::move(*schema);
  }
  co_return Tried<void>{};
}

// Nobody else of us is at work here, for as long as the lock is held by the session that looks on.
Awaitable<Run::Tried<void>> Run::be_alone() {
  const auto until = std::chrono::steady_clock::now() + ends_within;
  bool locked = false;
  for (bool ends = true;;) {
    if (!locked) {
      const auto got =
          co_await try_lock_for_session(*sessions_.watch, lock_key("run", settings_.schema));
      if (!got) {
        co_return std::unexpected(trouble_of(got.error()));
      }
      locked = *got;
    }
    const auto others = co_await other_sessions(*sessions_.watch, pids_);
    if (!others) {
      co_return std::unexpected(trouble_of(others.error()));
    }
    if (locked && others->empty()) {
      co_return Tried<void>{};
    }
    // What a former apply has left, whose server has not noticed yet that it is over: the daemon
    // may have been killed. While somebody is at work the lock is theirs.
    std::vector<int> left = former_;
    if (locked) {
      left.clear();
      std::ranges::transform(*others, std::back_inserter(left), &Backend::pid);
    }
    const auto ended = co_await end_own(*sessions_.watch, std::move(left));
    // Somebody may have ended between the two questions, but not twice.
    const bool ended_before = std::exchange(ends, ended && *ended > 0);
    if ((!ends && !ended_before) || std::chrono::steady_clock::now() >= until) {
      co_return std::unexpected(Trouble{"another session of tidemark is at work in this database" +
                                        (others->empty() ? "" : ": " + words_for(*others)) +
                                        ". One daemon applies to a database at a time" +
                                        (ended ? "" : "; " + trouble_of(ended.error()).words)});
    }
    const bool goes_on = co_await pause(asked_every);
    if (!goes_on) {
      co_return std::unexpected(stopped());
    }
  }
}

// What an earlier attempt has done of it stays done.
Run::Tried<Journal> Run::journal_to_go_on(const PlannedMigration& migration) const {
  const auto* environment = world_.environment(environment_.ref());
  if (environment == nullptr) {
    return Journal{};
  }
  const auto* before =
      half_done(environment->attempts, environment->records, migration.key, plan_.action);
  if (before == nullptr) {
    return Journal{};
  }
  Journal journal = *before->journal;
  journal.under_way = false;
  if (const auto edited = edited_since(migration, journal); !edited.empty()) {
    return std::unexpected(
        Trouble{edited + ": put them back as they were, and make a new migration of what is to be "
                         "different"});
  }
  return journal;
}

Run::Tried<std::shared_ptr<World::NextAttempt>> Run::attempt_at(std::size_t index) const {
  const PlannedMigration& migration = plan_.migrations[index];
  auto next = std::make_shared<World::NextAttempt>();
  Attempt& attempt = next->attempt;
  attempt.id = new_uuid();
  attempt.key = migration.key;
  attempt.migration = migration.id;
  attempt.version_text = migration.version_text;
  attempt.action = plan_.action;
  attempt.content = migration.content;
  attempt.statements = migration.script.unanalysed ? 1 : migration.script.statements.size();
  attempt.transactional = migration.transactional();
  attempt.unanalysed = migration.script.unanalysed.has_value();
  attempt.by = by_;
  attempt.started_at = wall_clock_now();
  attempt.makes = made_by(migration);
  if (!attempt.transactional) {
    auto journal = journal_to_go_on(migration);
    if (!journal) {
      return std::unexpected(std::move(journal.error()));
    }
    attempt.journal = std::move(*journal);
  }
  next->content =
      std::make_shared<const ContentBytes>(ContentBytes{migration.content.raw, migration.bytes});
  next->despite_freeze = plan_.freeze_overridden;
  return next;
}

void Run::tell_started() {
  const auto& attempt = begun_->attempt;
  progress_->tell("migration.started",
                  {{"migration", text(attempt.migration.value)},
                   {"number", current_ + 1},
                   {"of", plan_.migrations.size()},
                   {"attempt", attempt.id},
                   {"transaction", attempt.transactional},
                   {"statements", attempt.statements}});
}

void Run::start_anew() {
  skips_.clear();
  skipped_.clear();
  commit_sent_ = false;
}

// The one that is begun, to its end, with which the next one is begun. False: nothing more is to
// run.
Awaitable<bool> Run::carry_out_one() {
  const auto began = std::chrono::steady_clock::now();
  if (ending_) {
    begun_->attempt.started_at = wall_clock_now();
    // Beside a transaction it is written while that runs.
    const auto may = world_.may_begin(environment_.ref(), *begun_, ending_->attempt.id);
    if (!may || !begun_->attempt.transactional) {
      co_await give_back();
      co_await write_end();
    }
  } else {
    tell_started();
  }
  if (!goes_on_) {
    co_return false;
  }
  const PlannedMigration& migration = this->migration();
  Attempt attempt = begun_->attempt;
  outcome_.what = "open";  // should this be interrupted
  Tried<void> ran;
  if (attempt.transactional) {
    ran = co_await in_transaction(attempt);
  } else {
    ran = co_await separately(attempt);
  }
  if (!goes_on_) {
    co_return false;  // nothing of it is left
  }
  tell_skipped_at_least();
  boost::json::object told{{"migration", text(migration.id.value)}};
  auto what_then = "failed";  // unless it goes on
  if (ran) {
    attempt.outcome = Attempt::Outcome::applied;
  } else {
    auto& trouble = ran.error();
    outcome_.stands_in_attempt = true;
    attempt.detail = trouble.words;
    outcome_.message = migration.file + ": " + trouble.words;
    told["error"] = document_of(trouble, current_);
    if (trouble.lost) {
      told["outcome"] = "open";
      progress_->tell("migration.finished", std::move(told));
      lost_ = Lost{attempt, commit_sent_};
      co_return false;
    }
    attempt.outcome = trouble.unknown ? Attempt::Outcome::unknown : Attempt::Outcome::not_applied;
    if (trouble.unknown) {
      what_then = "unknown";
    } else if (cancelled()) {
      attempt.detail = "cancelled by " + cancelled_by_;
      attempt.outcome = Attempt::Outcome::cancelled;
      what_then = "cancelled";
    }
  }
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - began);
  told["outcome"] = to_string(attempt.outcome);
  told["elapsed_ms"] = took.count();
  std::shared_ptr<World::NextAttempt> next;
  if (ran && current_ + 1 == plan_.migrations.size()) {
    what_then = "applied";
  } else if (ran && cancelled()) {
    what_then = "cancelled";
    outcome_.message =
        "cancelled by " + cancelled_by_ + " before " + plan_.migrations[current_ + 1].id.value;
  } else if (ran && !sessions_.work->usable()) {
    outcome_.message = "the connection was lost behind " + migration.id.value;
    outcome_.stands_in_attempt = false;
    outcome_.code = Errc::retry;
  } else if (ran) {
    auto made =
        next_ ? Tried<std::shared_ptr<World::NextAttempt>>(next_) : attempt_at(current_ + 1);
    if (made) {
      next = std::move(*made);
    } else {
      outcome_.message = made.error().words;
    }
  }
  ending_ = Ending{attempt, skipped_, current_, std::move(told), what_then};
  next_.reset();
  begun_ = std::move(next);
  if (begun_) {
    ++current_;
    co_return true;
  }
  co_await give_back();
  co_await write_end();
  co_return false;
}

// With which the next one begins, if there is one.
Awaitable<void> Run::write_end() {
  const Attempt ended = ending_->attempt;
  const auto written =
      co_await world_.end_attempt(environment_.ref(), ended, ending_->note, begun_);
  auto ending = std::move(*ending_);
  ending_.reset();
  goes_on_ = written && *written && begun_;
  if (!written) {
    // It stays open in our ledger, and is asked about as soon as that can be written again.
    outcome_.what = "open";
    outcome_.message = ended.migration.value + " is " + std::string(to_string(ended.outcome)) +
                       ", and that could not be written down: " + written.error().detail;
    ending.told["outcome"] = "open";
    ending.told["error"] = document_of(Trouble{outcome_.message}, ending.index);
    lost_ = Lost{ended};
    lost_->attempt.outcome = Attempt::Outcome::open;
  }
  progress_->tell("migration.finished", std::move(ending.told));
  if (written && ended.outcome == Attempt::Outcome::applied) {
    outcome_.done.push_back(outcome_.left.front());
    outcome_.left.erase(outcome_.left.begin());
  }
  if (goes_on_) {
    tell_started();
  } else if (written) {
    outcome_.what = ending.what_then;
    if (!*written) {
      outcome_.message = written->error().detail;
    }
  }
  attention_.call();
}

boost::json::object Run::document_of(const Trouble& trouble, std::size_t index) const {
  boost::json::object error{{"message", text(trouble.words)},
                            {"sqlstate", text_or_null(trouble.sqlstate)},
                            {"detail", text_or_null(trouble.detail)},
                            {"hint", text_or_null(trouble.hint)},
                            {"file", text(plan_.migrations[index].file)},
                            {"statement", nullptr},
                            {"line", nullptr},
                            {"column", nullptr}};
  if (trouble.statement) {
    error["statement"] = *trouble.statement + 1;
  }
  // Only to whoever watches: what others ask the server is in no record, and on no page.
  if (is_lock_trouble(trouble.sqlstate)) {
    error["waiting_for"] = in_the_way_with_queries_;
  }
  if (trouble.place) {
    error["line"] = trouble.place->line;
    error["column"] = trouble.place->column;
  }
  return error;
}

void Run::cancel(std::string by) {
  if (!cancelled()) {
    cancelled_by_ = std::move(by);
    attention_.call();
  }
}

void Run::settled(const Attempt& attempt) {
  outcome_.message = attempt.detail;
  switch (attempt.outcome) {
    case Attempt::Outcome::open:
      return;
    case Attempt::Outcome::applied:
      outcome_.what = outcome_.left.size() == 1 ? "applied" : "failed";
      outcome_.message = "the connection was lost while " + attempt.migration.value +
                         " was applied, and it is: " + attempt.detail;
      outcome_.done.push_back(outcome_.left.front());
      outcome_.left.erase(outcome_.left.begin());
      break;
    case Attempt::Outcome::not_applied:
    case Attempt::Outcome::cancelled:
      outcome_.what = "failed";
      outcome_.message = "the connection was lost while " + attempt.migration.value +
                         " was applied, and nothing of it is left: " + attempt.detail;
      break;
    case Attempt::Outcome::unknown:
      outcome_.what = "unknown";
      break;
  }
  progress_->tell("settled",
                  {{"migration", text(attempt.migration.value)},
                   {"outcome", to_string(attempt.outcome)},
                   {"why", text(attempt.detail)}});
}

void Run::finish() {
  boost::json::array done;
  for (const auto& id : outcome_.done) {
    done.push_back(text(id));
  }
  boost::json::array left;
  for (const auto& id : outcome_.left) {
    left.push_back(text(id));
  }
  progress_->tell("finished",
                  {{"outcome", outcome_.what},
                   {"done", std::move(done)},
                   {"left", std::move(left)},
                   {"message", text_or_null(outcome_.message)},
                   {"world_changed", outcome_.world_changed}});
  progress_->end();
}

Run::Trouble Run::stopped() const {
  return {"cancelled by " + cancelled_by_, "57014"};
}

// True unless somebody cancels meanwhile.
Awaitable<bool> Run::pause(std::chrono::milliseconds duration) {
  auto is_cancelled = [this] { return cancelled(); };
  const bool stops = co_await wait_until(std::move(is_cancelled), duration);
  co_return !stops;
}

Awaitable<bool> Run::wait_until(std::function<bool()> is_so, std::chrono::milliseconds at_most) {
  const auto until = std::chrono::steady_clock::now() + at_most;
  for (auto now = std::chrono::steady_clock::now(); now < until && !is_so();
       now = std::chrono::steady_clock::now()) {
    co_await attention_.sleep(until - now);
  }
  co_return is_so();
}

// A statement goes on when its client is gone, unless the server looks whether there still is one;
// and of a host that is gone without a word only keepalives tell.
std::string Run::settings_of_connection(std::string_view set) const {
  std::string sql;
  const auto add = [&](std::string_view setting) {
    sql += "; " + std::string(set) + " " + std::string(setting);
  };
  add("tcp_keepalives_idle = 5");
  add("tcp_keepalives_interval = 3");
  add("tcp_keepalives_count = 3");
  if (sessions_.work->server_version() >= 140000) {
    add("client_connection_check_interval = 1000");
  }
  return sql;
}

Awaitable<Run::Tried<void>> Run::command(std::string sql) {
  const auto ran = co_await sessions_.work->run(std::move(sql), question_within);
  if (!ran) {
    co_return std::unexpected(trouble_of(ran.error()));
  }
  co_return Tried<void>{};
}

// Sends one statement. The answer is its tag.
Awaitable<Run::Tried<std::string>> Run::send(const Step& step) {
  auto answer = co_await run_watched(step);
  if (!answer) {
    co_return std::unexpected(trouble_of(step, answer.error()));
  }
  auto noted = co_await note_skipped(step.number, std::move(answer->notices));
  if (!noted) {
    co_return std::unexpected(std::move(noted.error()));
  }
  co_return std::move(answer->tag);
}

// Looks after it while it runs.
Awaitable<WriteSession::Answer> Run::run_watched(const Step& step) {
  using namespace asio::experimental::awaitable_operators;
  tell_state(step, {});
  in_the_way_.clear();
  in_the_way_with_queries_.clear();
  auto work = run_and_say(step.sql);
  auto watch = look_after(step);
  auto answer = co_await (std::move(work) && std::move(watch));
  if (!answer && answer.error().lost && !watch_lost_.empty()) {
    answer.error().message = "the session beside it was lost, so it was stopped: " + watch_lost_;
  }
  co_return answer;
}

// To whoever looks after it.
Awaitable<WriteSession::Answer> Run::run_and_say(std::string sql) {
  done_ = false;
  auto answer = co_await sessions_.work->run(std::move(sql));
  done_ = true;
  attention_.call();
  co_return answer;
}

Awaitable<void> Run::look_after(const Step& step) {
  const int pid = sessions_.work->backend_pid();
  bool cancel_tried = false;
  bool cancel_sent = false;
  const auto every = look_every(settings_.lock_timeout);
  for (auto next = std::chrono::steady_clock::now() + every; !done_;) {
    const auto now = std::chrono::steady_clock::now();
    if (watch_busy_) {
      co_await attention_.sleep(look_every_at_least);
      continue;
    }
    if (now < next && cancelled() == cancel_tried) {
      co_await attention_.sleep(next - now);
      continue;
    }
    next = now + every;
    cancel_tried = cancelled();
    if (!sessions_.watch->usable()) {
      // Nobody can cancel it any more, nor make sure of a transaction: it ends with its session.
      // What runs by itself goes on, and COMMIT, whose outcome can be asked for.
      if (cancelled() || (migration().transactional() && !commit_sent_)) {
        sessions_.work->interrupt();
      }
      continue;
    }
    if (cancelled() && !cancel_sent) {
      const auto aim = co_await aim_at_statement(*sessions_.watch, pid);
      if (aim && *aim) {
        const auto sent = co_await tidemark::cancel(*sessions_.watch, **aim);
        cancel_sent = sent && *sent;
      }
    }
    const auto blocking = co_await blockers(*sessions_.watch, pid);
    if (!blocking && !sessions_.watch->usable()) {
      watch_lost_ = blocking.error().error.detail;
      log_warn("the session beside an apply was lost",
               {{"environment", environment_.ref().text()}, {"error", watch_lost_}});
    }
    boost::json::object state;
    if (blocking && !blocking->empty()) {
      in_the_way_ = words_for(*blocking);
      in_the_way_with_queries_ = documents_of(*blocking);
      state["waiting_for"] = in_the_way_with_queries_;
    }
    const auto build = co_await index_progress(*sessions_.watch, pid);
    if (build && *build) {
      state["phase"] = (*build)->phase;
      if ((*build)->per_cent) {
        state["per_cent"] = *(*build)->per_cent;
      }
    }
    tell_state(step, std::move(state));
  }
}

void Run::tell_state(const Step& step, boost::json::object more) {
  if (ending_) {
    return;  // nobody has been told yet that it began
  }
  const auto& migration = this->migration();
  more["migration"] = text(migration.id.value);
  more["number"] = current_ + 1;
  more["of"] = plan_.migrations.size();
  more["statement"] = step.number + 1;
  more["statements"] = std::max<std::size_t>(migration.script.statements.size(), 1);
  if (step.number < migration.script.statements.size()) {
    const auto& statement = migration.script.statements[step.number];
    more["line"] = statement.line;
    more["kind"] = text(statement.kind);
  }
  progress_->now(std::move(more));
}

Run::Trouble Run::trouble_of(const WriteFailure& failure) const {
  Trouble trouble{failure.message.empty() ? failure.error.detail : failure.message};
  trouble.sqlstate = failure.sqlstate;
  trouble.detail = failure.detail;
  trouble.hint = failure.hint;
  trouble.lost = failure.lost;
  if (cancelled() && failure.sqlstate == "57014") {
    trouble.words = "cancelled by " + cancelled_by_;
  } else if (failure.sqlstate == "57014") {
    trouble.words += " (by `statement_timeout`, or by somebody else)";
  } else if (failure.sqlstate == "57P01") {
    trouble.words += " (by an administrator, or another tidemark that applies here)";
  } else if (failure.sqlstate == "55P03" && !in_the_way_.empty()) {
    trouble.words += ", behind " + in_the_way_;
  }
  return trouble;
}

Run::Trouble Run::trouble_beside(const WriteFailure& failure) const {
  auto trouble = trouble_of(failure);
  trouble.lost = false;
  return trouble;
}

Run::Trouble Run::trouble_of(const Step& step, const WriteFailure& failure) const {
  auto trouble = trouble_of(failure);
  trouble.statement = step.number;
  const auto at = failure.position ? byte_of_character(step.sql, *failure.position) : 0;
  trouble.place = place_in(migration().sql.text, step.offset + at);
  return trouble;
}

}  // namespace tidemark
