#include "core/drift/chaining.h"

#include <algorithm>
#include <deque>
#include <string>
#include <utility>

namespace tidemark {

namespace {

using Name = std::pair<std::string, std::string>;  // with the group before it

// Of "users@v2", the scripts of which were renamed when it was reworked, what it was and is called.
Name name_of(const std::string& group, const MigrationId& id) {
  return {group, id.value.substr(0, id.value.find('@'))};
}

}  // namespace

Rechained rechain(const Catalog& catalog, std::span<const Row> rows) {
  Rechained found;
  if (std::ranges::none_of(rows, &Row::key_chains)) {
    return found;
  }
  std::set<Key> applied;
  for (const auto& row : rows) {
    if (row.state != Row::State::undone) {
      applied.insert(row.key);
    }
  }
  std::set<Key> files;
  std::set<Name> again;
  std::map<Name, std::deque<const Migration*>> unnamed;
  for (const auto& migration : catalog.migrations) {
    files.insert(migration.key);
    const auto name = name_of(migration.group, migration.id);
    if (applied.contains(migration.key)) {
      again.insert(name);
    } else {
      unnamed[name].push_back(&migration);
    }
  }
  std::set<std::string> seen;  // groups of which a row names no file
  for (const auto& row : rows) {
    if (!row.key_chains || files.contains(row.key)) {
      continue;
    }
    const auto name = name_of(row.group, row.id);
    if (row.state == Row::State::undone && again.contains(name) && unnamed[name].empty()) {
      found.superseded.insert(row.key);
    }
    if (row.state != Row::State::applied) {
      continue;
    }
    const bool first = seen.insert(row.group).second;
    auto& candidates = unnamed[name];
    if (candidates.empty()) {
      continue;
    }
    const Migration& migration = *candidates.front();
    candidates.pop_front();
    found.named.emplace(&row, Named{migration.key, migration.id});
    if (first) {
      found.first_changed.insert(migration.key);
    }
  }
  return found;
}

}  // namespace tidemark
