#include "core/apply/verdict.h"

namespace tidemark {

namespace {

using Kind = Verdict::Kind;
using Status = Testimony::Status;

// So soon after it has started a server has not written much.
constexpr std::chrono::minutes soon{1};

bool tells_all(const Identity& identity) {
  return !identity.system_identifier.empty() && identity.timeline != 0 &&
         identity.database_oid != 0;
}

// What came after a restart has to be the same history: an id whose log was lost is given out
// again, and then the answer is somebody else's.
std::optional<Verdict> doubt_after_restart(const TransactionMark& mark,
                                           const Testimony& testimony) {
  if (testimony.written < mark.flushed) {
    return Verdict{Kind::unknown,
                   "the server has restarted, and its write-ahead log ends before what was on its "
                   "disk: it was restored from an older copy"};
  }
  using Objects = Testimony::Objects;
  if (testimony.there == Objects::untold && testimony.server_up_for > soon) {
    return Verdict{Kind::unknown,
                   "the server has restarted, and was not asked before it had written on for more "
                   "than a minute: were it an older copy, nothing would tell"};
  }
  if (testimony.there == Objects::untold) {
    return std::nullopt;
  }
  if (testimony.status == Status::committed && testimony.there != Objects::all) {
    return Verdict{Kind::unknown,
                   "the server has restarted since and says committed, but what the migration "
                   "makes is not there"};
  }
  if (testimony.status != Status::committed && testimony.there != Objects::none) {
    return Verdict{Kind::unknown,
                   "the server has restarted since and does not say committed, but what the "
                   "migration makes is there"};
  }
  return std::nullopt;
}

}  // namespace

std::optional<Verdict> judge_unasked(const Attempt& attempt, bool commit_was_sent) {
  if (!attempt.transactional) {
    return std::nullopt;
  }
  if (attempt.mark && (commit_was_sent || attempt.unanalysed)) {
    return std::nullopt;
  }
  if (attempt.unanalysed) {
    return Verdict{Kind::unknown,
                   "it was sent without being understood, and may have committed by itself"};
  }
  return Verdict{Kind::not_applied, "COMMIT was not sent"};
}

Verdict judge(const TransactionMark& mark, const Testimony& testimony) {
  if (testimony.standby) {
    return {Kind::unknown, "the server is a standby now, which knows only what has reached it"};
  }
  if (const auto other = difference(mark.identity, testimony.identity); !other.empty()) {
    return {Kind::unknown, "it is not the database that it was begun in: " + other};
  }
  if (!tells_all(mark.identity) || !tells_all(testimony.identity)) {
    return {Kind::unknown, "the server does not tell which one it is"};
  }
  if (!testimony.status) {
    return {Kind::unknown, "the server cannot say what became of a transaction"};
  }
  if (testimony.server_started != mark.server_started) {
    if (auto doubt = doubt_after_restart(mark, testimony)) {
      return *doubt;
    }
  }
  const auto xid = std::to_string(mark.xid);
  switch (*testimony.status) {
    case Status::committed:
      return {Kind::applied, "the server says that transaction " + xid + " was committed"};
    case Status::aborted:
      return {Kind::not_applied, "the server says that transaction " + xid + " was rolled back"};
    case Status::in_progress:
      return {Kind::wait, "transaction " + xid + " is open still"};
    case Status::in_future:
      return {Kind::not_applied, "the server has never completed transaction " + xid};
    case Status::forgotten:
      return {Kind::unknown, "the server has forgotten transaction " + xid + ": it is too old"};
  }
  return {};
}

}  // namespace tidemark
