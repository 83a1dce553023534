#pragma once

#include <doctest/doctest.h>

#include <map>
#include <string>
#include <vector>

#include "adapters/tools/tool.h"

namespace tidemark::test {

// Files of an app, by path, as a scan hands them to a tool.
class Folder {
 public:
  explicit Folder(std::map<std::string, std::string> files) : files_(std::move(files)) {}

  std::vector<ScannedFile> scan(const Tool& tool) const {
    std::vector<ScannedFile> scanned;
    for (const auto& [path, bytes] : files_) {
      if (auto entries = tool.entries(path, bytes); !entries.empty()) {
        scanned.push_back({path, content_of(bytes), std::move(entries)});
      }
    }
    return scanned;
  }

  Catalog arrange(const Tool& tool) const {
    auto catalog = tool.arrange(scan(tool), [this](const ScannedFile& file) {
      return Result<std::string>(files_.at(file.path));
    });
    REQUIRE(catalog);
    return std::move(*catalog);
  }

  LayoutEvidence evidence(const Tool& tool) const {
    std::vector<std::string> paths;
    for (const auto& [path, bytes] : files_) {
      paths.push_back(path);
    }
    return tool.layout_evidence(
        {paths, [this](const std::string& path) { return files_.at(path).substr(0, 4096); }});
  }

  // The bytes of a migration, be it a file or a piece of one.
  std::string bytes(const Migration& migration) const {
    const auto& file = files_.at(migration.file);
    return migration.piece ? file.substr(migration.piece->offset, migration.piece->size) : file;
  }

  std::string& operator[](const std::string& path) { return files_[path]; }

 private:
  std::map<std::string, std::string> files_;
};

inline std::vector<std::string> ids(const Catalog& catalog) {
  std::vector<std::string> all;
  for (const auto& migration : catalog.migrations) {
    all.push_back(migration.id.value);
  }
  return all;
}

inline std::vector<std::string> problems(const Catalog& catalog) {
  std::vector<std::string> all;
  for (const auto& problem : catalog.problems) {
    all.push_back(problem.file + ": " + problem.what);
  }
  return all;
}

}  // namespace tidemark::test
