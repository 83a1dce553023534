#include "core/drift/naming.h"

#include <algorithm>
#include <array>
#include <functional>
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

using Names = std::map<std::string, const Migration*, std::less<>>;  // null: several have it
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
std::optional<const Migration*> meant(std::string_view name, const Kinds& kinds) {
  const auto number = number_in(name);
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    const auto wanted = i + 1 == kinds.size() ? std::string_view(number) : name;
    const auto at = kinds[i].find(wanted);
    if (!wanted.empty() && at != kinds[i].end()) {
      return at->second;
    }
  }
  return std::nullopt;
}

std::string with_slashes(std::string path) {
  std::ranges::replace(path, '\\', '/');
  return path;
}

// "001_a.sql" of "db/001_a.sql", behind its front "db/".
struct ByEnd {
  const Migration* migration = nullptr;  // null: none, or several
  std::string_view front;
};

ByEnd meant_by_end(std::string_view path, const Kinds& kinds) {
  for (auto at = path.find('/'); at != std::string_view::npos; at = path.find('/', at + 1)) {
    const auto end = path.substr(at + 1);
    if (const auto migration = number_in(end).empty() ? meant(end, kinds) : std::nullopt) {
      return {*migration, path.substr(0, at + 1)};
    }
  }
  return {};
}

// Rows by the files that they end in; none where they begin in several folders: those of other apps
// may have files of the same names.
std::map<const Migration*, std::vector<const Row*>> by_end(std::span<const Row* const> rows,
                                                           const Kinds& kinds) {
  std::map<const Migration*, std::vector<const Row*>> found;
  std::set<std::string, std::less<>> fronts;
  for (const Row* row : rows) {
    const auto path = with_slashes(row->key.value);
    const auto [migration, front] = meant_by_end(path, kinds);
    if (migration != nullptr) {
      found[migration].push_back(row);
      fronts.emplace(front);
    }
  }
  return fronts.size() > 1 ? decltype(found)() : found;
}

}  // namespace

std::map<const Row*, Named> find_by_any_name(const Catalog& catalog, std::span<const Row> rows) {
  constexpr std::size_t name_max = 4096;  // what is longer is no file's
  std::map<const Row*, Named> found;
  if (std::ranges::none_of(rows, &Row::any_name)) {
    return found;
  }
  const auto kinds = by_name(catalog);
  std::set<const Migration*> taken;
  std::vector<const Row*> others;
  bool paths_are_ours = false;
  for (const auto& row : rows) {
    if (!row.any_name || row.key.value.size() > name_max) {
      continue;
    }
    const auto path = with_slashes(row.key.value);
    auto migration = meant(row.key.value, kinds);
    if (!migration && path != row.key.value) {
      migration = meant(path, kinds);
    }
    if (!migration) {
      others.push_back(&row);
    } else if (*migration != nullptr) {
      taken.insert(*migration);
      paths_are_ours = paths_are_ours || (path == (*migration)->file && path.contains('/'));
      if ((*migration)->key != row.key) {
        found.emplace(&row, Named{(*migration)->key, (*migration)->id});
      }
    }
  }
  // Where some row has a path just as ours, another folder is another file.
  if (paths_are_ours) {
    return found;
  }
  for (const auto& [migration, same] : by_end(others, kinds)) {
    const bool several =
        std::ranges::any_of(same, [&](const Row* row) { return row->key != same[0]->key; });
    if (several || taken.contains(migration)) {
      continue;
    }
    for (const Row* row : same) {
      found.emplace(row, Named{migration->key, migration->id});
    }
  }
  return found;
}

}  // namespace tidemark
