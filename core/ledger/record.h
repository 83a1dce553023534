#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/catalog/migration.h"
#include "core/time.h"

namespace tidemark {

// How a migration came to be recorded.
enum class How { managed, marked, reconciled, adopted, rolled_back };

// On whose word it counts as applied.
enum class Evidence {
  executed,  // tidemark ran it
  observed,  // their ledger says so
  attested,  // a person marked it
};

std::string_view to_string(How how);
std::string_view to_string(Evidence evidence);
std::optional<How> parse_how(std::string_view text);
std::optional<Evidence> parse_evidence(std::string_view text);

// One entry of OUR ledger about one migration of one environment. History is never rewritten:
// unmarking or rolling back is a new record with `applied` false, and the newest record of a key is
// the one that counts.
struct Record {
  Key key;
  MigrationId id;
  std::string version_text;
  bool applied = true;
  How how = How::marked;
  Evidence evidence = Evidence::attested;
  TimePoint at{};           // when it was applied, as told
  TimePoint recorded_at{};  // when we wrote this down
  std::string by;           // who applied or marked it
  std::string reason;
  std::optional<Content>
      content;  // as applied, or as first seen applied; empty when there was no file to look at
  std::string
      their_row;  // the Row::token that this record was learnt from; empty without their ledger
  std::string their_checksum;  // the checksum that row had
  friend bool operator==(const Record&, const Record&) = default;
};

}  // namespace tidemark
