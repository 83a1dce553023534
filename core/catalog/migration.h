#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/catalog/content.h"
#include "core/catalog/version.h"

namespace tidemark {

// What a tool's ledger stores to name a migration; records, findings and marks hang on it. Opaque
// outside its tool.
struct Key {
  std::string value;
  friend auto operator<=>(const Key&, const Key&) = default;
};

// What people call a migration, for display and typing: "V2__orders".
struct MigrationId {
  std::string value;
  friend auto operator<=>(const MigrationId&, const MigrationId&) = default;
};

enum class MigrationKind {
  versioned,   // runs once
  repeatable,  // runs again whenever its file changes; has no version
  baseline,    // stands for everything up to its version, and runs only on an empty database
};

// The checksums that their tool could have written for this content. A mismatch with all of them
// proves an edit only when the list is `complete` (placeholders, for example, may have been
// replaced before their tool hashed the file).
struct TheirChecksums {
  std::vector<std::string> accepted;
  bool complete = true;
  // Of checksums that chain: what that of the file before could be. A mismatch proves an edit of
  // this file only where the row rests on one of these; else something before it is another.
  std::vector<std::string> rests_on{};
  // Kinds of checksum ("9" of "9:…") of which their tool takes whatever was stored.
  std::vector<std::string> any_of{};
  friend bool operator==(const TheirChecksums&, const TheirChecksums&) = default;
};

// Where a migration stands in a file that holds several.
struct Piece {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  friend bool operator==(const Piece&, const Piece&) = default;
};

struct Rollback {
  std::string file;
  Content content;
  friend bool operator==(const Rollback&, const Rollback&) = default;
};

// One change in an app's directory.
struct Migration {
  Key key;
  MigrationId id;
  MigrationKind kind = MigrationKind::versioned;
  Version version;           // empty for repeatables
  std::string version_text;  // as its tool writes it
  std::string description;
  std::string file;  // relative to the app's root; '/' between folders
  Content content;
  TheirChecksums checksums;
  std::optional<Rollback> rollback;
  std::string group{};           // a part of the directory with an order of its own: a Django app
  std::vector<Key> after{};      // what has to be applied before it, where the layout says so
  std::vector<Key> replaces{};   // squashed: it stands for all of these
  std::string never{};           // why its tool would not run it on this kind of database
  std::string perhaps{};         // why its tool may not run it, which only whoever runs that knows
  std::optional<Piece> piece{};  // `content` is that of this part of the file
  // So much of the key's front is a path, which in the ledger may begin with other folders.
  std::size_t path_in_key = 0;
  bool outside_transaction = false;  // a file beside it asks for that
  friend bool operator==(const Migration&, const Migration&) = default;
};

}  // namespace tidemark
