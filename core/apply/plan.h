#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/apply/attempt.h"
#include "core/apply/freeze.h"
#include "core/apply/script_text.h"
#include "core/catalog/catalog.h"
#include "core/drift/standing.h"
#include "core/environment/environment.h"
#include "core/environment/mode.h"
#include "core/ledger/observation.h"
#include "core/ledger/record.h"
#include "core/result.h"
#include "core/sql/script.h"

namespace tidemark {

// What somebody wants to have applied, or rolled back.
struct Selection {
  std::optional<std::string> to;  // up to this one, and this one too
  std::vector<std::string> only;  // these, and nothing else
  bool unanalysed = false;        // also what the parser does not know
  bool from_empty = false;        // the database is filled, and what is in it counts as nothing
  friend bool operator==(const Selection&, const Selection&) = default;
};

struct PlannedMigration {
  Key key;
  MigrationId id;
  MigrationKind kind = MigrationKind::versioned;
  std::string version_text;
  std::string file;
  Content content;    // of the file that runs: of the rollback's, when it is rolled back
  std::string bytes;  // of that file
  ScriptText sql;     // what of it runs
  Script script;
  bool out_of_order = false;
  // So many of its statements an earlier attempt has done, outside a transaction: it goes on behind
  // them.
  std::size_t done = 0;
  // Of each statement, what the server says of what it locks; empty where nobody asked.
  std::vector<std::vector<std::string>> notes{};
  bool transactional() const { return !sql.outside_transaction && script.transactional(); }
  friend bool operator==(const PlannedMigration&, const PlannedMigration&) = default;
};

// Why nothing of a plan may run as things stand, and what settles it.
struct Hindrance {
  std::string what;  // "history_uncertain"
  std::string why;
  std::string settle;  // the command or the change that ends it; empty: nothing to be typed
  friend bool operator==(const Hindrance&, const Hindrance&) = default;
};

struct Plan {
  // The same as long as files, what is applied, identity and mode are: two plans with one id would
  // run the same in the same order.
  std::string id;
  EnvironmentRef environment;
  Attempt::Action action = Attempt::Action::apply;
  std::vector<PlannedMigration> migrations;  // in the order in which they run
  std::vector<Hindrance> hindrances;
  std::vector<std::string> warnings;
  bool freeze_overridden = false;  // an admin has said so
  friend bool operator==(const Plan&, const Plan&) = default;
};

// What is known of an environment when somebody plans for it.
struct Situation {
  EnvironmentRef environment;
  Mode mode = Mode::export_only;
  bool history_certain = true;
  std::string history_reason;
  std::optional<Identity> identity;
  const Observation* observation = nullptr;
  const Standing* standing = nullptr;
  std::span<const Record> records;
  std::span<const Attempt> attempts;  // those that are unsettled, at least
  std::optional<Freeze> freeze;
  std::string problem;  // what else needs a person there first
  bool out_of_order_forbidden = false;
  bool receipts = false;  // we leave rows of our own there
  TimePoint now{};
};

// Which migrations are to run, in order. not_found: nothing has such a name; conflict: it is
// applied already, or not due here.
Result<std::vector<const Migration*>> select_to_apply(const Catalog& catalog,
                                                      const Standing& standing,
                                                      const EnvironmentRef& where,
                                                      const Selection& selection);

// Which are to be rolled back, the newest first: `only`, or all that come after `to`. conflict: one
// is not applied, has no rollback, or is not known to be what is in the directory.
Result<std::vector<const Migration*>> select_to_roll_back(const Catalog& catalog,
                                                          const Standing& standing,
                                                          const EnvironmentRef& where,
                                                          const Selection& selection);

// Whether anything is known of what was applied there before.
bool knows_history(const Situation& situation);

// What settles an attempt whose outcome nobody knows, as somebody has to type it, and what that
// means of it.
std::string how_to_resolve(const Attempt& attempt, const EnvironmentRef& where);

// Of a database that is not empty while nothing is known of it.
Hindrance not_empty(const EnvironmentRef& where);

// The plan of these migrations, with what stands in its way.
Plan make_plan(const Situation& situation,
               Attempt::Action action,
               std::vector<PlannedMigration> migrations,
               const Selection& selection);

}  // namespace tidemark
