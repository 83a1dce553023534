#include "core/drift/finding.h"

#include <set>
#include <tuple>
#include <utility>

namespace tidemark {

std::string_view to_string(FindingKind kind) {
  switch (kind) {
    case FindingKind::edited:
      return "edited";
    case FindingKind::removed:
      return "removed";
    case FindingKind::foreign:
      return "foreign";
    case FindingKind::unrecorded:
      return "unrecorded";
    case FindingKind::vanished:
      return "vanished";
    case FindingKind::checksum:
      return "checksum";
    case FindingKind::dirty:
      return "dirty";
    case FindingKind::out_of_order:
      return "out_of_order";
    case FindingKind::schema:
      return "schema";
    case FindingKind::invalid_index:
      return "invalid_index";
    case FindingKind::unreadable:
      return "unreadable";
  }
  return "";
}

std::string_view to_string(Severity severity) {
  return severity == Severity::drift ? "drift" : "warning";
}

std::optional<FindingKind> parse_finding_kind(std::string_view text) {
  for (const auto kind : all_finding_kinds) {
    if (to_string(kind) == text) {
      return kind;
    }
  }
  return std::nullopt;
}

std::optional<Severity> parse_severity(std::string_view text) {
  for (const auto severity : {Severity::drift, Severity::warning}) {
    if (to_string(severity) == text) {
      return severity;
    }
  }
  return std::nullopt;
}

namespace {

// What a finding is about: two with the same cause are one finding.
using Cause = std::tuple<FindingKind, bool, Key>;

Cause cause_of(const Finding& finding) {
  return {finding.kind, finding.environmental, finding.key};
}

}  // namespace

FindingChanges changes(std::span<const StoredFinding> open,
                       std::span<const Finding> seen,
                       TimePoint now) {
  std::map<Cause, const Finding*> still;
  for (const auto& finding : seen) {
    still.try_emplace(cause_of(finding), &finding);
  }
  std::set<Cause> known;
  FindingChanges result;
  for (const auto& stored : open) {
    known.insert(cause_of(stored.finding));
    const auto at = still.find(cause_of(stored.finding));
    StoredFinding changed = stored;
    if (at == still.end()) {
      changed.resolved_at = now;
      result.resolved.push_back(std::move(changed));
    } else if (at->second->details != stored.finding.details ||
               at->second->severity != stored.finding.severity) {
      changed.finding = *at->second;
      changed.updated_at = now;
      changed.acknowledged.reset();
      result.updated.push_back(std::move(changed));
    }
  }
  for (const auto& finding : seen) {
    if (known.insert(cause_of(finding)).second) {
      result.opened.push_back(finding);
    }
  }
  return result;
}

}  // namespace tidemark
