#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "adapters/loop/asio.h"
#include "adapters/postgres/question.h"

namespace tidemark {

// What applying has to know of other backends, asked from a session that is not in the way of them.

// What one backend does now, to stop that and nothing that it does later: a pooler gives the same
// backend to a stranger. By when it began, in microseconds since 1970.
struct Aim {
  int pid = 0;
  std::optional<std::int64_t> transaction_start{};
  std::optional<std::int64_t> query_start{};
  friend bool operator==(const Aim&, const Aim&) = default;
};

// At the statement that a backend runs now, for one that runs in no transaction of ours: building
// an index concurrently takes several. Nothing when it runs none.
Awaitable<Asked<std::optional<Aim>>> aim_at_statement(WriteSession& session, int pid);

// Cancels it in the same statement in which it is found. False when it was not found.
Awaitable<Asked<bool>> cancel(WriteSession& session, Aim aim);

struct Backend {
  int pid = 0;  // 0: no backend, but a prepared transaction
  std::string role;
  std::string application;
  std::string state;  // "idle in transaction"; empty: not told
  std::optional<std::chrono::milliseconds> transaction_age;
  std::string query;  // its beginning, as one line; of a prepared transaction its name
};

// Who holds, or waits before it for, what `pid` waits for. The oldest transactions first, and no
// more than 20, here and below.
Awaitable<Asked<std::vector<Backend>>> blockers(WriteSession& session, int pid);

// Whose end building an index concurrently may have to wait for: transactions of this database that
// have written something or may have, or look at it as it was, and prepared ones; dropping one:
// those too that have looked at a table. Neither the session's own nor that of `pid`.
enum class Readers { apart, too };
Awaitable<Asked<std::vector<Backend>>> oldest_transactions(WriteSession& session,
                                                           int pid,
                                                           Readers readers = Readers::apart);

// Sessions of this program, or of another one like it, that migrate this database, without those of
// `pids`.
Awaitable<Asked<std::vector<Backend>>> other_sessions(WriteSession& session, std::vector<int> pids);

// Ends those of them that have the session's name: what is left of sessions of ours whose server
// has not noticed that they are gone. How many there were.
Awaitable<Asked<int>> end_own(WriteSession& session, std::vector<int> pids);

// How far the index is that a backend builds.
struct IndexProgress {
  std::string phase;            // "building index: scanning table"
  std::optional<int> per_cent;  // of this phase, where it is known
  int lockers_done = 0;
  int lockers_total = 0;
  int locker = 0;  // the backend that it waits for; 0: none
};
Awaitable<Asked<std::optional<IndexProgress>>> index_progress(WriteSession& session, int pid);

}  // namespace tidemark
