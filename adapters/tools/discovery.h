#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "adapters/tools/tool.h"

namespace tidemark {

// Asks the server's catalog for every relation that could be a ledger of a tool that we know, for
// those of a name that ledgers have, and for `wanted` whatever it looks like. Privileges do not
// limit what it finds, so that a ledger that we may not read is not mistaken for none. What belongs
// to an extension is left out. When no table is wanted it looks in `schema` alone, unless that is
// empty: a database of thousands of schemas has as many ledgers.
ReadQuery discovery_query(const std::optional<TableName>& wanted, const std::string& schema);
Result<std::vector<Relation>> parse_relations(const ResultSet& answer);

struct RecognisedLedger {
  const Tool* tool = nullptr;
  Relation relation;
  std::string evidence;
};

struct RejectedTable {
  const Tool* tool = nullptr;  // whose ledger it looks like; null: a ledger, and none of the app's
  TableName table;
  std::string why;
  friend bool operator==(const RejectedTable&, const RejectedTable&) = default;
};

// The ledger of a tool whose name is all that we know of it.
struct UnreadLedger {
  TableName table;
  std::string tool;
  friend bool operator==(const UnreadLedger&, const UnreadLedger&) = default;
};

// Has the name that a tool gives its ledger, and the columns of none: changed, or people's own.
struct UnknownLedger {
  TableName table;
  std::string columns;  // in words
  friend bool operator==(const UnknownLedger&, const UnknownLedger&) = default;
};

// What the relations of a database are to the tools that we know.
struct Discovered {
  std::vector<RecognisedLedger> ledgers;  // one relation for several tools when it could be theirs
  std::vector<RejectedTable> rejected;    // looks like a ledger and is none
  std::vector<UnreadLedger> unread;
  std::vector<UnknownLedger> unknown;
};
Discovered recognise_ledgers(std::span<const Relation> relations);

}  // namespace tidemark
