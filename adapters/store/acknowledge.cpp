// Acknowledging findings, and taking it back.

#include "adapters/store/finding_table.h"
#include "adapters/store/guard.h"
#include "adapters/store/ledger.h"

namespace tidemark {

namespace {

AuditEvent event_of(std::string what,
                    const std::string& by,
                    const std::string& reason,
                    TimePoint at,
                    const ListedFinding& listed) {
  AuditEvent event{.at = at,
                   .actor = by,
                   .what = std::move(what),
                   .app = listed.environment.app,
                   .environment = listed.environment.name,
                   .details = {}};
  event.details = {{"finding", listed.stored.id},
                   {"kind", std::string(to_string(listed.stored.finding.kind))},
                   {"migration", listed.stored.finding.id.value},
                   {"reason", reason}};
  return event;
}

}  // namespace

Result<ListedFinding> Ledger::acknowledge(const std::string& id,
                                          const Acknowledgement& acknowledgement) {
  return guarded([&]() -> Result<ListedFinding> {
    auto listed = open_one(id);
    if (!listed) {
      return listed;
    }
    auto event = event_of("finding.acknowledged",
                          acknowledgement.by,
                          acknowledgement.reason,
                          acknowledgement.at,
                          *listed);
    if (acknowledgement.until) {
      event.details["until"] = format_time(*acknowledgement.until);
    }
    return change_acknowledgement(std::move(*listed), acknowledgement, std::move(event));
  });
}

Result<ListedFinding> Ledger::unacknowledge(const std::string& id,
                                            const std::string& by,
                                            const std::string& reason,
                                            TimePoint at) {
  return guarded([&]() -> Result<ListedFinding> {
    auto listed = open_one(id);
    if (!listed) {
      return listed;
    }
    if (!listed->stored.acknowledged) {
      return fail(Errc::conflict, "finding " + id + " is not acknowledged");
    }
    auto event = event_of("finding.unacknowledged", by, reason, at, *listed);
    return change_acknowledgement(std::move(*listed), std::nullopt, std::move(event));
  });
}

Result<ListedFinding> Ledger::open_one(const std::string& id) {
  auto found = find_finding(*database_, id);
  if (!found) {
    return std::unexpected(found.error());
  }
  if (!*found) {
    return fail(Errc::not_found, "there is no finding " + id);
  }
  if (const auto resolved = (*found)->stored.resolved_at) {
    return fail(Errc::conflict, "finding " + id + " was resolved at " + format_time(*resolved));
  }
  return std::move(**found);
}

Result<ListedFinding> Ledger::change_acknowledgement(
    ListedFinding listed, const std::optional<Acknowledgement>& acknowledgement, AuditEvent event) {
  const auto written = write([&]() -> Events {
    if (const auto done = set_acknowledgement(*database_, listed.stored.id, acknowledgement);
        !done) {
      return std::unexpected(done.error());
    }
    return std::vector{std::move(event)};
  });
  if (!written) {
    return std::unexpected(written.error());
  }
  listed.stored.acknowledged = acknowledgement;
  return listed;
}

}  // namespace tidemark
