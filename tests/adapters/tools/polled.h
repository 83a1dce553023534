#pragma once

#include <doctest/doctest.h>

#include <initializer_list>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "adapters/tools/layout.h"
#include "adapters/tools/tool.h"
#include "core/drift/compare.h"

namespace tidemark::test {

// A tool's directory and its ledger's rows, from bytes and values to what is told of them.

using Files = std::map<std::string, std::string>;
using Values = std::vector<std::optional<std::string>>;

inline Catalog catalog_of(std::string_view tool, const Files& files) {
  std::vector<ScannedFile> scanned;
  for (const auto& [path, bytes] : files) {
    auto entries = find_tool(tool)->entries(path, bytes);
    if (!entries.empty()) {
      scanned.push_back({path, content_of(bytes), std::move(entries)});
    }
  }
  const auto read = [&](const ScannedFile& file) -> Result<std::string> {
    return files.at(file.path);
  };
  auto catalog = find_tool(tool)->arrange(scanned, read);
  REQUIRE(catalog);
  return *std::move(catalog);
}

inline std::vector<std::string> keys_of(const Catalog& catalog) {
  std::vector<std::string> keys;
  for (const auto& migration : catalog.migrations) {
    keys.push_back(migration.key.value);
  }
  return keys;
}

// "shop/migrations/0002_b.py depends on …": path and problem.
inline std::vector<std::string> problems_of(const Catalog& catalog) {
  std::vector<std::string> all;
  for (const auto& problem : catalog.problems) {
    all.push_back(problem.file + " " + problem.what);
  }
  return all;
}

inline std::vector<Row> rows_of(std::string_view tool, std::vector<Values> values) {
  auto rows = find_tool(tool)->rows({{}, std::move(values)});
  REQUIRE(rows);
  return *std::move(rows);
}

inline std::optional<Observation> seen(std::string_view tool, std::vector<Values> values) {
  Observation observation;
  observation.ledger = Observation::Ledger::read;
  observation.tool = tool;
  observation.rows = rows_of(tool, std::move(values));
  return observation;
}

// The world after a poll: what it taught is recorded, then compared.
struct Polled {
  std::vector<Record> records;
  Standing standing;

  std::string state(const std::string& key) const {
    const Line* line = standing.find({key});
    return line == nullptr ? "(no line)" : std::string(to_string(line->cell.state));
  }
  std::string reason(const std::string& key) const {
    const Line* line = standing.find({key});
    return line == nullptr ? "(no line)" : line->cell.reason;
  }
  std::string note(const std::string& key) const {
    const Line* line = standing.find({key});
    return line == nullptr ? "(no line)" : line->cell.note;
  }
  std::vector<std::string> findings() const {
    std::vector<std::string> all;
    for (const auto& finding : standing.findings) {
      all.push_back(std::string(to_string(finding.kind)) + " " + finding.key.value);
    }
    return all;
  }
};

inline Polled poll(const Catalog& catalog,
                   const std::optional<Observation>& observation,
                   std::vector<Record> records = {},
                   bool out_of_order_forbidden = false,
                   const std::vector<StoredFinding>& open = {}) {
  const auto now = *parse_time("2026-04-18T12:00:00Z");
  for (auto& record : learn(catalog, records, observation, open, now)) {
    records.push_back(std::move(record));
  }
  const Policy policy{.mode = Mode::reconcile_only,
                      .out_of_order_forbidden = out_of_order_forbidden,
                      .upstream = std::nullopt};
  auto standing = compare(catalog, records, observation, policy);
  return {std::move(records), std::move(standing)};
}

using Strings = std::vector<std::string>;

// What a tool says of a directory: "named 2".
inline std::string evidence_of(std::string_view tool, const Files& files) {
  std::vector<std::string> paths;
  for (const auto& [path, bytes] : files) {
    paths.push_back(path);
  }
  const auto head = [&](const std::string& path) { return files.at(path); };
  const auto evidence = find_tool(tool)->layout_evidence({paths, head});
  constexpr const char* words[] = {"none", "possible", "named", "marked"};
  return std::string(words[static_cast<int>(evidence.strength)]) + " " +
         std::to_string(evidence.files);
}

// Which layout a directory has when nobody says it.
inline std::string layout_of(const Files& files, std::string_view seen_tool = "") {
  std::vector<std::string> paths;
  for (const auto& [path, bytes] : files) {
    paths.push_back(path);
  }
  const auto head = [&](const std::string& path) { return files.at(path); };
  const auto choice = choose_layout("auto", {paths, head}, seen_tool);
  return choice.tool == nullptr ? "(none)" : std::string(choice.tool->name());
}

// "ledger", "possible", "if_named", "near_miss: why", "no".
inline std::string verdict(std::string_view tool,
                           const Relation& relation,
                           std::span<const Relation> all = {}) {
  const auto [is, words] = find_tool(tool)->recognise(relation, all);
  switch (is) {
    case Recognition::Verdict::no:
      return "no";
    case Recognition::Verdict::near_miss:
      return "near_miss: " + words;
    case Recognition::Verdict::if_named:
      return "if_named";
    case Recognition::Verdict::possible:
      return "possible";
    case Recognition::Verdict::ledger:
      return "ledger";
  }
  return "";
}

}  // namespace tidemark::test
