#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/loop/asio.h"
#include "adapters/postgres/backend_questions.h"
#include "adapters/postgres/question.h"
#include "core/apply/verdict.h"

namespace tidemark {

// What has to be known to say later what became of a transaction.

// Of the transaction that the session is in.
struct TransactionPlace {
  std::uint64_t xid = 0;      // 0: it has written nothing
  std::uint64_t written = 0;  // so far goes the log with what it has written
  Aim aim;                    // to stop what runs in it
};
Awaitable<Asked<TransactionPlace>> where_it_is(WriteSession& session);

// A transaction of ours, whose number the log knows.
struct BegunTransaction {
  bool alone = false;  // nobody else has the lock
  std::uint64_t xid = 0;
  std::uint64_t written = 0;  // so far goes the log with that
};
// Has the session as it was when it connected, whatever the one before has left in it. Then begins
// one with `settings`, "SET LOCAL …; SET LOCAL …", and tries to take a lock that it keeps to its
// end; the log says by `name` whose transaction it is.
std::string begin_transaction(const std::string& settings,
                              std::int64_t lock,
                              std::string_view name);
// What the server answered to that.
std::optional<BegunTransaction> begun_in(const Ran& answer);

// Commits the transaction that is open, whose migration may have set that nobody waits for the
// server's disk: this does.
constexpr std::string_view commit_to_disk =
    "SELECT pg_catalog.set_config('synchronous_commit', 'on', true)"
    " WHERE pg_catalog.current_setting('synchronous_commit') OPERATOR(pg_catalog.=) 'off'; COMMIT";
// Whether the server has said so, by the tags of its answer: whatever was sent with it, or became
// of the connection.
bool is_committed(const std::vector<std::string>& tags);

// Has the log on the disk, up to all that is written when it is called, and says how far it is: by
// a commit of its own that waits for that, whatever the role's settings are. So not within a
// transaction, and in another session than the one whose transaction it is for.
Awaitable<Asked<std::uint64_t>> flush_log(WriteSession& session);

// What became of a transaction of this server. Not within a transaction: one that is in the future
// is an error.
Awaitable<Asked<Testimony::Status>> transaction_status(WriteSession& session, std::uint64_t xid);

// Ends the backend whose transaction it is, found and ended in one statement. False when there is
// none, or it went by itself. Only of one whose status was `in_progress` just now: backends are
// known by half of that number.
Awaitable<Asked<bool>> end_transaction(WriteSession& session, std::uint64_t xid);

}  // namespace tidemark
