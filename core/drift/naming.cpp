#include "core/drift/naming.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace tidemark {

namespace {

std::string_view base_of(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

std::string_view stem_of(std::string_view name) {
  return name.substr(0, name.rfind('.'));
}

// "7" of "007"; empty for what is no number.
std::string number_in(std::string_view text) {
  if (text.empty() || !std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; })) {
    return "";
  }
  const auto first = text.find_first_not_of('0');
  return first == std::string_view::npos ? "0" : std::string(text.substr(first));
}

// From the name that says most to the one that says least.
std::array<std::string, 6> names_of(const Migration& migration) {
  const auto base = base_of(migration.file);
  return {migration.key.value,
          migration.id.value,
          migration.file,
          std::string(base),
          std::string(stem_of(base)),
          number_in(migration.version_text)};
}

using Names = std::map<std::string, const Migration*>;  // null: several have it
using Kinds = std::array<Names, 6>;

Kinds by_name(const Catalog& catalog) {
  Kinds kinds;
  for (const auto& migration : catalog.migrations) {
    const auto names = names_of(migration);
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (const auto [at, added] = kinds[i].try_emplace(names[i], &migration); !added) {
        at->second = nullptr;
      }
    }
  }
  return kinds;
}

// nullopt: no file has that name; null: several have it.
std::optional<const Migration*> meant(const std::string& name, const Kinds& kinds) {
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    const bool last = i + 1 == kinds.size();
    const auto wanted = last ? number_in(name) : name;
    const auto at = kinds[i].find(wanted);
    if (!wanted.empty() && at != kinds[i].end()) {
      return at->second;
    }
  }
  return std::nullopt;
}

// By what a path ends in: "001_a.sql" of "db/001_a.sql", or of "db\\001_a.sql".
const Migration* meant_by_end(std::string path, const Kinds& kinds) {
  std::ranges::replace(path, '\\', '/');
  for (auto at = path.find('/'); at != std::string::npos; at = path.find('/', at + 1)) {
    const auto end = path.substr(at + 1);
    if (const auto migration = number_in(end).empty() ? meant(end, kinds) : std::nullopt) {
      return *migration;
    }
  }
  return nullptr;
}

}  // namespace

std::map<const Row*, Named> find_by_any_name(const Catalog& catalog, std::span<const Row> rows) {
  std::map<const Row*, Named> found;
  if (std::ranges::none_of(rows, &Row::any_name)) {
    return found;
  }
  const auto kinds = by_name(catalog);
  std::set<const Migration*> taken;
  std::vector<const Row*> others;
  bool paths_are_ours = false;
  for (const auto& row : rows) {
    if (!row.any_name) {
      continue;
    }
    const auto migration = meant(row.key.value, kinds);
    if (!migration) {
      others.push_back(&row);
    } else if (*migration != nullptr) {
      taken.insert(*migration);
      paths_are_ours = paths_are_ours || row.key.value == (*migration)->file;
      if ((*migration)->key != row.key) {
        found.emplace(&row, Named{(*migration)->key, (*migration)->id});
      }
    }
  }
  // Where some row has a path just as ours, another folder is another file.
  std::map<const Migration*, std::vector<const Row*>> by_end;
  for (const Row* row : others) {
    const Migration* migration = meant_by_end(row->key.value, kinds);
    if (migration != nullptr && !paths_are_ours && !taken.contains(migration)) {
      by_end[migration].push_back(row);
    }
  }
  for (const auto& [migration, same] : by_end) {
    if (std::ranges::any_of(same, [&](const Row* row) { return row->key != same[0]->key; })) {
      continue;
    }
    for (const Row* row : same) {
      found.emplace(row, Named{migration->key, migration->id});
    }
  }
  return found;
}

}  // namespace tidemark
