#include "core/drift/naming.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

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

}  // namespace

std::map<const Row*, Named> find_by_any_name(const Catalog& catalog, std::span<const Row> rows) {
  std::map<const Row*, Named> found;
  if (std::ranges::none_of(rows, &Row::any_name)) {
    return found;
  }
  using Names = std::map<std::string, const Migration*>;  // null: several have it
  std::array<Names, 6> by_name;
  for (const auto& migration : catalog.migrations) {
    const auto names = names_of(migration);
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (const auto [at, added] = by_name[i].try_emplace(names[i], &migration); !added) {
        at->second = nullptr;
      }
    }
  }
  for (const auto& row : rows) {
    if (!row.any_name) {
      continue;
    }
    for (std::size_t i = 0; i < by_name.size(); ++i) {
      const bool last = i + 1 == by_name.size();
      const auto name = last ? number_in(row.key.value) : row.key.value;
      const auto at = by_name[i].find(name);
      if (!name.empty() && at != by_name[i].end()) {
        if (at->second != nullptr && at->second->key != row.key) {
          found.emplace(&row, Named{at->second->key, at->second->id});
        }
        break;
      }
    }
  }
  return found;
}

}  // namespace tidemark
