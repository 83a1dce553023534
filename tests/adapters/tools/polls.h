#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "adapters/tools/tool.h"
#include "core/drift/compare.h"

namespace tidemark::test {

// A directory and a ledger from bytes and values to findings: what a tool's user would be told.

struct TextFile {
  std::string path;
  std::string bytes;
};
using TextFiles = std::vector<TextFile>;

// As its tool arranges these files.
inline Catalog arranged(const Tool& tool, const TextFiles& files) {
  std::vector<ScannedFile> scanned;
  for (const auto& file : files) {
    auto entries = tool.entries(file.path, file.bytes);
    if (!entries.empty()) {
      scanned.push_back({file.path, content_of(file.bytes), std::move(entries)});
    }
  }
  std::ranges::sort(scanned, {}, &ScannedFile::path);
  const ReadScanned read = [&](const ScannedFile& wanted) -> Result<std::string> {
    const auto found = std::ranges::find(files, wanted.path, &TextFile::path);
    return found->bytes;
  };
  auto catalog = tool.arrange(scanned, read);
  REQUIRE(catalog);
  return std::move(*catalog);
}

using Values = std::vector<std::optional<std::string>>;

// What the tool reads from an answer with these rows.
inline std::vector<Row> rows_of(const Tool& tool, std::vector<Values> values) {
  ResultSet answer;
  answer.rows = std::move(values);
  auto rows = tool.rows(answer);
  REQUIRE(rows);
  return std::move(*rows);
}

inline Observation observed(const Tool& tool, std::vector<Row> rows) {
  Observation seen;
  seen.ledger = Observation::Ledger::read;
  seen.tool = tool.name();
  seen.rows = std::move(rows);
  return seen;
}

// An environment that is looked at again and again.
class Polls {
 public:
  explicit Polls(const Tool& tool) : tool_(tool) {}

  const Standing& poll(const TextFiles& files, std::vector<Row> rows) {
    const auto catalog = arranged(tool_, files);
    const std::optional observation(observed(tool_, std::move(rows)));
    for (auto& record : learn(catalog, records_, observation, {}, now_)) {
      records_.push_back(std::move(record));
    }
    standing_ =
        compare(catalog, records_, observation, {.mode = Mode::reconcile_only, .upstream = {}});
    return standing_;
  }
  const std::vector<Record>& records() const { return records_; }

 private:
  const Tool& tool_;
  TimePoint now_ = *parse_time("2026-04-18T12:00:00Z");
  std::vector<Record> records_;
  Standing standing_;
};

// "1 applied, 2 pending out_of_order, 3 drifted": the lines in their order.
inline std::string states(const Standing& standing) {
  std::string text;
  for (const auto& line : standing.lines) {
    text +=
        (text.empty() ? "" : ", ") + line.key.value + " " + std::string(to_string(line.cell.state));
    text += line.cell.reason.empty() ? "" : " " + line.cell.reason;
  }
  return text;
}

// "edited 1, foreign 7".
inline std::string findings(const Standing& standing) {
  std::string text;
  for (const auto& finding : standing.findings) {
    text +=
        (text.empty() ? "" : ", ") + std::string(to_string(finding.kind)) + " " + finding.key.value;
  }
  return text;
}

}  // namespace tidemark::test
