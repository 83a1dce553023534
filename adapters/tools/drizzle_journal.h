#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace tidemark {

// One line of meta/_journal.json, by which Drizzle before 1.0 knows its files.
struct JournalEntry {
  std::string tag;        // the file's name without .sql
  std::int64_t when = 0;  // milliseconds since 1970
  friend bool operator==(const JournalEntry&, const JournalEntry&) = default;
};

struct DrizzleJournal {
  std::vector<JournalEntry> entries;  // in the order in which they stand there and run
  bool of_postgresql = true;          // unless it says that it is of another database's
  friend bool operator==(const DrizzleJournal&, const DrizzleJournal&) = default;
};

Result<DrizzleJournal> parse_drizzle_journal(std::string_view json);

// "20260418143000" of a time in milliseconds, in UTC: how Drizzle since 1.0 names a migration of
// then, and knows what the version before had applied.
std::string drizzle_second(std::int64_t ms);

}  // namespace tidemark
