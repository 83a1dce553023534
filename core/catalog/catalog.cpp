#include "core/catalog/catalog.h"

#include <algorithm>
#include <map>
#include <set>
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
    case Role::part:
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
  Catalog catalog{.layout = std::move(layout), .migrations = {}, .problems = {}};
  std::vector<const ScannedFile*> by_path;
  for (const auto& file : files) {
    by_path.push_back(&file);
  }
  std::ranges::sort(by_path, {}, &ScannedFile::path);

  std::map<Key, Migration> found;
  for (const auto* file : by_path) {
    for (const auto& entry : file->entries) {
      if (entry.role == Role::rollback || entry.role == Role::part) {
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
                                                           std::nullopt,
                                                           entry.group,
                                                           entry.after,
                                                           entry.replaces,
                                                           "",
                                                           "",
                                                           std::nullopt,
                                                           0,
                                                           false});
      if (!added) {
        catalog.problems.push_back({file->path, "is the same migration as " + at->second.file});
      } else if (entry.rolls_back) {
        at->second.rollback = Rollback{file->path, file->content};
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

void sort_by_dependencies(Catalog& catalog) {
  auto& migrations = catalog.migrations;
  std::map<Key, std::size_t> position;
  for (std::size_t i = 0; i < migrations.size(); ++i) {
    position.emplace(migrations[i].key, i);
  }
  std::vector<std::size_t> waits_for(migrations.size());
  std::vector<std::vector<std::size_t>> followers(migrations.size());
  for (std::size_t i = 0; i < migrations.size(); ++i) {
    for (const auto& key : migrations[i].after) {
      if (const auto before = position.find(key); before != position.end()) {
        followers[before->second].push_back(i);
        ++waits_for[i];
      }
    }
  }
  std::set<std::size_t> ready;
  for (std::size_t i = 0; i < migrations.size(); ++i) {
    if (waits_for[i] == 0) {
      ready.insert(i);
    }
  }
  std::vector<Migration> sorted;
  sorted.reserve(migrations.size());
  std::vector<bool> done(migrations.size());
  while (!ready.empty()) {
    const auto next = *ready.begin();
    ready.erase(ready.begin());
    done[next] = true;
    sorted.push_back(std::move(migrations[next]));
    for (const auto follower : followers[next]) {
      if (--waits_for[follower] == 0) {
        ready.insert(follower);
      }
    }
  }
  for (std::size_t i = 0; i < migrations.size(); ++i) {
    if (!done[i]) {
      catalog.problems.push_back(
          {migrations[i].file, "depends on itself, or on what depends on a circle"});
      sorted.push_back(std::move(migrations[i]));
    }
  }
  migrations = std::move(sorted);
  std::ranges::sort(catalog.problems);
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
