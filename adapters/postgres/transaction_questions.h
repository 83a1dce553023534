#pragma once

#include <chrono>
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

// The same of one that is about to be committed.
struct SealedTransaction {
  std::uint64_t xid = 0;
  std::uint64_t written = 0;
};
// Its COMMIT waits for the server's disk from now on, and where it has written something the log
// says by `name` whose transaction it is.
Awaitable<Asked<SealedTransaction>> seal(WriteSession& session, std::string name);

// Has the log on the disk, up to all that is written when it is called: by a commit of its own that
// waits for that, whatever the role's settings are. So not within a transaction, and in another
// session than the one whose transaction it is for. What it writes is `marker`.
Awaitable<Asked<std::monostate>> flush_log(
    WriteSession& session,
    std::string marker,
    std::chrono::milliseconds within = std::chrono::milliseconds(2000));

// How far the log is on the disk.
Awaitable<Asked<std::uint64_t>> flushed_up_to(WriteSession& session);

// What became of a transaction of this server. Not within a transaction: one that is in the future
// is an error.
Awaitable<Asked<Testimony::Status>> transaction_status(WriteSession& session, std::uint64_t xid);

// Ends the backend whose transaction it is, found and ended in one statement. False when there is
// none, or it went by itself. Only of one whose status was `in_progress` just now: backends are
// known by half of that number.
Awaitable<Asked<bool>> end_transaction(WriteSession& session, std::uint64_t xid);

}  // namespace tidemark
