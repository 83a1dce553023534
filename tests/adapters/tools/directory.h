#pragma once

#include <doctest/doctest.h>

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "adapters/tools/layout.h"
#include "adapters/tools/tool.h"

namespace tidemark::test {

// A directory of files, and what a tool makes of it: scanned, arranged, taken for its own.

using Strings = std::vector<std::string>;
using Files = std::map<std::string, std::string>;  // their bytes by path

// Files with these paths that are all alike.
inline Files alike(const Strings& paths, const std::string& bytes = "") {
  Files files;
  for (const auto& path : paths) {
    files[path] = bytes;
  }
  return files;
}

inline Files without(Files files, const std::string& path) {
  files.erase(path);
  return files;
}

inline std::vector<ScannedFile> scanned(const Tool& tool, const Files& files) {
  std::vector<ScannedFile> all;
  for (const auto& [path, bytes] : files) {
    if (auto entries = tool.entries(path, bytes); !entries.empty()) {
      all.push_back({path, content_of(bytes), std::move(entries)});
    }
  }
  return all;
}

inline Result<Catalog> arranged(const Tool& tool, const Files& files) {
  return tool.arrange(scanned(tool, files), [&](const ScannedFile& file) -> Result<std::string> {
    return files.at(file.path);
  });
}

// The catalog of a directory that its tool can arrange.
inline Catalog catalog_of(const Tool& tool, const Files& files) {
  auto catalog = arranged(tool, files);
  REQUIRE_MESSAGE(catalog, catalog.error().detail);
  return *std::move(catalog);
}

inline Strings ids_of(const Catalog& catalog) {
  Strings all;
  for (const auto& migration : catalog.migrations) {
    all.push_back(migration.id.value);
  }
  return all;
}

inline Strings keys_of(const Catalog& catalog) {
  Strings all;
  for (const auto& migration : catalog.migrations) {
    all.push_back(migration.key.value);
  }
  return all;
}

// "shop/migrations/0002_b.py depends on …": path and problem.
inline Strings problems_of(const Catalog& catalog) {
  Strings all;
  for (const auto& problem : catalog.problems) {
    all.push_back(problem.file + " " + problem.what);
  }
  return all;
}

// The bytes of a migration, be it a file or a piece of one.
inline std::string bytes_of(const Migration& migration, const Files& files) {
  const auto& file = files.at(migration.file);
  return migration.piece ? file.substr(migration.piece->offset, migration.piece->size) : file;
}

inline Strings paths_of(const Files& files) {
  Strings paths;
  for (const auto& [path, bytes] : files) {
    paths.push_back(path);
  }
  return paths;
}

// How each of them begins. `files` must outlive it.
inline std::function<std::string(const std::string& path)> heads_of(const Files& files) {
  return [&files](const std::string& path) { return files.at(path).substr(0, 4096); };
}

// What a tool says of a directory: "named 2".
inline std::string evidence_of(const Tool& tool, const Files& files) {
  const auto paths = paths_of(files);
  const auto evidence = tool.layout_evidence({paths, heads_of(files)});
  constexpr const char* words[] = {"none", "possible", "named", "marked"};
  return std::string(words[static_cast<int>(evidence.strength)]) + " " +
         std::to_string(evidence.files);
}

// Which layout a directory has when nobody says it.
inline LayoutChoice chosen_for(const Files& files, std::string_view seen_tool = "") {
  const auto paths = paths_of(files);
  return choose_layout("auto", {paths, heads_of(files)}, seen_tool);
}

inline std::string layout_of(const Files& files, std::string_view seen_tool = "") {
  const auto choice = chosen_for(files, seen_tool);
  return choice.tool == nullptr ? "(none)" : std::string(choice.tool->name());
}

}  // namespace tidemark::test
