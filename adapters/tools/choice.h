#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/tools/discovery.h"

namespace tidemark {

// `their_ledger` of an environment: auto, none, a tool, or a tool and a table.
struct LedgerSetting {
  const Tool* tool = nullptr;  // null: any
  // With any tool: that whose columns it has. Without a schema: the only one of that name.
  std::optional<TableName> table{};
  bool none = false;  // nothing in the database counts
  // Owns `tool` where the config says what the columns mean; shared by whoever copies the setting.
  std::shared_ptr<const Tool> custom{};
};

// Which of the ledgers in a database is this environment's.
struct LedgerChoice {
  std::optional<RecognisedLedger> ledger;
  bool uncertain = false;  // there is one, or several, and none can be read for the environment's
  std::string trouble;     // why there is none, or why it is uncertain, and what would help
};

// The configured table; else, in `schema` if that is set, the one of the tool's default name, the
// only one, or the only one that is no copy. `layout` is the tool whose files the app has, empty
// when there are none: its ledger is preferred, and the ledger of another tool is no help. Several
// that fit are never guessed between.
LedgerChoice choose_ledger(const Discovered& discovered,
                           std::span<const Relation> relations,
                           const LedgerSetting& setting,
                           std::string_view schema,
                           std::string_view layout = "");

// What else could be a ledger, and why it was not chosen.
std::vector<RejectedTable> not_chosen(const Discovered& discovered, const LedgerChoice& choice);

// In words for people: what `role` lacks to read these tables, as SQL that somebody can run. Empty
// when nothing is known to be missing.
std::string missing_privileges(std::span<const Relation> relations, const std::string& role);

// The same where some columns may be read, and not those that are asked for.
std::string privileges_on_columns(std::span<const Relation> relations, const std::string& role);

// Row level security would show `role` only a part of the ledger, which is worse than nothing: what
// would help. A policy does not, as we read with row_security = off.
std::string around_row_security(const Relation& relation, const std::string& role);

}  // namespace tidemark
