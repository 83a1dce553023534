#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/catalog/migration.h"
#include "core/environment/environment.h"
#include "core/sql/statement.h"
#include "core/time.h"

namespace tidemark {

// What tells one transaction of one server from all others, written down before COMMIT is sent, or
// earlier: by it the server is asked later what became of the transaction.
struct TransactionMark {
  std::uint64_t xid = 0;
  Identity identity;
  TimePoint server_started{};
  std::uint64_t flushed = 0;  // up to here its write-ahead log was on the disk
  friend bool operator==(const TransactionMark&, const TransactionMark&) = default;
};

// How far a migration has come that cannot run in a transaction: written down before and after each
// statement.
struct Journal {
  std::size_t done = 0;  // so many statements are known to be done
  // The next one was sent, and what became of it was not written down.
  bool under_way = false;
  std::string kind{};  // of the next one
  // The index that the next one builds, where there was none, so that an invalid one is ours to
  // drop; or drops.
  std::optional<SqlObject> index{};
  // Of the text of those that are done: a file that was edited since goes on only where it is the
  // same so far.
  std::optional<Digest> text{};
  std::optional<Digest> text_with_next{};  // the same when the next one is done
  friend bool operator==(const Journal&, const Journal&) = default;
};

// One try to run one migration in one environment, from its intent to its end. Stored before
// anything of it can stay: outside a transaction before anything is sent.
struct Attempt {
  enum class Action { apply, rollback };
  enum class Outcome {
    open,         // nobody has said yet
    applied,      // what was to run has run
    not_applied,  // nothing is left of it; outside a transaction: nothing after what the journal
                  // says
    cancelled,    // the same, because somebody wanted it so
    unknown,      // nobody can say, and a person has to
  };
  std::string id;  // a UUID
  Key key;
  MigrationId migration;
  std::string version_text;
  Action action = Action::apply;
  Content content;  // of what runs
  std::size_t statements = 0;
  bool transactional = true;
  // Sent as a whole although nobody could tell what is in it: it may have ended our transaction.
  bool unanalysed = false;
  std::string by;
  TimePoint started_at{};
  std::optional<TransactionMark> mark;  // COMMIT is sent only after it was written down
  std::optional<Journal> journal;       // outside a transaction
  // Tables and other relations that are there once it is applied, and were not before: as SQL names
  // them.
  std::vector<std::string> makes{};
  Outcome outcome = Outcome::open;
  TimePoint ended_at{};
  std::string detail{};  // why it was not applied, or why nobody knows
  // All that it could have done was there already, and is what it asks for.
  bool no_op = false;
  // What IF NOT EXISTS left as it was, and is not what it asks for: in words, by what it is.
  std::map<std::string, std::string> differences{};
  friend bool operator==(const Attempt&, const Attempt&) = default;
};

std::string_view to_string(Attempt::Action action);
std::string_view to_string(Attempt::Outcome outcome);
std::optional<Attempt::Action> parse_attempt_action(std::string_view text);
std::optional<Attempt::Outcome> parse_attempt_outcome(std::string_view text);

// Whether it stands in the way of the next one: its outcome is open or unknown.
inline bool is_unsettled(const Attempt& attempt) {
  return attempt.outcome == Attempt::Outcome::open || attempt.outcome == Attempt::Outcome::unknown;
}

}  // namespace tidemark
