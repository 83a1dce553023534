#include "core/catalog/catalog.h"

#include <algorithm>
#include <map>
#include <tuple>

namespace tidemark {

const Migration* Catalog::find(const Key& key) const {
  const auto found = std::ranges::find(migrations, key, &Migration::key);
  return found == migrations.end() ? nullptr : &*found;
}

namespace {

using Role = FileEntry::Role;

MigrationKind kind_of(Role role) {
  switch (role) {
    case Role::versioned:
    case Role::rollback:
      return MigrationKind::versioned;
    case Role::repeatable:
      return MigrationKind::repeatable;
    case Role::baseline:
      return MigrationKind::baseline;
  }
  return MigrationKind::versioned;
}

auto apply_order(const Migration& m) {
  return std::tuple(m.kind == MigrationKind::repeatable, m.version, m.description, m.file);
}

}  // namespace

Catalog make_catalog(std::string layout, std::span<const ScannedFile> files) {
  Catalog catalog{std::move(layout), {}, {}, {}};
  std::vector<const ScannedFile*> by_path;
  for (const auto& file : files) {
    by_path.push_back(&file);
  }
  std::ranges::sort(by_path, {}, &ScannedFile::path);

  std::map<Key, Migration> found;
  for (const auto* file : by_path) {
    for (const auto& entry : file->entries) {
      if (entry.role == Role::rollback) {
        continue;
      }
      const auto [at, added] = found.try_emplace(entry.key,
                                                 Migration{entry.key,
                                                           entry.id,
                                                           kind_of(entry.role),
                                                           entry.version,
                                                           entry.version_text,
                                                           entry.description,
                                                           file->path,
                                                           file->content,
                                                           entry.checksums,
                                                           std::nullopt});
      if (!added) {
        catalog.problems.push_back({file->path, "is the same migration as " + at->second.file});
      }
    }
  }
  for (const auto* file : by_path) {
    for (const auto& entry : file->entries) {
      if (entry.role != Role::rollback) {
        continue;
      }
      const auto at = found.find(entry.key);
      if (at == found.end()) {
        catalog.problems.push_back({file->path, "rolls back a migration that is not here"});
      } else if (at->second.rollback) {
        catalog.problems.push_back(
            {file->path, "rolls back the same migration as " + at->second.rollback->file});
      } else {
        at->second.rollback = Rollback{file->path, file->content};
      }
    }
  }
  for (auto& [key, migration] : found) {
    catalog.migrations.push_back(std::move(migration));
  }
  std::ranges::sort(catalog.migrations, {}, apply_order);
  std::ranges::sort(catalog.problems);
  return catalog;
}

Lookup find_migration(const Catalog& catalog, const std::string& typed) {
  Lookup lookup;
  const auto all = [&](auto matches) {
    for (const auto& migration : catalog.migrations) {
      if (matches(migration)) {
        lookup.migration = &migration;
        lookup.candidates.push_back(migration.id.value);
      }
    }
    return !lookup.candidates.empty();
  };
  if (typed.empty()) {
    return lookup;
  }
  const bool found =
      all([&](const Migration& m) { return m.id.value == typed; }) ||
      all([&](const Migration& m) { return m.key.value == typed || m.version_text == typed; }) ||
      all([&](const Migration& m) { return m.id.value.starts_with(typed); });
  if (!found || lookup.candidates.size() > 1) {
    lookup.migration = nullptr;
  }
  return lookup;
}

}  // namespace tidemark
