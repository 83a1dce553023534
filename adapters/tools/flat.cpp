#include "adapters/tools/flat.h"

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <string_view>

#include "adapters/tools/file_name.h"

namespace tidemark {

namespace {

struct Folder {
  std::size_t files = 0;
  std::size_t scripts = 0;  // no programs: a number in front of their names says little
  std::string_view first;   // of its files, by path
  bool hidden = false;
  std::string_view hidden_by;  // the nearest folder above that does
};
using Folders = std::map<std::string_view, Folder>;

std::string_view folder_above(std::string_view folder) {
  return folder_with_slash(folder.substr(0, folder.size() - 1));
}

std::string name_for_people(std::string_view folder) {
  return folder.empty() ? "the migrations at the top" : std::string(folder);
}

// Whether one of the names in `below`, "old/2025/", says that nobody runs what lies there.
bool is_put_away(std::string_view below) {
  constexpr std::array<std::string_view, 16> names{"archive",
                                                   "archived",
                                                   "archives",
                                                   "attic",
                                                   "backup",
                                                   "deprecated",
                                                   "disabled",
                                                   "drafts",
                                                   "fixtures",
                                                   "legacy",
                                                   "obsolete",
                                                   "old",
                                                   "seed",
                                                   "seeds",
                                                   "squashed",
                                                   "testdata"};
  const auto lower = "/" + lower_case(below);
  return std::ranges::any_of(names, [&](std::string_view name) {
    return lower.find("/" + std::string(name) + "/") != std::string::npos;
  });
}

Folders folders_of(std::span<const ScannedFile> files) {
  Folders folders;
  for (const auto& file : files) {
    auto& folder = folders[folder_with_slash(file.path)];
    ++folder.files;
    folder.scripts += file.path.ends_with(".go") ? 0 : 1;
    folder.first =
        folder.first.empty() ? file.path : std::min<std::string_view>(folder.first, file.path);
  }
  return folders;
}

// Marks what is hidden, and returns what counts only because there is more of it.
std::vector<CatalogProblem> hide_nested(Folders& folders) {
  std::map<std::string_view, std::string_view> larger;  // by the folder above it
  for (auto& [path, folder] : folders) {
    for (auto above = path; !above.empty() && !folder.hidden;) {
      above = folder_above(above);
      const auto at = folders.find(above);
      if (at == folders.end() || at->second.scripts == 0) {
        continue;
      }
      if (at->second.files >= folder.scripts || is_put_away(path.substr(above.size()))) {
        folder.hidden = true;
        folder.hidden_by = above;
      } else {
        larger.try_emplace(above, path);
      }
    }
  }
  std::vector<CatalogProblem> problems;
  for (const auto& [above, path] : larger) {
    if (!folders[above].hidden && !folders[path].hidden) {
      problems.push_back({std::string(folders[above].first),
                          "lies above " + std::string(path) +
                              ", which has more files: those of both folders count"});
    }
  }
  return problems;
}

}  // namespace

FlatFiles without_nested(std::span<const ScannedFile> files) {
  auto folders = folders_of(files);
  FlatFiles flat;
  flat.problems = hide_nested(folders);
  for (const auto& file : files) {
    if (!folders[folder_with_slash(file.path)].hidden) {
      flat.files.push_back(file);
    }
  }
  for (const auto& [path, folder] : folders) {
    if (folder.hidden && !is_put_away(path.substr(folder.hidden_by.size()))) {
      flat.problems.push_back({std::string(folder.first),
                               "lies below " + name_for_people(folder.hidden_by) +
                                   " and is not looked at, nor is anything else in " +
                                   std::string(path)});
    }
  }
  return flat;
}

Result<Catalog> with_problems(Result<Catalog> catalog, std::span<const CatalogProblem> problems) {
  if (catalog) {
    catalog->problems.insert(catalog->problems.end(), problems.begin(), problems.end());
    std::ranges::sort(catalog->problems);
  }
  return catalog;
}

}  // namespace tidemark
