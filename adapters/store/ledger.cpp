#include "adapters/store/ledger.h"

#include <algorithm>

#include "adapters/store/attempt_table.h"
#include "adapters/store/audit_table.h"
#include "adapters/store/content_table.h"
#include "adapters/store/environment_table.h"
#include "adapters/store/finding_table.h"
#include "adapters/store/guard.h"
#include "adapters/store/mark.h"
#include "adapters/store/observation_table.h"
#include "adapters/store/record_table.h"

namespace tidemark {

namespace {

// Each takes the disk as long as two commits.
constexpr std::chrono::seconds mark_moves_every{1};

}  // namespace

// Every write goes through here: all of `work` and its events in one transaction, then the mark.
Result<std::vector<AuditEntry>> Ledger::write(const std::function<Events()>& work) {
  if (!audit_problem_.empty()) {
    return fail(Errc::broken,
                "takes no changes because its audit log does not verify: " + audit_problem_);
  }
  std::vector<AuditEntry> entries;
  const auto done = database_->transaction([&]() -> Result<void> {
    const auto events = work();
    if (!events) {
      return std::unexpected(events.error());
    }
    auto appended = append_audit(*database_, head_, *events);
    if (!appended) {
      return std::unexpected(appended.error());
    }
    entries = std::move(*appended);
    return {};
  });
  if (!done) {
    return std::unexpected(done.error());
  }
  if (!entries.empty()) {
    head_ = {.seq = entries.back().seq, .hash = entries.back().hash};
    mark_is_late_ = true;
    if (std::chrono::steady_clock::now() - mark_moved_ >= mark_moves_every) {
      move_mark();
    }
  }
  return entries;
}

// What was committed is committed, whatever becomes of the mark.
void Ledger::move_mark() {
  const auto written = write_mark(mark_file(file_), head_);
  mark_problem_ = written ? std::string() : written.error().detail;
  mark_is_late_ = !written;
  mark_moved_ = std::chrono::steady_clock::now();
}

const std::string& Ledger::keep_mark() {
  if (mark_is_late_) {
    move_mark();
  }
  return mark_problem_;
}

void Ledger::close() {
  if (database_ != nullptr) {
    keep_mark();
  }
  database_.reset();
}

Ledger::~Ledger() {
  close();
}

Result<EnvironmentState> Ledger::load(const EnvironmentRef& environment, TimePoint now) {
  auto states = load(std::span(&environment, 1), now);
  return states ? Result<EnvironmentState>(std::move(states->front()))
                : std::unexpected(states.error());
}

Result<std::vector<EnvironmentState>> Ledger::load(std::span<const EnvironmentRef> environments,
                                                   TimePoint now) {
  return guarded([&]() -> Result<std::vector<EnvironmentState>> {
    if (const auto met = meet(environments, now); !met) {
      return std::unexpected(met.error());
    }
    std::vector<EnvironmentState> states;
    for (const auto& environment : environments) {
      auto state = load_everything(environment);
      if (!state) {
        return fail("load " + environment.text(), state.error());
      }
      states.push_back(std::move(*state));
    }
    return states;
  });
}

// Where nothing may be written, what is new stays unknown.
Result<void> Ledger::meet(std::span<const EnvironmentRef> environments, TimePoint now) {
  std::vector<const EnvironmentRef*> unknown;
  for (const auto& environment : environments) {
    const auto id = find_environment(*database_, environment);
    if (!id) {
      return std::unexpected(id.error());
    }
    if (!*id) {
      unknown.push_back(&environment);
    }
  }
  if (unknown.empty() || !audit_problem_.empty()) {
    return {};
  }
  const auto made = write([&]() -> Events {
    for (const auto* environment : unknown) {
      if (const auto id = need_environment(*database_, *environment, now); !id) {
        return fail("remember " + environment->text(), id.error());
      }
    }
    return std::vector<AuditEvent>();
  });
  return made ? Result<void>() : std::unexpected(made.error());
}

Result<EnvironmentState> Ledger::load_everything(const EnvironmentRef& environment) {
  const auto id = find_environment(*database_, environment);
  if (!id) {
    return std::unexpected(id.error());
  }
  if (!*id) {
    EnvironmentState unknown;
    unknown.history = {.certain = false, .reason = audit_problem_};
    return unknown;
  }
  auto state = read_environment(*database_, **id);
  if (!state) {
    return state;
  }
  auto records = read_records(*database_, **id);
  if (!records) {
    return std::unexpected(records.error());
  }
  auto observation = read_observation(*database_, **id);
  if (!observation) {
    return std::unexpected(observation.error());
  }
  auto findings = read_open_findings(*database_, **id);
  if (!findings) {
    return std::unexpected(findings.error());
  }
  auto attempts = read_attempts(*database_, **id);
  if (!attempts) {
    return std::unexpected(attempts.error());
  }
  state->records = std::move(*records);
  state->observation = std::move(*observation);
  state->findings = std::move(*findings);
  state->attempts = std::move(*attempts);
  return state;
}

Result<bool> Ledger::rename(const EnvironmentRef& from, const std::string& to, TimePoint now) {
  return guarded([&]() -> Result<bool> {
    const EnvironmentRef target{.app = from.app, .name = to};
    const auto old_id = find_environment(*database_, from);
    const auto new_id = find_environment(*database_, target);
    if (!old_id || !new_id) {
      return std::unexpected(old_id ? new_id.error() : old_id.error());
    }
    if (!*old_id) {
      return false;
    }
    if (*new_id) {
      return fail(Errc::conflict,
                  "cannot rename " + from.text() + " to " + to +
                      ": both have a history; remove renamed_from, or use another name");
    }
    const auto written = write([&]() -> Events {
      if (const auto done = rename_environment(*database_, **old_id, to); !done) {
        return std::unexpected(done.error());
      }
      AuditEvent event{.at = now,
                       .actor = "tidemark",
                       .what = "environment.renamed",
                       .app = target.app,
                       .environment = target.name,
                       .details = {}};
      event.details = {{"renamed_from", from.name}};
      return std::vector{std::move(event)};
    });
    return written ? Result<bool>(true)
                   : fail("rename " + from.text() + " to " + to, written.error());
  });
}

Result<std::vector<AuditEntry>> Ledger::append(const std::vector<AuditEvent>& events) {
  return guarded([&] { return write([&] { return Events(events); }); });
}

Result<std::vector<ListedFinding>> Ledger::findings(const FindingFilter& filter) {
  return guarded([&] { return list_findings(*database_, filter); });
}

Result<ListedFinding> Ledger::finding(const std::string& id) {
  return guarded([&]() -> Result<ListedFinding> {
    auto found = find_finding(*database_, id);
    if (!found) {
      return std::unexpected(found.error());
    }
    if (!*found) {
      return fail(Errc::not_found, "there is no finding " + id);
    }
    return std::move(**found);
  });
}

Result<std::optional<std::string>> Ledger::content(const Digest& digest) {
  return guarded([&] { return read_content(*database_, digest); });
}

Result<bool> Ledger::has_content(const Digest& digest) {
  return guarded([&] { return tidemark::has_content(*database_, digest); });
}

Result<std::vector<AuditEntry>> Ledger::audit(const AuditFilter& filter) {
  return guarded([&] { return list_audit(*database_, filter); });
}

Result<AuditCheck> Ledger::verify_audit() {
  return guarded([&]() -> Result<AuditCheck> {
    auto check = check_audit(*database_, 0);
    if (check && check->ok && check->last != head_) {
      // The entries agree with each other, but not with what we wrote ourselves.
      check->ok = false;
      check->first_bad = std::min(check->last.seq, head_.seq) + 1;
      check->problem = "audit entry " + std::to_string(check->first_bad) + ": the log ends at " +
                       std::to_string(check->last.seq) + ", and " + std::to_string(head_.seq) +
                       " was the last that was written";
    }
    if (check && !check->ok && audit_problem_.empty()) {
      audit_problem_ = check->problem;
    }
    return check;
  });
}

Result<Pruned> Ledger::prune(TimePoint now, std::chrono::milliseconds retention) {
  return guarded([&]() -> Result<Pruned> {
    Pruned pruned;
    const auto written = write([&]() -> Events {
      const auto gone = delete_findings_resolved_before(*database_, now - retention);
      const auto contents = gone ? delete_unreferenced_contents(*database_) : gone;
      if (!contents) {
        return std::unexpected(contents.error());
      }
      pruned = {.findings = *gone, .contents = *contents};
      return std::vector<AuditEvent>();
    });
    return written ? Result<Pruned>(pruned) : fail("prune", written.error());
  });
}

}  // namespace tidemark
