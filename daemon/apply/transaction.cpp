// A migration in a transaction of its own.

#include <boost/asio/experimental/awaitable_operators.hpp>

#include "adapters/loop/timer.h"
#include "adapters/postgres/transaction_questions.h"
#include "core/apply/lock_retries.h"
#include "core/text/hex.h"
#include "daemon/apply/lock_key.h"
#include "daemon/apply/receipt.h"
#include "daemon/apply/run.h"
#include "daemon/apply/words.h"
#include "daemon/world.h"

namespace tidemark {

namespace {

// Who holds locks and hears nothing more of us.
constexpr std::string_view idle_for_at_most =
    "SET LOCAL idle_in_transaction_session_timeout = 15000";

// The further the log was when COMMIT was sent, the surer an older copy of the server is noticed.
constexpr std::chrono::seconds flushed_long_ago{1};
constexpr std::chrono::seconds begun_long_ago{1};

// Our ledger's disk is waited for so long while a transaction is open, and holds its locks.
constexpr std::chrono::milliseconds written_within{2'000};

// That no file has by chance.
constexpr std::string_view held_by = "tidemark_a5d0f2c49b7e";

std::string in_ms(std::chrono::milliseconds duration) {
  return std::to_string(duration.count());
}

}  // namespace

// Tried again as a whole when it meets a lock, so that it never stands in a queue for long.
Awaitable<Run::Tried<void>> Run::in_transaction(Attempt& attempt) {
  LockRetries retries(settings_.lock_retries);
  for (unsigned tries = 1;; ++tries) {
    auto tried = co_await try_in_transaction(attempt);
    if (std::exchange(rolled_back_meanwhile_, false) && goes_on_) {
      tried = co_await try_in_transaction(attempt);
    }
    if (!tried && !tried.error().lost) {
      co_await roll_back();
    }
    // What nobody has read may be done already, by a COMMIT of its own.
    const bool is_over = tried || !goes_on_ || tried.error().lost || attempt.unanalysed ||
                         !is_lock_trouble(tried.error().sqlstate);
    if (is_over) {
      co_return tried;
    }
    const auto chance = std::uniform_real_distribution<>(0, 1)(random_);
    const auto wait = retries.next(chance);
    if (!wait) {
      tried.error().words += "; given up after " + std::to_string(tries) +
                             (tries == 1 ? " try" : " tries") + ", and nothing is left of it";
      co_return tried;
    }
    progress_->tell("retrying",
                    {{"migration", migration().id.value},
                     {"try", tries + 1},
                     {"of", settings_.lock_retries + 1},
                     {"in_ms", wait->count()},
                     {"why", tried.error().words}});
    const bool goes_on = co_await pause(*wait);
    if (!goes_on) {
      co_return std::unexpected(stopped());
    }
  }
}

// While its statements run, what tells the transaction from all others is brought to both disks.
Awaitable<Run::Tried<void>> Run::try_in_transaction(Attempt& attempt) {
  using namespace asio::experimental::awaitable_operators;
  start_anew();
  auto begun = co_await begin(attempt);
  if (!begun) {
    begun.error().lost = false;  // nothing of the migration was sent
    if (ending_) {
      co_await write_end();
    }
    co_return begun;
  }
  known_.reset();
  auto work = run_to_commit(attempt);
  auto known = make_known(attempt);
  auto ran = co_await (std::move(work) && std::move(known));
  if (!ran) {
    co_return ran;
  }
  auto sure = co_await make_sure(attempt);
  if (!sure) {
    co_return sure;
  }
  auto committed = co_await commit(attempt);
  co_return committed;
}

std::string Run::beginning_of(const Attempt& attempt) const {
  std::string settings = "SET LOCAL client_min_messages = notice; " +
                         std::string(idle_for_at_most) +
                         "; SET LOCAL lock_timeout = " + in_ms(settings_.lock_timeout) +
                         "; SET LOCAL statement_timeout = " + in_ms(settings_.statement_timeout) +
                         settings_of_connection("SET LOCAL");
  if (!settings_.schema.empty()) {
    // In whatever encoding the session is by now.
    settings +=
        "; SELECT pg_catalog.set_config('search_path', "
        "pg_catalog.convert_from(pg_catalog.decode('" +
        in_hex(quoted_name(settings_.schema)) + "', 'hex'), 'UTF8'), true)";
  }
  return begin_transaction(
      settings,
      lock_key("migration", settings_.schema),
      environment_.ref().text() + " " + attempt.migration.value + " " + attempt.id);
}

// Unless COMMIT of the one before has begun it already.
Awaitable<Run::Tried<void>> Run::begin(const Attempt& attempt) {
  auto begun = std::exchange(begun_ahead_, std::nullopt);
  if (!begun) {
    const auto answer = co_await sessions_.work->run(beginning_of(attempt), question_deadline);
    if (!answer) {
      co_return std::unexpected(trouble_of(answer.error()));
    }
    begun = begun_in(*answer);
  }
  if (!begun) {
    co_return std::unexpected(Trouble{"the server's answer to BEGIN cannot be understood"});
  }
  if (!begun->alone) {
    co_return std::unexpected(Trouble{"another session of tidemark is applying to this database"});
  }
  transaction_ = TransactionMark{begun->xid, server_.identity, server_.started};
  written_ = begun->written;
  co_return Tried<void>{};
}

// All of it but COMMIT.
Awaitable<Run::Tried<void>> Run::run_to_commit(Attempt& attempt) {
  auto ran = co_await run_all(attempt);
  if (!ran) {
    co_return ran;
  }
  // Nothing is told of it before the end of the one before is.
  auto known = co_await is_known_in_time();
  if (!known) {
    co_return known;
  }
  auto compared = co_await compare_skipped(attempt, 0);
  if (!compared) {
    co_return compared;
  }
  auto left = co_await receipt(attempt);
  co_return left;
}

// By the server's log first: a number that is not on its disk may be given out again. Then in our
// ledger, with the end of the migration before.
Awaitable<void> Run::make_known(Attempt& attempt) {
  auto flushed = co_await flush();
  // Whatever nobody has read may commit what it was sent in by itself: that has no mark until it is
  // known not to have.
  const bool is_marked = flushed && !attempt.unanalysed;
  if (ending_) {
    if (is_marked) {
      attempt.mark = transaction_;
      begun_->attempt.mark = transaction_;
    }
    co_await write_end();
  } else if (is_marked) {
    flushed = co_await write_mark(attempt);
  }
  known_ = std::move(flushed);
  attention_.call();
}

Awaitable<Run::Tried<void>> Run::write_mark(Attempt& attempt) {
  attempt.mark = transaction_;
  const auto noted = co_await world_.note_attempt(environment_.ref(), attempt);
  if (!noted) {
    co_return std::unexpected(Trouble{
        "what is needed to know its outcome could not be written down, so COMMIT was not sent: " +
        noted.error().detail});
  }
  co_return Tried<void>{};
}

Awaitable<Run::Tried<void>> Run::flush() {
  watch_busy_ = true;
  const auto flushed = co_await flush_log(*sessions_.watch);
  watch_busy_ = false;
  if (!flushed) {
    if (!sessions_.watch->usable()) {
      watch_lost_ = flushed.error().error.detail;
    }
    auto trouble = trouble_beside(flushed.error());
    trouble.words = "the session beside it failed, so COMMIT was not sent: " + trouble.words;
    co_return std::unexpected(std::move(trouble));
  }
  if (*flushed < written_) {
    co_return std::unexpected(
        Trouble{"the server did not bring its log to the disk, so COMMIT was not sent"});
  }
  transaction_.flushed = *flushed;
  flushed_at_ = std::chrono::steady_clock::now();
  co_return Tried<void>{};
}

Awaitable<Run::Tried<void>> Run::run_all(const Attempt& attempt) {
  if (attempt.unanalysed) {
    auto held = co_await command("SAVEPOINT " + std::string(held_by));
    if (!held) {
      held.error().lost = false;  // nothing of the migration was sent
      co_return held;
    }
  }
  for (const auto& step : steps_of(migration())) {
    if (cancelled()) {
      co_return std::unexpected(stopped());
    }
    auto sent = co_await send(step);
    if (!sent) {
      if (attempt.unanalysed && !sent.error().lost) {
        // Where that is gone, something in there has ended our transaction, one way or the other.
        const auto still = co_await command("ROLLBACK TO SAVEPOINT " + std::string(held_by));
        sent.error().unknown = !still;
      }
      co_return std::unexpected(std::move(sent.error()));
    }
    if (!attempt.unanalysed && sets_something(migration().script.statements[step.number])) {
      auto guarded = co_await guard_again();
      if (!guarded) {
        co_return guarded;
      }
    }
  }
  if (attempt.unanalysed) {
    bool same = sessions_.work->transaction() == WriteSession::Transaction::open;
    if (same) {
      const auto place = co_await where_it_is(*sessions_.work);
      same = place && place->xid == transaction_.xid;
    }
    if (!same) {
      Trouble trouble{
          "it has ended the transaction that it was sent in: what it did before that may have been "
          "committed"};
      trouble.unknown = true;
      co_return std::unexpected(std::move(trouble));
    }
  }
  co_return Tried<void>{};
}

// A file may have less patience than its environment, and never more.
Awaitable<Run::Tried<void>> Run::guard_again() {
  const auto patience = co_await lock_timeout_of(*sessions_.work);
  if (!patience) {
    co_return std::unexpected(trouble_of(patience.error()));
  }
  std::string sql(idle_for_at_most);
  if (patience->count() == 0 || *patience > settings_.lock_timeout) {
    sql += "; SET LOCAL lock_timeout = " + in_ms(settings_.lock_timeout);
  }
  auto set = co_await command(std::move(sql));
  co_return set;
}

Awaitable<Run::Tried<void>> Run::receipt(const Attempt& attempt) {
  if (receipts_in_.empty()) {
    co_return Tried<void>{};
  }
  const auto left = co_await leave_receipt(*sessions_.work, receipts_in_, attempt);
  if (!left) {
    auto trouble = trouble_of(left.error());
    trouble.words = "its receipt: " + trouble.words;
    co_return std::unexpected(std::move(trouble));
  }
  co_return Tried<void>{};
}

// Our disk may take its time while locks are held, but not much; then they are let go.
Awaitable<Run::Tried<void>> Run::is_known_in_time() {
  auto is_known = [this] { return known_.has_value(); };
  const bool in_time = co_await wait_until(std::move(is_known), written_within);
  if (!in_time) {
    rolled_back_meanwhile_ = ending_.has_value();
    co_await roll_back();
    co_return std::unexpected(
        Trouble{"our ledger's disk took too long while locks were held, so COMMIT was not sent"});
  }
  if (!*known_) {
    co_return *known_;
  }
  if (!goes_on_) {
    co_return std::unexpected(Trouble{"that it begins could not be written down"});
  }
  co_return Tried<void>{};
}

// Before COMMIT: what took longer, was not understood, or has come to be known of it meanwhile is
// written down now.
Awaitable<Run::Tried<void>> Run::make_sure(Attempt& attempt) {
  using namespace asio::experimental::awaitable_operators;
  const bool is_old = std::chrono::steady_clock::now() - flushed_at_ > flushed_long_ago;
  const bool has_news = attempt.no_op || !attempt.differences.empty();
  if (!is_old && !has_news && attempt.mark == transaction_) {
    co_return Tried<void>{};
  }
  known_.reset();
  auto known = make_known_again(attempt, is_old);
  auto in_time = is_known_in_time();
  auto sure = co_await (std::move(known) && std::move(in_time));
  co_return sure;
}

Awaitable<void> Run::make_known_again(Attempt& attempt, bool flushes) {
  Tried<void> known;
  if (flushes) {
    known = co_await flush();
  }
  if (known) {
    known = co_await write_mark(attempt);
  }
  known_ = std::move(known);
  attention_.call();
}

// Where another transaction follows, it begins in the same message, so that nobody waits twice.
Awaitable<Run::Tried<void>> Run::commit(const Attempt& attempt) {
  const auto steps = std::max<std::size_t>(attempt.statements, 1);
  Step last{steps - 1, std::string(commit_to_disk), 0};
  next_ = next_in_transaction();
  if (next_) {
    last.sql += "; " + beginning_of(next_->attempt);
  }
  commit_sent_ = true;
  const auto sent_at = std::chrono::steady_clock::now();
  auto answer = co_await run_watched(last);
  if (!is_committed(answer ? answer->tags : answer.error().tags)) {
    if (answer) {
      co_return std::unexpected(
          Trouble{"the server did not answer COMMIT with COMMIT: nothing is left of it"});
    }
    auto trouble = trouble_of(answer.error());
    trouble.words = "at COMMIT: " + trouble.words;
    co_return std::unexpected(std::move(trouble));
  }
  if (answer) {
    if (auto skip = skip_in(last.number, std::move(answer->notices))) {
      skips_.push_back(std::move(*skip));
    }
    // What comes next has the time at which this was sent for its now().
    const bool is_old = std::chrono::steady_clock::now() - sent_at > begun_long_ago;
    if (next_ && !is_old) {
      begun_ahead_ = begun_in(*answer);
    }
  }
  if (!begun_ahead_) {
    co_await roll_back();  // it is begun anew, and that says what is wrong
  }
  co_return Tried<void>{};
}

std::shared_ptr<World::NextAttempt> Run::next_in_transaction() const {
  const auto next = current_ + 1;
  if (cancelled() || next == plan_.migrations.size() || !plan_.migrations[next].transactional()) {
    return nullptr;
  }
  auto attempt = attempt_at(next);
  return attempt ? std::move(*attempt) : nullptr;
}

// What was begun ahead, and does not follow at once.
Awaitable<void> Run::give_back() {
  if (std::exchange(begun_ahead_, std::nullopt)) {
    co_await roll_back();
  }
}

// When it fails the session is gone, and the transaction with it.
Awaitable<void> Run::roll_back() {
  const bool in_one =
      sessions_.work->usable() && sessions_.work->transaction() != WriteSession::Transaction::none;
  if (in_one) {
    [[maybe_unused]] const auto rolled_back = co_await command("ROLLBACK");
  }
}

}  // namespace tidemark
