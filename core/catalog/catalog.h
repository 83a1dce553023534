#pragma once

#include <set>
#include <span>
#include <string>
#include <vector>

#include "core/catalog/migration.h"

namespace tidemark {

// What a file of a migrations directory is for, as its tool's layout sees it. A file may hold
// several entries.
struct FileEntry {
  enum class Role {
    versioned,
    repeatable,
    baseline,
    rollback,
    part,  // no migration by itself: its tool looks into it when it arranges the whole
  };
  Role role = Role::versioned;
  Key key;  // of a rollback: the key of the migration that it rolls back
  MigrationId id;
  Version version;
  std::string version_text;
  std::string description;
  TheirChecksums checksums;
  std::string group{};
  std::vector<Key> after{};
  std::vector<Key> replaces{};
  bool rolls_back = false;  // the file says in itself what takes it back
  friend bool operator==(const FileEntry&, const FileEntry&) = default;
};

// One file as last read. `path` is relative to the app's root.
struct ScannedFile {
  std::string path;
  Content content;
  std::vector<FileEntry> entries;
  friend bool operator==(const ScannedFile&, const ScannedFile&) = default;
};

// Something in the directory that people should put right: two files with one version, a rollback
// without its migration, a file that could not be read.
struct CatalogProblem {
  std::string file;
  std::string what;
  friend auto operator<=>(const CatalogProblem&, const CatalogProblem&) = default;
};

// What is in a directory and could not be read, now or ever before: nobody may conclude that it is
// gone.
struct UnreadFiles {
  std::set<Key> keys;  // by their files' names
  bool any = false;    // a folder could not be listed: every file may be in there
  bool may_hold(const Key& key) const { return any || keys.contains(key); }
  friend bool operator==(const UnreadFiles&, const UnreadFiles&) = default;
};

// What a layout's tool makes of versions.
struct LayoutRules {
  bool ordered = true;  // a later version is not applied before an earlier one
  // A file that comes late, below what is applied already.
  enum class Late {
    refused,  // or ignored, unless somebody insists
    runs,     // next, like any other
    skipped,  // is never run, and nobody is told
  } late = Late::refused;
  // People delete old files once all have applied them: what is applied and older than the oldest
  // file is archived, not gone.
  bool archives_old = false;
  // Their tool makes one file of old ones, and then forgets them in its ledger too.
  bool squashes = false;
  // People delete the rows of what has no file any more, and its tool helps them.
  bool prunes = false;
  // It does not go on while something is applied without what it comes after.
  bool refuses_gaps = false;
  friend bool operator==(const LayoutRules&, const LayoutRules&) = default;
};

// The migrations of an app's directory at one moment, in the order in which they apply: versioned
// and baselines by version, then repeatables by description, unless the layout has another order.
struct Catalog {
  std::string layout;  // the tool whose files these are
  std::vector<Migration> migrations;
  std::vector<CatalogProblem> problems;
  UnreadFiles unread{};
  LayoutRules rules{};

  const Migration* find(const Key& key) const;
  friend bool operator==(const Catalog&, const Catalog&) = default;
};

// Files with the same key are one migration and a problem: the first by path counts.
Catalog make_catalog(std::string layout, std::span<const ScannedFile> files);

// In an order in which each comes after all that it has to, otherwise as they stand. Those on a
// circle keep their place and are a problem.
void sort_by_dependencies(Catalog& catalog);

// A migration by what a person typed: its id, else its version or key, else an unambiguous prefix
// of an id.
struct Lookup {
  const Migration* migration = nullptr;
  std::vector<std::string> candidates;  // more than one: ambiguous
};
Lookup find_migration(const Catalog& catalog, const std::string& typed);

}  // namespace tidemark
