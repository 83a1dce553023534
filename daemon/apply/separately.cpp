// A migration that cannot run in a transaction: its statements one by one, each written down before
// and after.

#include <algorithm>
#include <optional>
#include <utility>

#include "adapters/loop/timer.h"
#include "adapters/postgres/schema_questions.h"
#include "core/apply/lock_retries.h"
#include "daemon/apply/lock_key.h"
#include "daemon/apply/run.h"
#include "daemon/apply/words.h"
#include "daemon/world.h"

namespace tidemark {

namespace {

// A concurrent build waits for every transaction that is older: with one that has been open for so
// long it would wait for nobody knows how long.
constexpr std::chrono::seconds old_after{30};
constexpr std::chrono::seconds wait_for_old_ones{5};
// Who was in the way of a build is in the way of dropping what it left, too. What has a name in the
// file and cannot be dropped is dropped by the next apply.
constexpr std::chrono::milliseconds drop_waits_at_most{5'000};

bool is_concurrent(const Statement& statement) {
  return statement.kind.find("CONCURRENTLY") != std::string::npos;
}

bool builds_index(const Statement& statement) {
  return statement.kind == "CREATE INDEX CONCURRENTLY" && !statement.objects.empty() &&
         statement.objects.front().kind == "index" && !statement.objects.front().name.empty();
}

// Where one that it does not name may be left.
std::optional<SqlObject> may_leave_an_index(const Statement& statement) {
  const bool rebuilds = statement.kind == "REINDEX CONCURRENTLY";
  const bool builds = statement.kind == "CREATE INDEX CONCURRENTLY" && !builds_index(statement);
  if (statement.objects.empty() || (!rebuilds && !builds)) {
    return std::nullopt;
  }
  return statement.objects.front();
}

// Of all that was left meanwhile. REINDEX gives names that nobody else does; of another REINDEX of
// somebody's that failed meanwhile it does not matter who drops what that left.
bool is_from(const Statement& statement, const InvalidOne& index) {
  return !statement.kind.starts_with("REINDEX") || index.name.contains("_ccnew") ||
         index.name.contains("_ccold");
}

// At its end, or as all that it does.
bool drops_index(const Statement& statement) {
  return statement.kind.starts_with("DROP") || statement.kind.starts_with("REINDEX");
}

}  // namespace

Awaitable<Run::Tried<void>> Run::separately(Attempt& attempt) {
  start_anew();
  auto fresh = co_await command("DISCARD ALL");
  if (!fresh) {
    fresh.error().lost = false;  // nothing of the migration was sent
    co_return fresh;
  }
  const auto locked =
      co_await try_lock_for_session(*sessions_.work, lock_key("migration", settings_.schema));
  if (!locked || !*locked) {
    auto trouble = locked ? Trouble{"another session of tidemark is applying to this database"}
                          : trouble_beside(locked.error());
    co_return std::unexpected(std::move(trouble));
  }
  if (!settings_.schema.empty()) {
    auto path = co_await command("SET search_path = " + quoted_name(settings_.schema));
    if (!path) {
      path.error().lost = false;
      co_return path;
    }
  }
  const auto done_before = attempt.journal->done;
  for (const auto& step : steps_of(migration())) {
    if (step.number < done_before) {
      // What they left in the session that ran them the statements behind them rely on.
      auto set = co_await set_again(step);
      if (!set) {
        co_return set;
      }
      continue;
    }
    if (cancelled()) {
      co_return std::unexpected(stopped_after(attempt, stopped()));
    }
    auto ran = co_await try_separately(step, attempt);
    if (!ran) {
      co_return std::unexpected(stopped_after(attempt, std::move(ran.error())));
    }
  }
  // All of it is done, whatever can be said of it.
  [[maybe_unused]] const auto compared = co_await compare_skipped(attempt, done_before);
  if (!receipts_in_.empty()) {
    auto begun = co_await command("BEGIN");
    if (begun) {
      begun = co_await receipt(attempt);
    }
    if (begun) {
      begun = co_await command("COMMIT");
    }
    if (!begun) {
      co_await roll_back();
      begun.error().words = "all of it is done, but for the receipt: " + begun.error().words;
      co_return begun;
    }
  }
  co_return Tried<void>{};
}

Awaitable<Run::Tried<void>> Run::set_again(const Step& step) {
  if (!sets_something(migration().script.statements[step.number])) {
    co_return Tried<void>{};
  }
  auto set = co_await command(step.sql);
  if (!set) {
    set.error().lost = false;
    set.error().words =
        "its statement " + std::to_string(step.number + 1) +
        ", which is done, sets something for those behind it, and failed now: " + set.error().words;
  }
  co_return set;
}

// Says how far it came: that much stays.
Run::Trouble Run::stopped_after(const Attempt& attempt, Trouble trouble) {
  if (attempt.journal->done > 0) {
    trouble.words += "; the first " + std::to_string(attempt.journal->done) + " of its " +
                     std::to_string(attempt.statements) +
                     " statements are done and stay, and the next apply goes on behind them";
  }
  return trouble;
}

Awaitable<Run::Tried<void>> Run::try_separately(const Step& step, Attempt& attempt) {
  LockRetries retries(settings_.lock_retries);
  for (unsigned tries = 1;; ++tries) {
    auto ran = co_await run_separately(step, attempt);
    if (ran || ran.error().lost || !is_lock_trouble(ran.error().sqlstate)) {
      co_return ran;
    }
    const auto wait = retries.next(std::uniform_real_distribution<>(0, 1)(random_));
    if (!wait) {
      co_return ran;
    }
    progress_->tell("retrying",
                    {{"migration", migration().id.value},
                     {"statement", step.number + 1},
                     {"try", tries + 1},
                     {"of", settings_.lock_retries + 1},
                     {"in_ms", wait->count()},
                     {"why", ran.error().words}});
    const bool goes_on = co_await pause(*wait);
    if (!goes_on) {
      co_return std::unexpected(stopped());
    }
  }
}

Awaitable<Run::Tried<void>> Run::run_separately(const Step& step, Attempt& attempt) {
  const Statement& statement = migration().script.statements[step.number];
  Journal& journal = *attempt.journal;
  if (builds_index(statement)) {
    const auto clear = co_await clear_the_way(statement, attempt);
    if (!clear) {
      co_return std::unexpected(clear.error());
    }
    if (!*clear) {
      auto done = co_await step_done(step, attempt);
      co_return done;
    }
  }
  if (is_concurrent(statement)) {
    auto free = co_await wait_for_old_transactions(step);
    if (!free) {
      co_return free;
    }
  }
  // While a concurrent build waits for others, a lock timeout would end it and leave it invalid.
  const auto lock_timeout = is_concurrent(statement) ? 0 : settings_.lock_timeout.count();
  std::string settings =
      "SET synchronous_commit = on; SET client_min_messages = notice; SET lock_timeout = " +
      std::to_string(lock_timeout) +
      "; SET statement_timeout = " + std::to_string(settings_.statement_timeout.count()) +
      settings_of_connection("SET");
  auto set = co_await command(std::move(settings));
  if (!set) {
    set.error().lost = false;
    co_return set;
  }
  const auto where = may_leave_an_index(statement);
  std::vector<InvalidOne> before;
  if (where) {
    auto known = co_await invalid_indexes(*sessions_.work, *where);
    if (!known) {
      co_return std::unexpected(trouble_beside(known.error()));
    }
    before = std::move(*known);
  }
  if (statement.kind == "DROP INDEX CONCURRENTLY" && statement.objects.size() == 1) {
    journal.index = statement.objects.front();
  }
  journal.kind = statement.kind;
  journal.under_way = true;
  journal.text_with_next = text_of_steps(migration(), journal.done + 1);
  auto noted = co_await world_.note_attempt(environment_.ref(), attempt);
  if (!noted) {
    journal.under_way = false;
    co_return std::unexpected(
        Trouble{"it could not be written down, so it was not sent: " + noted.error().detail});
  }
  auto sent = co_await send(step);
  if (!sent) {
    if (!sent.error().lost) {
      co_await repair(statement, attempt, sent.error());
      if (where) {
        co_await repair_unnamed(statement, *where, before, sent.error());
      }
    }
    co_return std::unexpected(std::move(sent.error()));
  }
  if (builds_index(statement)) {
    const auto& index = statement.objects.front();
    const auto built = co_await index_state(*sessions_.work, index.schema, index.name);
    if (!built) {
      co_return std::unexpected(trouble_of(built.error()));
    }
    if (built->kind != IndexState::Kind::valid) {
      co_return std::unexpected(
          Trouble{"the server says that it is done, and " + sql_name(index) + " is not valid"});
    }
  }
  auto done = co_await step_done(step, attempt);
  co_return done;
}

Awaitable<Run::Tried<void>> Run::step_done(const Step& step, Attempt& attempt) {
  Journal& journal = *attempt.journal;
  journal.done = step.number + 1;
  journal.under_way = false;
  journal.index.reset();
  journal.text = text_of_steps(migration(), journal.done);
  journal.text_with_next.reset();
  const auto noted = co_await world_.note_attempt(environment_.ref(), attempt);
  if (!noted) {
    Trouble trouble{"it is done, and that could not be written down: " + noted.error().detail};
    trouble.lost = true;  // it is asked about like one whose answer was lost
    co_return std::unexpected(std::move(trouble));
  }
  co_return Tried<void>{};
}

// Before an index is built: one that a failed build of ours has left goes, anybody else's is told.
// False: it is there already, and that is what the statement asks for.
Awaitable<Run::Tried<bool>> Run::clear_the_way(const Statement& statement, Attempt& attempt) {
  const auto& index = statement.objects.front();
  const auto name = sql_name(index);
  const auto there = co_await index_state(*sessions_.work, index.schema, index.name);
  if (!there) {
    co_return std::unexpected(trouble_beside(there.error()));
  }
  switch (there->kind) {
    case IndexState::Kind::absent:
      attempt.journal->index = index;
      co_return true;
    case IndexState::Kind::valid:
      if (statement.if_not_exists) {
        std::vector<Notice> notices(1);
        notices.front().sqlstate = "42P07";
        notices.front().message = name + " exists already";
        auto noted = co_await note_skipped(attempt.journal->done, std::move(notices));
        if (!noted) {
          co_return std::unexpected(std::move(noted.error()));
        }
        co_return false;
      }
      co_return true;  // the server says it best
    case IndexState::Kind::invalid:
      break;
  }
  if (attempt.journal->index != index) {
    co_return std::unexpected(Trouble{
        "an invalid index " + name +
        " is in the way, which a build that failed has left, and not one of tidemark's: DROP INDEX "
        "CONCURRENTLY " +
        name + ", then apply again"});
  }
  auto dropped = co_await drop_invalid(name);
  if (!dropped) {
    co_return std::unexpected(std::move(dropped.error()));
  }
  co_return true;
}

Awaitable<Run::Tried<void>> Run::drop_invalid(std::string name) {
  progress_->tell("repairing",
                  {{"migration", migration().id.value},
                   {"message", "drops the invalid index " + name + ", which a failed build left"}});
  auto set = co_await command("SET lock_timeout = " + std::to_string(drop_waits_at_most.count()) +
                              "; SET statement_timeout = 0");
  if (!set) {
    set.error().lost = false;
    co_return set;
  }
  // It waits for those who may still use the index, as its build did.
  auto dropped = co_await sessions_.work->run("DROP INDEX CONCURRENTLY IF EXISTS " + name);
  if (!dropped) {
    auto trouble = trouble_beside(dropped.error());
    trouble.words = "the invalid index " + name + " could not be dropped: " + trouble.words;
    co_return std::unexpected(std::move(trouble));
  }
  co_return Tried<void>{};
}

// After a statement failed: what a concurrent build leaves is dropped, where it is ours.
Awaitable<void> Run::repair(const Statement& statement, Attempt& attempt, Trouble& trouble) {
  Journal& journal = *attempt.journal;
  if (builds_index(statement) && journal.index) {
    const auto& index = statement.objects.front();
    const auto left = co_await index_state(*sessions_.work, index.schema, index.name);
    if (!left) {
      trouble.words += "; whether it left an invalid index is not known";
      co_return;
    }
    if (left->kind == IndexState::Kind::invalid) {
      const auto name = sql_name(index);
      const auto dropped = co_await drop_invalid(name);
      trouble.words += dropped ? "; the invalid index " + name + " that it left was dropped"
                               : "; " + dropped.error().words;
      if (!dropped) {
        co_return;  // still ours: the next apply tries again
      }
    }
    journal.index.reset();
  }
  journal.under_way = false;
}

// The same of what it does not name: that is there now, was not before, and nobody else works on.
// Only at once: later it could be anybody's.
Awaitable<void> Run::repair_unnamed(const Statement& statement,
                                    const SqlObject& where,
                                    std::span<const InvalidOne> before,
                                    Trouble& trouble) {
  const auto now = co_await invalid_indexes(*sessions_.work, where);
  if (!now) {
    trouble.words += "; whether it left an invalid index is not known";
    co_return;
  }
  bool goes_on = true;
  for (const auto& index : *now) {
    if (index.at_work || !is_from(statement, index) ||
        std::ranges::find(before, index.name, &InvalidOne::name) != before.end()) {
      continue;
    }
    if (!goes_on) {
      trouble.words += "; it left the invalid index " + index.name + ", too";
      continue;
    }
    const auto dropped = co_await drop_invalid(index.name);
    goes_on = dropped.has_value();
    trouble.words += dropped ? "; the invalid index " + index.name + " that it left was dropped"
                             : "; " + dropped.error().words;
  }
}

Awaitable<Run::Tried<void>> Run::wait_for_old_transactions(const Step& step) {
  const auto until =
      std::chrono::steady_clock::now() + wait_for_old_ones * std::max(1U, settings_.lock_retries);
  const auto readers =
      drops_index(migration().script.statements[step.number]) ? Readers::too : Readers::apart;
  for (;;) {
    const auto open =
        co_await oldest_transactions(*sessions_.watch, sessions_.work->backend_pid(), readers);
    if (!open) {
      co_return std::unexpected(trouble_beside(open.error()));
    }
    std::vector<Backend> old;
    std::ranges::copy_if(*open, std::back_inserter(old), [](const Backend& backend) {
      return backend.transaction_age && *backend.transaction_age > old_after;
    });
    if (old.empty()) {
      co_return Tried<void>{};
    }
    if (std::chrono::steady_clock::now() >= until) {
      co_return std::unexpected(
          Trouble{"it would have to wait for transactions that have been open "
                  "for long, so it was not begun: " +
                  words_for(old)});
    }
    boost::json::object state;
    state["waiting_for"] = documents_of(old);
    tell_state(step, std::move(state));
    const bool goes_on = co_await pause(std::chrono::seconds{1});
    if (!goes_on) {
      co_return std::unexpected(stopped());
    }
  }
}

}  // namespace tidemark
