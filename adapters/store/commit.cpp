// Ledger::commit: everything that changes in an environment, in one transaction.

#include "adapters/store/content_table.h"
#include "adapters/store/environment_table.h"
#include "adapters/store/finding_table.h"
#include "adapters/store/guard.h"
#include "adapters/store/ledger.h"
#include "adapters/store/observation_table.h"
#include "adapters/store/record_table.h"

namespace tidemark {

namespace {

AuditEvent finding_event(std::string what,
                         const EnvironmentRef& environment,
                         const StoredFinding& stored,
                         TimePoint at) {
  AuditEvent event{.at = at,
                   .actor = "tidemark",
                   .what = std::move(what),
                   .app = environment.app,
                   .environment = environment.name,
                   .details = {}};
  event.details = {{"finding", stored.id},
                   {"kind", std::string(to_string(stored.finding.kind))},
                   {"severity", std::string(to_string(stored.finding.severity))},
                   {"key", stored.finding.key.value},
                   {"migration", stored.finding.id.value},
                   {"summary", stored.finding.summary}};
  return event;
}

// Does what happens to findings, and says so in the audit log: together, so that it cannot be
// forgotten.
Result<void> change_findings(Database& database,
                             std::int64_t id,
                             const Change& change,
                             Committed& committed,
                             std::vector<AuditEvent>& events) {
  const auto note = [&](const char* what, const StoredFinding& stored) -> AuditEvent& {
    return events.emplace_back(finding_event(what, change.environment, stored, change.at));
  };
  // Resolved ones first: one that comes back in the same change would meet its predecessor
  // otherwise.
  for (const auto& finding : change.findings.resolved) {
    auto stored = resolve_finding(database, id, finding, change.at);
    if (!stored) {
      return std::unexpected(stored.error());
    }
    note("finding.resolved", *stored);
    committed.resolved.push_back(std::move(*stored));
  }
  for (const auto& finding : change.findings.updated) {
    const auto before = find_finding(database, finding.id);
    auto stored = update_finding(database, id, finding);
    if (!before || !stored) {
      return std::unexpected(before ? stored.error() : before.error());
    }
    auto& event = note("finding.updated", *stored);
    if (*before && (*before)->stored.acknowledged) {
      event.details["acknowledgement"] = "ended";
    }
    committed.updated.push_back(std::move(*stored));
  }
  for (const auto& finding : change.findings.opened) {
    auto stored = open_finding(database, id, finding, change.at);
    if (!stored) {
      return std::unexpected(stored.error());
    }
    note("finding.opened", *stored);
    committed.opened.push_back(std::move(*stored));
  }
  return {};
}

}  // namespace

Result<Committed> Ledger::commit(const Change& change) {
  return guarded([&]() -> Result<Committed> {
    Committed committed;
    auto written = write([&] { return apply(change, committed); });
    if (!written) {
      return fail("write down " + change.environment.text(), written.error());
    }
    committed.audit = std::move(*written);
    return committed;
  });
}

Ledger::Events Ledger::apply(const Change& change, Committed& committed) {
  const auto id = need_environment(*database_, change.environment, change.at);
  if (!id) {
    return std::unexpected(id.error());
  }
  auto done = insert_contents(*database_, change.contents);
  if (done) {
    done = insert_records(*database_, *id, change.records);
  }
  if (done && change.observation) {
    done = store_observation(*database_, *id, *change.observation);
  }
  if (done) {
    done = update_environment(*database_, *id, change);
  }
  auto events = change.audit;
  if (done) {
    done = change_findings(*database_, *id, change, committed, events);
  }
  if (!done) {
    return std::unexpected(done.error());
  }
  return events;
}

}  // namespace tidemark
