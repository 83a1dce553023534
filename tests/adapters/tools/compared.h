#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "adapters/tools/tool.h"
#include "core/drift/compare.h"

namespace tidemark::test {

// A directory's files: path and content.
using Files = std::vector<std::pair<std::string, std::string>>;

inline std::vector<ScannedFile> scanned(const Tool& tool, const Files& files) {
  std::vector<ScannedFile> all;
  for (const auto& [path, bytes] : files) {
    auto entries = tool.entries(path, bytes);
    if (!entries.empty()) {
      all.push_back({path, content_of(bytes), std::move(entries)});
    }
  }
  return all;
}

inline Result<Catalog> try_arrange(const Tool& tool, const Files& files) {
  const ReadScanned read = [&files](const ScannedFile& file) -> Result<std::string> {
    for (const auto& [path, bytes] : files) {
      if (path == file.path) {
        return bytes;
      }
    }
    return fail(Errc::not_found, file.path);
  };
  return tool.arrange(scanned(tool, files), read);
}

inline Catalog arrange(const Tool& tool, const Files& files) {
  auto catalog = try_arrange(tool, files);
  REQUIRE_MESSAGE(catalog, catalog.error().detail);
  return *std::move(catalog);
}

inline std::vector<std::string> ids(const Catalog& catalog) {
  std::vector<std::string> all;
  for (const auto& migration : catalog.migrations) {
    all.push_back(migration.id.value);
  }
  return all;
}

inline LayoutEvidence evidence(const Tool& tool, const Files& files) {
  std::vector<std::string> paths;
  for (const auto& [path, bytes] : files) {
    paths.push_back(path);
  }
  std::ranges::sort(paths);
  return tool.layout_evidence({paths, [&files](const std::string& wanted) -> std::string {
                                 for (const auto& [path, bytes] : files) {
                                   if (path == wanted) {
                                     return bytes;
                                   }
                                 }
                                 return "";
                               }});
}

// What somebody sees who looks at the ledger for the first time, or again with what was learnt
// before.
struct Compared {
  std::vector<Record> records;
  Standing standing;

  Cell cell(const std::string& key) const {
    const Line* line = standing.find({key});
    REQUIRE_MESSAGE(line != nullptr, "no line for " << key);
    return line->cell;
  }
  CellState state(const std::string& key) const { return cell(key).state; }
  std::vector<std::string> findings() const {
    std::vector<std::string> all;
    for (const auto& finding : standing.findings) {
      all.push_back(std::string(to_string(finding.kind)) + " " + finding.key.value);
    }
    return all;
  }
};

inline Compared compared(const Tool& tool,
                         const Files& files,
                         const ResultSet& answer,
                         std::vector<Record> records = {}) {
  const auto catalog = arrange(tool, files);
  auto rows = tool.rows(answer);
  REQUIRE(rows);
  Observation seen;
  seen.ledger = Observation::Ledger::read;
  seen.tool = tool.name();
  seen.rows = *std::move(rows);
  const std::optional observation = std::move(seen);
  const TimePoint now = *parse_time("2026-04-18T12:00:00Z");
  for (auto& record : learn(catalog, records, observation, {}, now)) {
    records.push_back(std::move(record));
  }
  const Policy policy{.mode = Mode::reconcile_only, .upstream = std::nullopt};
  auto standing = compare(catalog, records, observation, policy);
  return {std::move(records), std::move(standing)};
}

using Words = std::vector<std::string>;

}  // namespace tidemark::test
