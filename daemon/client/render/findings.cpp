#include "daemon/client/render/render.h"
#include "daemon/client/table.h"

namespace tidemark::client {

namespace {

bool acknowledged(const json::object& finding, TimePoint now) {
  const auto* given = part(finding, "acknowledged");
  if (given == nullptr) {
    return false;
  }
  const auto until = time(*given, "until");
  return !until || now < *until;
}

std::string place(const json::object& finding) {
  return shown(finding, "app") + "/" + shown(finding, "environment");
}

// "acknowledged by ana: comment only (until …)", "resolved …", "warning".
std::string standing(const json::object& finding, const Style& style) {
  std::vector<std::string> parts;
  if (const auto resolved = time(finding, "resolved_at")) {
    parts.push_back("resolved " + when(resolved, style));
  }
  if (acknowledged(finding, style.now)) {
    const auto& given = *part(finding, "acknowledged");
    const auto until = time(given, "until");
    parts.push_back(
        joined({"acknowledged by " + shown(given, "by"), shown(given, "reason")}, ": ") +
        (until ? " (until " + when(until, style) + ")" : ""));
  }
  if (raw(finding, "severity") == "warning") {
    parts.push_back("a warning");
  }
  return parts.empty() ? "" : " [" + joined(parts, "; ") + "]";
}

Tone tone(const json::object& finding, const Style& style) {
  if (time(finding, "resolved_at")) {
    return Tone::faint;
  }
  if (acknowledged(finding, style.now)) {
    return Tone::doubtful;
  }
  return raw(finding, "severity") == "warning" ? Tone::waiting : Tone::bad;
}

std::vector<Cell> cells(const json::object& finding, const Style& style) {
  const auto migration = shown(finding, "migration");
  return {{shown(finding, "id")},
          {place(finding)},
          {migration.empty() ? "-" : migration},
          {shown(finding, "kind"), tone(finding, style)},
          {when(time(finding, "opened_at"), style)}};
}

// What one would look at next.
std::string next_step(const json::object& finding) {
  const auto migration = shown(finding, "migration");
  const auto look = raw(finding, "kind") == "edited" && !migration.empty()
                        ? "tidemark diff " + place(finding) + " " + migration
                        : "tidemark ledger " + place(finding);
  const auto adopt = raw(finding, "kind") == "unrecorded"
                         ? "      tidemark adopt " + place(finding) + " --reason '...'\n"
                         : "";
  return "next: " + look + "\n" + adopt + "      tidemark ack " + shown(finding, "id") +
         " --reason '...'\n";
}

}  // namespace

std::string render_findings(const json::object& findings, bool all, const Style& style) {
  const auto& entries = list(findings, "findings");
  if (entries.empty()) {
    return all ? "no findings\n" : "no open findings\n";
  }
  const std::vector<Column> columns{
      {"FINDING"}, {"ENVIRONMENT"}, {"MIGRATION"}, {"KIND"}, {"SINCE"}};
  auto with_summary = columns;
  with_summary.push_back({"SUMMARY"});
  Table table(with_summary);
  std::string blocks;  // for a terminal too narrow for the table
  const json::object* first = nullptr;
  for (const auto& entry : entries) {
    const auto& finding = object(entry);
    auto row = cells(finding, style);
    const auto summary = shown(finding, "summary") + standing(finding, style);
    std::string head;
    for (const auto& cell : row) {
      head += (head.empty() ? "" : "  ") + paint(cell.text, cell.tone, style);
    }
    blocks += head + "\n    " + summary + "\n";
    row.push_back({summary});
    table.row(std::move(row));
    if (first == nullptr && !time(finding, "resolved_at") && !acknowledged(finding, style.now)) {
      first = &finding;
    }
  }
  return (table.fits(style) ? table.text(style) : blocks) +
         (first == nullptr ? "" : "\n" + next_step(*first));
}

bool has_unacknowledged(const json::object& findings,
                        const Scope& scope,
                        bool warnings,
                        TimePoint now) {
  for (const auto& entry : list(findings, "findings")) {
    const auto& finding = object(entry);
    const bool counts = warnings || raw(finding, "severity") != "warning";
    if (counts && scope.covers(raw(finding, "app"), raw(finding, "environment")) &&
        !time(finding, "resolved_at") && !acknowledged(finding, now)) {
      return true;
    }
  }
  return false;
}

}  // namespace tidemark::client
