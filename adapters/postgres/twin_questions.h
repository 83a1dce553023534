#pragma once

#include <chrono>
#include <string>
#include <variant>
#include <vector>

#include "adapters/loop/asio.h"
#include "adapters/postgres/question.h"
#include "core/apply/twin.h"

namespace tidemark {

// What is there, and what was asked for: the server itself says what both are, of the one and of a
// twin of it that it makes and forgets.

// Where names are looked for, and whether a notice is told, as the session has it now.
struct Surroundings {
  std::string search_path;
  bool notices_come = true;
};
Awaitable<Asked<Surroundings>> surroundings(WriteSession& session);

struct Likeness {
  Shape there;
  Shape asked;  // not there when the twin has no SQL
};

// Makes a twin where `search_path` says, and forgets it: nothing of it stays, whether the session
// is in a transaction or not. It waits for nobody longer than a moment. What is not there is no
// failure. The outer failure is one of the session, after which nothing else can go on either.
Awaitable<Asked<Asked<Likeness>>> likeness(WriteSession& session,
                                           std::string search_path,
                                           Twin twin);

}  // namespace tidemark
