#pragma once

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "adapters/tools/tool.h"
#include "core/drift/compare.h"
#include "tests/adapters/tools/directory.h"

namespace tidemark::test {

// A ledger's rows beside a directory, from values to what somebody is told who looks at them.

using Values = std::vector<std::optional<std::string>>;  // of one row, as the server gives them

// What the tool reads from an answer with these rows.
inline std::vector<Row> rows_of(const Tool& tool, std::vector<Values> values) {
  auto rows = tool.rows({{}, std::move(values)});
  REQUIRE(rows);
  return *std::move(rows);
}

inline Observation observed(const Tool& tool, std::vector<Row> rows) {
  Observation observation;
  observation.ledger = Observation::Ledger::read;
  observation.tool = tool.name();
  observation.rows = std::move(rows);
  return observation;
}

inline std::optional<Observation> seen(const Tool& tool, std::vector<Values> values) {
  return observed(tool, rows_of(tool, std::move(values)));
}

// The world after a poll: what it taught is recorded, then compared.
struct Polled {
  enum class By { key, id };

  std::vector<Record> records;
  Standing standing;

  const Line& line(const std::string& key) const {
    const Line* found = standing.find({key});
    if (found == nullptr) {
      FAIL("no line for " << key);
    }
    return *found;
  }
  const Cell& cell(const std::string& key) const { return line(key).cell; }
  std::string state(const std::string& key) const {
    return std::string(to_string(cell(key).state));
  }
  std::string reason(const std::string& key) const { return cell(key).reason; }
  std::string note(const std::string& key) const { return cell(key).note; }

  // "1 applied, 2 pending out_of_order, 3 drifted": the lines in their order.
  std::string states(By by = By::key) const {
    std::string text;
    for (const auto& line : standing.lines) {
      text += (text.empty() ? "" : ", ") + (by == By::key ? line.key.value : line.id.value) + " " +
              std::string(to_string(line.cell.state));
      text += line.cell.reason.empty() ? "" : " " + line.cell.reason;
    }
    return text;
  }

  // "edited 1, foreign 7".
  std::string findings(By by = By::key) const {
    std::string text;
    for (const auto& finding : standing.findings) {
      text += (text.empty() ? "" : ", ") + std::string(to_string(finding.kind)) + " " +
              (by == By::key ? finding.key.value : finding.id.value);
    }
    return text;
  }
};

// `records` are what was learnt before.
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

inline Polled poll(const Tool& tool,
                   const Files& files,
                   std::vector<Row> rows,
                   std::vector<Record> records = {}) {
  return poll(catalog_of(tool, files), observed(tool, std::move(rows)), std::move(records));
}

}  // namespace tidemark::test
