#include <map>

#include "core/drift/history.h"
#include "core/text/printable.h"
#include "daemon/control/document_parts.h"
#include "daemon/control/documents.h"

namespace tidemark {

namespace json = boost::json;

namespace {

struct Comparison {
  std::string_view state;
  std::string kind;  // of the finding, where there is one
  std::string why;
};

Comparison side_by_side(const Row* theirs, const Line& line, const StoredFinding* finding) {
  if (finding != nullptr) {
    return {"drift", std::string(to_string(finding->finding.kind)), finding->finding.summary};
  }
  const bool row_applied = theirs != nullptr && theirs->state == Row::State::applied;
  const bool cell_applied = line.cell.state == CellState::applied;
  if (row_applied && line.cell.content == ContentVerdict::unverifiable) {
    return {"unverifiable", "", "applied there; nothing to compare its content with"};
  }
  if (row_applied && cell_applied) {
    return {"in_sync", "", ""};
  }
  if (row_applied) {
    return {"in_sync", "", "applied there with an older content; the file is due again"};
  }
  if (cell_applied && line.cell.reason == "below_baseline") {
    return {"in_sync", "", "covered by their baseline"};
  }
  if (cell_applied) {
    return {"ours_only", "", "recorded here, and not in their ledger"};
  }
  return {"in_sync", "", std::string(to_string(line.cell.state))};
}

}  // namespace

json::object ledger_document(const WatchedApp& app, const WatchedEnvironment& environment) {
  const auto theirs = their_side(app.catalog, environment.records, environment.observation);
  const auto findings = findings_by_key(environment);
  const auto records = newest(environment.records);
  json::array rows;
  for (const auto& line : environment.standing.lines) {
    const Row* row = find(theirs.rows, line.key);
    const auto& about = of(findings, line.key);
    const Record* record = find(records, line.key);
    const bool ours = record != nullptr && record->applied;
    if (row == nullptr && !ours && line.cell.state != CellState::applied && about.empty()) {
      continue;  // in neither ledger
    }
    auto result = side_by_side(row, line, about.empty() ? nullptr : about.front());
    json::object out{
        {"id", text(line.id.value)},
        {"key", text(line.key.value)},
        {"ours", ours ? json::value("applied") : json::value(nullptr)},
        {"theirs", row != nullptr ? json::value(to_string(row->state)) : json::value(nullptr)},
        {"state", result.state},
        {"kind", text_or_null(result.kind)},
        {"why", text(result.why)},
        {"at", time_or_null(line.cell.at)},
        {"by", text_or_null(line.cell.by)}};
    rows.push_back(std::move(out));
  }
  if (environment.observation) {
    for (const auto& row : environment.observation->rows) {
      if (row.state == Row::State::baseline) {
        rows.insert(
            rows.begin(),
            json::object{{"id", text(row.id.value)},
                         {"key", text(row.key.value)},
                         {"ours", nullptr},
                         {"theirs", to_string(row.state)},
                         {"state", "in_sync"},
                         {"kind", nullptr},
                         {"why", "stands for everything up to " + valid_utf8(row.version_text)},
                         {"at", time_or_null(row.at)},
                         {"by", text_or_null(row.by)}});
      }
    }
  }
  json::array rejected;
  for (const auto& table : environment.shape.rejected) {
    rejected.push_back(json::object{{"table", text(table.table.text())}, {"why", text(table.why)}});
  }
  const auto& observation = environment.observation;
  return {{"app", environment.ref.app},
          {"environment", environment.ref.name},
          {"tool", observation ? text_or_null(observation->tool) : json::value(nullptr)},
          {"table", observation ? text_or_null(observation->table) : json::value(nullptr)},
          {"shape",
           json::object{{"recognised", text_or_null(environment.shape.table)},
                        {"tool", text_or_null(environment.shape.tool)},
                        {"evidence", text(environment.shape.evidence)},
                        {"rejected", std::move(rejected)}}},
          {"rows", std::move(rows)}};
}

}  // namespace tidemark
