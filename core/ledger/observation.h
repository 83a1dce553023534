#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/catalog/migration.h"
#include "core/environment/environment.h"
#include "core/time.h"

namespace tidemark {

// One entry of THEIR ledger, already in our words.
struct Row {
  enum class State {
    applied,
    failed,    // their ledger says failed, dirty, half applied
    baseline,  // stands for everything up to its version, not for a file
    undone,    // their ledger itself says that it no longer counts (undo, repair's delete marker, a
               // superseded run)
  };
  Key key;
  MigrationId id;  // by their words, for when there is no file: "V147__hotfix_idx"
  MigrationKind kind = MigrationKind::versioned;
  Version version;
  std::string version_text;
  std::string description;
  State state = State::applied;
  std::optional<TimePoint> at;
  std::string by;
  std::optional<std::string>
      checksum;  // empty: they keep none for this row, or one that cannot be recomputed
  std::string
      token;  // tells one application of a migration from the next: the row's own id in their table
  // Of checksums that chain: that of the row before, empty of the first.
  std::string rests_on{};
  // `checksum` is the SHA-256 of the file's bytes, whatever the file's own tool makes of them.
  bool checksum_of_bytes = false;
  // It is of the file's name as well: of a file with another name it says nothing.
  bool checksum_of_name = false;
  std::string group{};  // as the migration's
  // What else is applied when this row is.
  enum class Reach {
    itself,
    up_to,      // every file with a lower version: the ledger keeps the last one only
    ancestors,  // all that comes before it: the ledger keeps the ends only
  } reach = Reach::itself;
  bool any_name = false;  // the key is whatever name people gave it: the files tell which it is
  std::size_t path_in_key = 0;  // as the migration's
  // The key is a hash that runs through all before it: where it names no file, the id does.
  bool key_chains = false;
  friend bool operator==(const Row&, const Row&) = default;
};

std::string_view to_string(Row::State state);

// An index that a concurrent build left invalid: it costs every write, and serves no read.
struct InvalidIndex {
  std::string schema;
  std::string name;
  std::string table;  // in the same schema
  std::uint32_t oid = 0;
  friend bool operator==(const InvalidIndex&, const InvalidIndex&) = default;
};

// What one poll of one environment saw. Rows are in the order in which they were applied.
struct Observation {
  enum class Ledger {
    none,        // no ledger of a tool that we know
    read,        // rows are all of it
    unreadable,  // there is one, and we may not or cannot read it: says nothing about what is
                 // applied
  };
  Ledger ledger = Ledger::none;
  std::string tool;   // "flyway"; empty when there is none
  std::string table;  // "public.flyway_schema_history"
  std::vector<Row> rows;
  std::string
      trouble;  // why it cannot be read now, and what would help; rows may still be those last read
  std::string at_work;  // who is applying something right now; rows are those from before
  std::vector<InvalidIndex> invalid_indexes;  // by name; nobody was building them
  bool standby = false;
  Identity identity;
  TimePoint as_of{};
  friend bool operator==(const Observation&, const Observation&) = default;
};

// The same but for when it was seen.
bool same_sight(const Observation& a, const Observation& b);

}  // namespace tidemark
