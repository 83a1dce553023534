#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "adapters/loop/asio.h"
#include "adapters/postgres/question.h"
#include "core/environment/environment.h"
#include "core/time.h"

namespace tidemark {

// What applying has to know of a server and of the session it has with it.

struct ServerSelf {
  Identity identity;  // as it is read when it is watched
  TimePoint started{};
  std::chrono::milliseconds up_for{};  // since then, by its own clock
  bool standby = false;
  std::uint64_t written = 0;  // how far its write-ahead log goes; 0: not told
};

// Not within a transaction: some services refuse a part of it, which then is missing. The schema is
// empty where the environment is a whole database.
Awaitable<Asked<ServerSelf>> who_is_it(WriteSession& session, std::string schema);

// Whether it is the server itself that the session speaks to, as far as can be told: behind a
// pooler the next statement may go to another backend.
Awaitable<Asked<bool>> is_direct(WriteSession& session);

// 0: without an end.
Awaitable<Asked<std::chrono::milliseconds>> lock_timeout_of(WriteSession& session);

// True when nobody has it; and nobody else then, until the session ends.
Awaitable<Asked<bool>> try_lock_for_session(WriteSession& session, std::int64_t key);

}  // namespace tidemark
