#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "core/apply/attempt.h"

namespace tidemark {

// What a server says when it is asked what became of an attempt.
struct Testimony {
  enum class Status {
    committed,
    aborted,
    in_progress,
    in_future,  // it has not given out that id
    forgotten,  // it is too old for it to know
  };
  Identity identity;
  TimePoint server_started{};
  std::chrono::milliseconds server_up_for{};
  std::uint64_t written = 0;  // how far its write-ahead log is written
  bool standby = false;
  std::optional<Status> status;  // nullopt: it cannot be asked
  enum class Objects { untold, none, some, all };
  Objects there = Objects::untold;  // of what the migration makes
};

struct Verdict {
  enum class Kind {
    applied,
    not_applied,
    wait,  // its transaction is open still: that backend is to be ended, and then asked again
    unknown,
  } kind = Kind::unknown;
  std::string why;  // the evidence, in words
  friend bool operator==(const Verdict&, const Verdict&) = default;
};

// What became of an attempt that was lost on the way, without asking anybody; nullopt: the server
// has to be asked. Whoever sent it knows whether COMMIT was; from what is written down only its
// mark tells, without which it never is.
std::optional<Verdict> judge_unasked(const Attempt& attempt, bool commit_was_sent = true);

// Of a transaction whose COMMIT may have been sent.
Verdict judge(const TransactionMark& mark, const Testimony& testimony);

}  // namespace tidemark
