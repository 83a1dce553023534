#include <algorithm>
#include <span>
#include <string_view>
#include <vector>

#include "core/drift/history.h"
#include "core/text/printable.h"
#include "daemon/control/document_parts.h"
#include "daemon/control/documents.h"

namespace tidemark {

namespace json = boost::json;

namespace {

// One migration on both sides.
struct Sides {
  const Row* theirs;
  bool ours;
  const Line& line;
  std::string_view at_work;  // who may be applying it right now
};

struct Told {
  std::string_view state;
  std::string why;
};

// What we know of it by more than their row: a file's content, or somebody's word.
bool is_ours(const Record* record) {
  return record != nullptr && record->applied &&
         (record->evidence != Evidence::observed || record->content);
}

// Whoever works there asks nobody what is due.
bool may_run_now(const Sides& sides) {
  const auto& cell = sides.line.cell;
  const bool not_yet = cell.state == CellState::not_due && cell.reason.empty();
  return !sides.at_work.empty() &&
         (not_yet || cell.state == CellState::pending || cell.reason == "at_work");
}

Told without_drift(const Sides& sides) {
  const auto& cell = sides.line.cell;
  const bool theirs = sides.theirs != nullptr && sides.theirs->state == Row::State::applied;
  if (may_run_now(sides)) {
    return {"in_progress", "may be applied right now by " + std::string(sides.at_work)};
  }
  if (theirs && !sides.ours && cell.reason == "archived") {
    return {"theirs_only", "applied there; its file need not be here any more"};
  }
  if (theirs && !sides.ours) {
    return {"theirs_only", "applied there; nothing of ours to compare it with"};
  }
  if (theirs && cell.content == ContentVerdict::unverifiable) {
    return {"unverifiable", "applied there; nothing to compare its content with"};
  }
  if (theirs && cell.state != CellState::applied) {
    return {"in_sync", "applied there with an older content; the file is due again"};
  }
  if (!theirs && cell.state == CellState::applied && cell.reason == "below_baseline") {
    return {"in_sync", "covered by their baseline"};
  }
  if (!theirs && cell.state == CellState::applied) {
    return {"ours_only", "recorded here, and not in their ledger"};
  }
  return {"in_sync", theirs ? "" : std::string(to_string(cell.state))};
}

json::object row_document(const Sides& sides, std::span<const StoredFinding* const> about) {
  auto [state, why] = without_drift(sides);
  std::string kind;
  const auto worst = std::ranges::max_element(
      about, {}, [](const auto* stored) { return stored->finding.severity == Severity::drift; });
  if (worst != about.end()) {
    const auto& finding = (*worst)->finding;
    kind = to_string(finding.kind);
    why = finding.summary;
    state = finding.severity == Severity::drift ? "drift" : state;
  }
  const auto& line = sides.line;
  const Row* theirs = sides.theirs;
  return {{"id", text(line.id.value)},
          {"key", text(line.key.value)},
          {"ours", sides.ours ? json::value("applied") : json::value(nullptr)},
          {"theirs", theirs != nullptr ? json::value(to_string(theirs->state)) : nullptr},
          {"state", state},
          {"kind", text_or_null(kind)},
          {"why", text(why)},
          {"at", time_or_null(line.cell.at)},
          {"by", text_or_null(line.cell.by)}};
}

json::object baseline_document(const Row& row) {
  return {{"id", text(row.id.value)},
          {"key", text(row.key.value)},
          {"ours", nullptr},
          {"theirs", to_string(row.state)},
          {"state", "in_sync"},
          {"kind", nullptr},
          {"why", text("stands for everything up to " + row.version_text)},
          {"at", time_or_null(row.at)},
          {"by", text_or_null(row.by)}};
}

}  // namespace

json::object ledger_document(const WatchedApp& app, const WatchedEnvironment& environment) {
  const auto theirs = their_side(app.catalog, environment.records, environment.observation);
  const auto findings = findings_by_key(environment);
  const auto records = newest(environment.records, theirs);
  const auto& observation = environment.observation;
  const std::string at_work = observation ? observation->at_work : "";
  json::array rows;
  for (const auto& row : observation ? observation->rows : std::vector<Row>()) {
    if (row.state == Row::State::baseline) {
      rows.push_back(baseline_document(row));
    }
  }
  for (const auto& line : environment.standing.lines) {
    const Sides sides{find(theirs.rows, line.key), is_ours(find(records, line.key)), line, at_work};
    const auto& about = of(findings, line.key);
    const bool in_neither = sides.theirs == nullptr && !sides.ours && about.empty() &&
                            line.cell.state != CellState::applied;
    if (!in_neither || may_run_now(sides)) {
      rows.push_back(row_document(sides, about));
    }
  }
  json::array rejected;
  for (const auto& table : environment.shape.rejected) {
    rejected.push_back(json::object{{"table", text(table.table.text())}, {"why", text(table.why)}});
  }
  return {{"app", environment.ref.app},
          {"environment", environment.ref.name},
          {"tool", observation ? text_or_null(observation->tool) : json::value(nullptr)},
          {"table", observation ? text_or_null(observation->table) : json::value(nullptr)},
          {"at_work", text_or_null(at_work)},
          {"trouble", observation ? text_or_null(observation->trouble) : json::value(nullptr)},
          {"shape",
           json::object{{"recognised", text_or_null(environment.shape.table)},
                        {"tool", text_or_null(environment.shape.tool)},
                        {"evidence", text(environment.shape.evidence)},
                        {"note", text_or_null(environment.shape.note)},
                        {"layout", text_or_null(environment.shape.layout)},
                        {"rejected", std::move(rejected)}}},
          {"rows", std::move(rows)}};
}

}  // namespace tidemark
