// Ledger::commit: everything that changes in environments, in one transaction.

#include <iterator>

#include "adapters/store/attempt_table.h"
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
  auto committed = commit(std::span(&change, 1));
  return committed ? Result<Committed>(std::move(committed->front()))
                   : std::unexpected(committed.error());
}

Result<std::vector<Committed>> Ledger::commit(std::span<const Change> changes) {
  return guarded([&]() -> Result<std::vector<Committed>> {
    std::vector<Committed> committed(changes.size());
    std::vector<std::size_t> events_until;
    auto written = write([&]() -> Events {
      std::vector<AuditEvent> all;
      for (std::size_t i = 0; i < changes.size(); ++i) {
        auto events = apply(changes[i], committed[i]);
        if (!events) {
          return fail("write down " + changes[i].environment.text(), events.error());
        }
        std::ranges::move(*events, std::back_inserter(all));
        events_until.push_back(all.size());
      }
      return all;
    });
    if (!written) {
      return std::unexpected(written.error());
    }
    std::size_t from = 0;
    for (std::size_t i = 0; i < changes.size(); from = events_until[i++]) {
      committed[i].audit.assign(written->begin() + static_cast<std::ptrdiff_t>(from),
                                written->begin() + static_cast<std::ptrdiff_t>(events_until[i]));
    }
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
  if (done) {
    done = store_attempts(*database_, *id, change.attempts);
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
