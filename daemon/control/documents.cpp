#include "daemon/control/documents.h"

#include <algorithm>
#include <map>
#include <set>

#include <boost/json/value.hpp>

#include "daemon/control/document_parts.h"

namespace tidemark {

namespace json = boost::json;

namespace {

json::object cell_document(const Cell& cell,
                           const std::vector<const StoredFinding*>& findings,
                           TimePoint now) {
  json::object out{{"state", to_string(cell.state)}};
  if (!findings.empty()) {
    json::array list;
    for (const auto* finding : findings) {
      list.push_back(json::object{{"id", finding->id},
                                  {"kind", to_string(finding->finding.kind)},
                                  {"severity", to_string(finding->finding.severity)},
                                  {"acknowledged", finding->acknowledged_at(now)}});
    }
    out["findings"] = std::move(list);
  }
  if (cell.at) {
    out["at"] = format_time(*cell.at);
  }
  if (!cell.by.empty()) {
    out["by"] = text(cell.by);
  }
  if (cell.how) {
    out["how"] = to_string(*cell.how);
  }
  if (cell.evidence) {
    out["evidence"] = to_string(*cell.evidence);
  }
  if (cell.content) {
    out["content"] = to_string(*cell.content);
  }
  if (cell.sha256) {
    out["sha256"] = cell.sha256->hex();
  }
  if (!cell.reason.empty()) {
    out["reason"] = cell.reason;
  }
  if (!cell.note.empty()) {
    out["note"] = cell.note;
  }
  return out;
}

std::string_view kind_text(MigrationKind kind) {
  switch (kind) {
    case MigrationKind::versioned:
      return "versioned";
    case MigrationKind::repeatable:
      return "repeatable";
    case MigrationKind::baseline:
      return "baseline";
  }
  return "";
}

json::object line_document(const Line& line, const Migration* file) {
  json::object out{
      {"id", text(line.id.value)},
      {"key", text(line.key.value)},
      {"version",
       line.version_text.empty() ? json::value(nullptr) : json::value(text(line.version_text))},
      {"description", text(line.description)},
      {"kind", kind_text(line.kind)},
      {"file", nullptr},
      {"sha256", nullptr},
      {"rollback", nullptr}};
  if (file != nullptr) {
    out["file"] = text(file->file);
    out["sha256"] = file->content.raw.hex();
    if (file->rollback) {
      out["rollback"] = text(file->rollback->file);
    }
  }
  return out;
}

// The rows of the matrix: the directory's migrations in its order, then those that only ledgers
// of shown environments know, sorted in.
std::vector<const Line*> all_lines(const WatchedApp& app,
                                   const std::vector<const WatchedEnvironment*>& shown,
                                   std::map<Key, const Migration*>& files) {
  for (const auto& migration : app.catalog.migrations) {
    files.emplace(migration.key, &migration);
  }
  std::set<Key> seen;
  std::vector<const Line*> lines;
  std::vector<const Line*> others;
  for (const auto* environment : shown) {
    for (const auto& line : environment->standing.lines) {
      if (seen.insert(line.key).second) {
        (files.contains(line.key) ? lines : others).push_back(&line);
      }
    }
  }
  return sorted_in(
      std::move(lines), std::move(others), [](const Line* line) -> const Line& { return *line; });
}

json::array problems_document(const Catalog& catalog) {
  json::array problems;
  for (const auto& problem : catalog.problems) {
    problems.push_back(json::object{{"file", text(problem.file)}, {"what", text(problem.what)}});
  }
  return problems;
}

}  // namespace

json::object matrix_document(const WatchedApp& app, TimePoint now, const Visible& visible) {
  json::array environments;
  std::vector<FindingsByKey> findings;
  std::vector<std::map<Key, const Line*>> lines_of;
  std::vector<const WatchedEnvironment*> shown;
  for (const auto& environment : app.environments) {
    if (!visible(environment->ref)) {
      continue;
    }
    shown.push_back(environment.get());
    environments.push_back(
        json::object{{"name", environment->ref.name}, {"mode", to_string(environment->mode)}});
    findings.push_back(findings_by_key(*environment));
    auto& lines = lines_of.emplace_back();
    for (const auto& line : environment->standing.lines) {
      lines.emplace(line.key, &line);
    }
  }
  std::map<Key, const Migration*> files;
  json::array migrations;
  for (const Line* line : all_lines(app, shown, files)) {
    const auto file = files.find(line->key);
    auto entry = line_document(*line, file == files.end() ? nullptr : file->second);
    json::object cells;
    for (std::size_t i = 0; i < shown.size(); ++i) {
      const auto at = lines_of[i].find(line->key);
      Cell absent;
      absent.state = CellState::not_due;
      cells[shown[i]->ref.name] = cell_document(
          at == lines_of[i].end() ? absent : at->second->cell, of(findings[i], line->key), now);
    }
    entry["cells"] = std::move(cells);
    migrations.push_back(std::move(entry));
  }
  return {{"app", app.name},
          {"layout", app.catalog.layout},
          {"environments", std::move(environments)},
          {"migrations", std::move(migrations)},
          {"problems", problems_document(app.catalog)}};
}

json::object record_document(const Record& record) {
  return {
      {"id", text(record.id.value)},
      {"key", text(record.key.value)},
      {"applied", record.applied},
      {"how", to_string(record.how)},
      {"evidence", to_string(record.evidence)},
      {"at", format_time(record.at)},
      {"recorded_at", format_time(record.recorded_at)},
      {"by", text(record.by)},
      {"reason", text(record.reason)},
      {"sha256", record.content ? json::value(record.content->raw.hex()) : json::value(nullptr)}};
}

json::object migration_document(const WatchedApp& app,
                                const Key& key,
                                TimePoint now,
                                const Visible& visible) {
  const Migration* file = app.catalog.find(key);
  json::object out;
  json::array environments;
  for (const auto& environment : app.environments) {
    if (!visible(environment->ref)) {
      continue;
    }
    const Line* line = environment->standing.find(key);
    if (line != nullptr && out.empty()) {
      out = line_document(*line, file);
    }
    json::array records;
    for (const auto& record : environment->records) {
      if (record.key == key) {
        records.push_back(record_document(record));
      }
    }
    json::object cell{{"state", to_string(CellState::not_due)}};
    if (line != nullptr) {
      cell = cell_document(line->cell, of(findings_by_key(*environment), key), now);
    }
    environments.push_back(json::object{{"name", environment->ref.name},
                                        {"mode", to_string(environment->mode)},
                                        {"cell", std::move(cell)},
                                        {"records", std::move(records)}});
  }
  if (file != nullptr) {
    out["size"] = file->content.size;
    if (file->rollback) {
      out["rollback"] = json::object{{"file", text(file->rollback->file)},
                                     {"sha256", file->rollback->content.raw.hex()}};
    }
  }
  out["app"] = app.name;
  out["environments"] = std::move(environments);
  return out;
}

json::object identity_document(const Identity& identity) {
  json::object out{{"system_identifier", identity.system_identifier},
                   {"timeline", identity.timeline},
                   {"database_oid", identity.database_oid}};
  if (identity.schema_oid != 0) {
    out["schema_oid"] = identity.schema_oid;
  }
  return out;
}

namespace {

std::string problem_of(const WatchedEnvironment& environment) {
  if (!environment.problem.empty()) {
    return environment.problem;
  }
  if (!environment.history_certain) {
    return "history uncertain: " + environment.history_reason + " (tidemark rebaseline " +
           environment.ref.text() + ")";
  }
  if (environment.last_poll && environment.last_poll->outcome != "ok") {
    return environment.last_poll->error;
  }
  if (environment.observation && !environment.observation->at_work.empty()) {
    return "something is being applied: " + environment.observation->at_work;
  }
  if (environment.observation && !environment.observation->trouble.empty()) {
    return environment.observation->trouble;
  }
  return environment.shape.note;
}

json::array warnings_of(const WatchedEnvironment& environment) {
  json::array warnings;
  if (const auto& can = environment.told.excess_privileges; can && !can->empty()) {
    warnings.push_back(text("credential can write: " + *can));
  }
  return warnings;
}

json::value lag_document(const WatchedEnvironment& environment, Instant now) {
  if (!environment.waiting) {
    return nullptr;
  }
  const auto age = std::chrono::duration_cast<std::chrono::seconds>(environment.lag(now));
  return json::object{{"migration", text(environment.waiting->id.value)},
                      {"since", format_time(environment.waiting->since)},
                      {"seconds", age.count()},
                      {"too_long", environment.lags(now)}};
}

}  // namespace

json::object status_entry(const WatchedEnvironment& environment,
                          const WatchedApp& app,
                          Instant now) {
  json::object counts;
  for (const auto state : all_cell_states) {
    counts[to_string(state)] = environment.standing.count(state);
  }
  std::uint64_t environmental = 0;
  std::uint64_t environmental_drift = 0;
  for (const auto& stored : environment.findings) {
    const auto& finding = stored.finding;
    const bool is_open = finding.environmental && !stored.acknowledged_at(now.wall);
    environmental += is_open ? 1U : 0U;
    environmental_drift += is_open && finding.severity == Severity::drift ? 1U : 0U;
  }
  const auto& observation = environment.observation;
  json::object out{
      {"app", environment.ref.app},
      {"name", environment.ref.name},
      {"mode", to_string(environment.mode)},
      {"mode_source", to_string(environment.mode_source)},
      {"layout", app.catalog.layout},
      {"tool", observation ? text_or_null(observation->tool) : json::value(nullptr)},
      {"table", observation ? text_or_null(observation->table) : json::value(nullptr)},
      {"reachable",
       may_connect(environment.mode) ? json::value(environment.reachable()) : json::value(nullptr)},
      {"as_of", observation ? json::value(format_time(observation->as_of)) : json::value(nullptr)},
      {"stale", environment.stale(now)},
      {"standby", observation && observation->standby},
      {"history", environment.history_certain ? "certain" : "uncertain"},
      {"identity",
       environment.identity ? json::value(identity_document(*environment.identity))
                            : json::value(nullptr)},
      {"counts", std::move(counts)},
      {"environment_findings", environmental},
      {"environment_drift", environmental_drift},
      {"problem", text_or_null(problem_of(environment))},
      {"warnings", warnings_of(environment)},
      {"lag", lag_document(environment, now)}};
  out["frozen"] = nullptr;
  if (const auto& freeze = environment.freeze; freeze && freeze->holds(now.wall)) {
    out["frozen"] = json::object{{"by", text(freeze->by)},
                                 {"reason", text(freeze->reason)},
                                 {"at", format_time(freeze->at)},
                                 {"until", time_or_null(freeze->until)}};
  }
  out["last_poll"] = nullptr;
  if (environment.last_poll) {
    out["last_poll"] = json::object{{"at", format_time(environment.last_poll->at)},
                                    {"outcome", environment.last_poll->outcome},
                                    {"error", text_or_null(environment.last_poll->error)}};
  }
  return out;
}

json::object app_entry(const WatchedApp& app) {
  auto problems = problems_document(app.catalog);
  if (!app.trouble.empty()) {
    problems.insert(problems.begin(), json::object{{"file", nullptr}, {"what", text(app.trouble)}});
  }
  return {{"name", app.name},
          {"layout", app.catalog.layout},
          {"migrations", app.catalog.migrations.size()},
          {"last_scan", time_or_null(app.scanned_at)},
          {"problems", std::move(problems)}};
}

json::object finding_document(const StoredFinding& stored, const EnvironmentRef& environment) {
  const Finding& finding = stored.finding;
  json::object details;
  for (const auto& [name, value] : finding.details) {
    details[name] = text(value);
  }
  json::object out{
      {"id", stored.id},
      {"app", environment.app},
      {"environment", environment.name},
      {"migration",
       finding.environmental ? json::value(nullptr) : json::value(text(finding.id.value))},
      {"kind", to_string(finding.kind)},
      {"severity", to_string(finding.severity)},
      {"opened_at", format_time(stored.opened_at)},
      {"updated_at", format_time(stored.updated_at)},
      {"resolved_at", time_or_null(stored.resolved_at)},
      {"acknowledged", nullptr},
      {"summary", text(finding.summary)},
      {"details", std::move(details)}};
  if (finding.environmental) {
    out["object"] = text(finding.key.value);
  }
  if (stored.acknowledged) {
    out["acknowledged"] = json::object{{"by", text(stored.acknowledged->by)},
                                       {"reason", text(stored.acknowledged->reason)},
                                       {"at", format_time(stored.acknowledged->at)},
                                       {"until", time_or_null(stored.acknowledged->until)}};
  }
  return out;
}

json::object audit_document(const AuditEntry& entry) {
  json::object details;
  for (const auto& [name, value] : entry.event.details) {
    details[name] = text(value);
  }
  return {{"seq", entry.seq},
          {"at", format_time(entry.event.at)},
          {"actor", text(entry.event.actor)},
          {"what", entry.event.what},
          {"app", text_or_null(entry.event.app)},
          {"environment", text_or_null(entry.event.environment)},
          {"details", std::move(details)},
          {"previous", entry.previous.hex()},
          {"hash", entry.hash.hex()}};
}

}  // namespace tidemark
