#pragma once

#include <cstdint>
#include <string>
#include <variant>

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
// Begins one with `settings`, "SET LOCAL …; SET LOCAL …", and tries to take a lock that it keeps to
// its end; the log says by `name` whose transaction it is.
Awaitable<Asked<BegunTransaction>> begin_transaction(WriteSession& session,
                                                     std::string settings,
                                                     std::int64_t lock,
                                                     std::string name);

// The COMMIT of the transaction that is open waits for the server's disk.
Awaitable<Asked<std::monostate>> wait_for_disk_at_commit(WriteSession& session);

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
