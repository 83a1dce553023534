#include "daemon/apply/recovery.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "adapters/loop/timer.h"
#include "adapters/postgres/relation_questions.h"
#include "adapters/postgres/schema_questions.h"
#include "adapters/postgres/server_questions.h"
#include "adapters/postgres/transaction_questions.h"
#include "core/apply/verdict.h"
#include "daemon/apply/lock_key.h"
#include "daemon/apply/receipt.h"

namespace tidemark {

namespace {

// How long what is still under way there may take to end.
constexpr std::chrono::seconds ends_within{30};
constexpr std::chrono::milliseconds asked_every{200};

// What may run twice: it says what is to be so, or changes nothing that anybody sees.
constexpr std::array<std::string_view, 6> replayable{
    "VACUUM", "ANALYZE", "REINDEX", "CLUSTER", "CHECKPOINT", "ALTER SYSTEM"};

std::unexpected<Error> not_asked(const WriteFailure& failure) {
  return fail("ask what became of it", failure.error);
}

void conclude(Attempt& attempt, Verdict verdict) {
  attempt.detail = std::move(verdict.why);
  switch (verdict.kind) {
    case Verdict::Kind::applied:
      attempt.outcome = Attempt::Outcome::applied;
      break;
    case Verdict::Kind::not_applied:
      attempt.outcome = Attempt::Outcome::not_applied;
      break;
    case Verdict::Kind::wait:
    case Verdict::Kind::unknown:
      attempt.outcome = Attempt::Outcome::unknown;
      break;
  }
}

Awaitable<Result<Testimony>> testimony(WriteSession& session,
                                       std::string schema,
                                       const Attempt& attempt) {
  const auto server = co_await who_is_it(session, schema);
  if (!server) {
    co_return not_asked(server.error());
  }
  Testimony said;
  said.identity = server->identity;
  said.server_started = server->started;
  said.server_up_for = server->up_for;
  said.written = server->written;
  said.standby = server->standby;
  if (server->standby) {
    co_return said;
  }
  const auto status = co_await transaction_status(session, attempt.mark->xid);
  if (!status && status.error().sqlstate.empty()) {
    co_return not_asked(status.error());
  }
  if (status) {
    said.status = *status;
  }
  if (!attempt.makes.empty() && attempt.action == Attempt::Action::apply) {
    const auto there = co_await count_there(session, attempt.makes);
    if (!there) {
      co_return not_asked(there.error());
    }
    using Objects = Testimony::Objects;
    said.there = Objects::some;
    if (*there == 0) {
      said.there = Objects::none;
    } else if (*there == attempt.makes.size()) {
      said.there = Objects::all;
    }
  }
  co_return said;
}

Awaitable<Result<Attempt>> recover_transaction(WriteSession& session,
                                               std::string schema,
                                               bool receipts,
                                               Attempt attempt) {
  const auto until = std::chrono::steady_clock::now() + ends_within;
  for (;;) {
    auto said = co_await testimony(session, schema, attempt);
    if (!said) {
      co_return std::unexpected(said.error());
    }
    auto verdict = judge(*attempt.mark, *said);
    // Where nobody can be believed, its receipt is: it came and went with the rest.
    const bool witness = receipts && verdict.kind == Verdict::Kind::unknown && !said->standby;
    if (witness) {
      // Held by the migration for as long as it may still be committed.
      const auto over = co_await try_lock_for_session(session, lock_key("migration", schema));
      if (!over) {
        co_return not_asked(over.error());
      }
      if (!*over) {
        co_return fail(Errc::retry, "its transaction is open still");
      }
      const auto there = co_await has_receipt(session, attempt.id);
      if (!there) {
        co_return not_asked(there.error());
      }
      verdict.kind = *there ? Verdict::Kind::applied : Verdict::Kind::not_applied;
      verdict.why += *there ? "; its receipt is there" : "; its receipt is not there";
    }
    if (verdict.kind != Verdict::Kind::wait) {
      conclude(attempt, std::move(verdict));
      co_return attempt;
    }
    const auto ended = co_await end_transaction(session, attempt.mark->xid);
    if (!ended) {
      co_return not_asked(ended.error());
    }
    if (std::chrono::steady_clock::now() >= until) {
      co_return fail(Errc::retry, verdict.why + ", and its backend does not end");
    }
    co_await wait_for(asked_every);
  }
}

// What became of the statement under way: whether it is done; nullopt: nobody can say.
Awaitable<Result<std::optional<bool>>> probe(WriteSession& session, Attempt& attempt) {
  Journal& journal = *attempt.journal;
  if (journal.index) {
    const auto state = co_await index_state(session, journal.index->schema, journal.index->name);
    if (!state) {
      co_return not_asked(state.error());
    }
    const bool drops = journal.kind.starts_with("DROP");
    switch (state->kind) {
      case IndexState::Kind::absent:
        co_return drops;
      case IndexState::Kind::valid:
        co_return !drops;
      case IndexState::Kind::invalid:
        co_return false;  // the next apply drops it first
    }
  }
  const bool again = std::ranges::any_of(
      replayable, [&](std::string_view kind) { return journal.kind.starts_with(kind); });
  if (again) {
    co_return false;
  }
  co_return std::nullopt;
}

Awaitable<Result<Attempt>> recover_journal(WriteSession& session,
                                           std::string schema,
                                           Attempt attempt) {
  const auto until = std::chrono::steady_clock::now() + ends_within;
  // Held by the backend for as long as it is at work.
  for (;;) {
    const auto free = co_await try_lock_for_session(session, lock_key("migration", schema));
    if (!free) {
      co_return not_asked(free.error());
    }
    if (*free) {
      break;
    }
    if (std::chrono::steady_clock::now() >= until) {
      co_return fail(Errc::retry, "its statement is still running on the server");
    }
    co_await wait_for(asked_every);
  }
  Journal& journal = *attempt.journal;
  const auto number = std::to_string(journal.done + 1);
  if (journal.under_way) {
    const auto done = co_await probe(session, attempt);
    if (!done) {
      co_return std::unexpected(done.error());
    }
    if (!*done) {
      attempt.outcome = Attempt::Outcome::unknown;
      attempt.detail = "nobody can say whether its statement " + number + " (" + journal.kind +
                       ") was done when the connection was lost";
      co_return attempt;
    }
    journal.under_way = false;
    if (**done) {
      ++journal.done;
      journal.text = std::exchange(journal.text_with_next, std::nullopt);
      journal.index.reset();
    }
  }
  const bool all = journal.done == attempt.statements;
  attempt.outcome = all ? Attempt::Outcome::applied : Attempt::Outcome::not_applied;
  attempt.detail = all ? "all of its statements are done"
                       : "the connection was lost; " + std::to_string(journal.done) + " of its " +
                             std::to_string(attempt.statements) +
                             " statements are done, and the next apply goes on behind them";
  co_return attempt;
}

}  // namespace

Awaitable<Result<Attempt>> recover(Door& door,
                                   ManagedEnvironment environment,
                                   std::string schema,
                                   bool receipts,
                                   Attempt attempt,
                                   bool commit_was_sent) {
  if (auto verdict = judge_unasked(attempt, commit_was_sent)) {
    conclude(attempt, std::move(*verdict));
    co_return attempt;
  }
  auto opened = co_await door.open_one(std::move(environment));
  if (!opened) {
    co_return std::unexpected(opened.error());
  }
  WriteSession& session = **opened;
  if (attempt.transactional) {
    auto settled =
        co_await recover_transaction(session, std::move(schema), receipts, std::move(attempt));
    co_return settled;
  }
  auto settled = co_await recover_journal(session, std::move(schema), std::move(attempt));
  co_return settled;
}

}  // namespace tidemark
