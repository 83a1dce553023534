#include <algorithm>

#include "adapters/log/log.h"
#include "adapters/metrics/metrics.h"
#include "adapters/store/ledger.h"
#include "core/apply/half_done.h"
#include "core/drift/compare.h"
#include "core/drift/history.h"
#include "daemon/control/documents.h"
#include "daemon/world_parts.h"

namespace tidemark {

namespace {

std::unexpected<Error> no_such(const EnvironmentRef& ref) {
  return fail(Errc::not_found, "there is no environment '" + ref.text() + "'");
}

std::string ids_of(const std::vector<Record>& records) {
  std::string list;
  for (const auto& record : records) {
    list += (list.empty() ? "" : ", ") + record.id.value;
  }
  return list;
}

// Also of migrations that have their files elsewhere. A mark at 0 is that of a database to which
// nothing was applied yet.
std::size_t rows_in(const std::optional<Observation>& observation) {
  const auto says_something = [](const Row& row) {
    return row.reach != Row::Reach::up_to || row.version != Version::parse("0");
  };
  return observation
             ? static_cast<std::size_t>(std::ranges::count_if(observation->rows, says_something))
             : 0;
}

}  // namespace

// Before, nobody can say which migrations there are.
Result<void> World::directory_was_read(const App& app) {
  if (!app.watched.scanned_at) {
    return fail(Errc::retry,
                "the directory of " + app.watched.name + " was not read yet" +
                    (app.watched.trouble.empty() ? "" : ": " + app.watched.trouble));
  }
  return {};
}

// Writes down what a person said, with the audit event in the same transaction, and only then
// believes it.
Awaitable<Result<Marked>> World::record(
    Place at, Marked marked, std::string what, std::string by, std::string reason) {
  WatchedEnvironment& environment = *at.environment;
  if (marked.recorded.empty()) {
    co_return marked;
  }
  auto kept = co_await keep_contents(*at.app, environment.ref, marked.recorded);
  if (!kept) {
    co_return std::unexpected(kept.error());
  }
  const auto now = now_();
  Change change = begin(at);
  change.records.insert(change.records.end(), marked.recorded.begin(), marked.recorded.end());
  change.audit.push_back(
      audit_event(now,
                  by,
                  what,
                  environment.ref,
                  {{"migrations", ids_of(marked.recorded)}, {"reason", reason}}));
  auto written = co_await write(at, std::move(change));
  if (!written) {
    co_return std::unexpected(written.error());
  }
  environment.records.insert(
      environment.records.end(), marked.recorded.begin(), marked.recorded.end());
  at.unsettled().compare = true;
  boost::json::array ids;
  for (const auto& each : marked.recorded) {
    ids.push_back(record_document(each));
  }
  events_.publish(
      what, environment.ref, now, {{"by", by}, {"reason", reason}, {"records", std::move(ids)}});
  // What was said is written; a comparison that cannot be stored now is made up for by the next.
  if (auto settled = co_await settle(*at.app); !settled) {
    log_warn("comparison could not be stored", {{"error", settled.error().detail}});
  }
  co_return marked;
}

// While nobody knows what an apply has done, nobody can say what is so.
Result<void> World::nothing_open(const WatchedEnvironment& environment) {
  const auto open =
      std::ranges::find(environment.attempts, Attempt::Outcome::open, &Attempt::outcome);
  if (open != environment.attempts.end()) {
    return fail(Errc::conflict,
                open->migration.value + " is being applied to " + environment.ref.text() +
                    ", and its outcome is open: wait for it, or cancel it with `tidemark cancel " +
                    environment.ref.text() + "`");
  }
  return {};
}

Result<void> World::nothing_unsettled(const WatchedEnvironment& environment) {
  const auto unknown =
      std::ranges::find(environment.attempts, Attempt::Outcome::unknown, &Attempt::outcome);
  if (unknown != environment.attempts.end()) {
    return fail(Errc::conflict,
                "nobody knows what became of " + unknown->migration.value + " in " +
                    environment.ref.text() +
                    ": settle that first: " + how_to_resolve(*unknown, environment.ref));
  }
  return nothing_open(environment);
}

Awaitable<Result<Marked>> World::mark(EnvironmentRef ref, MarkRequest request, std::string by) {
  auto turn = co_await gate_.enter();
  const Place at = place(ref);
  if (!at) {
    co_return no_such(ref);
  }
  if (auto nothing = nothing_unsettled(*at.environment); !nothing) {
    co_return std::unexpected(nothing.error());
  }
  if (auto read = directory_was_read(*at.app); !read) {
    co_return std::unexpected(read.error());
  }
  auto marked = records_to_mark(at.app->watched, *at.environment, request, by, now_());
  if (!marked) {
    co_return marked;
  }
  auto recorded =
      co_await record(at, std::move(*marked), "mark.recorded", std::move(by), request.reason);
  co_return recorded;
}

Awaitable<Result<Marked>> World::unmark(EnvironmentRef ref,
                                        std::vector<std::string> migrations,
                                        std::string reason,
                                        std::string by) {
  auto turn = co_await gate_.enter();
  const Place at = place(ref);
  if (!at) {
    co_return no_such(ref);
  }
  if (auto nothing = nothing_unsettled(*at.environment); !nothing) {
    co_return std::unexpected(nothing.error());
  }
  if (auto read = directory_was_read(*at.app); !read) {
    co_return std::unexpected(read.error());
  }
  auto marked = records_to_unmark(at.app->watched, *at.environment, migrations, reason, by, now_());
  if (!marked) {
    co_return marked;
  }
  auto recorded = co_await record(at, std::move(*marked), "mark.removed", std::move(by), reason);
  co_return recorded;
}

Result<void> World::may_set_mode(const EnvironmentRef& ref, Mode mode) const {
  const Place at = place(ref);
  if (!at) {
    return no_such(ref);
  }
  const auto& settings = at.app->settings.environments[at.index];
  if (settings.mode) {
    return fail(Errc::conflict,
                "the config pins the mode of " + ref.text() + " to " +
                    std::string(to_string(*settings.mode)) + ": change `mode:` there");
  }
  if (at.environment->mode == mode) {
    return fail(Errc::conflict, ref.text() + " is " + std::string(to_string(mode)) + " already");
  }
  if (may_connect(mode) && !settings.database) {
    return fail(Errc::conflict,
                ref.text() + " has no `database:` in the config, and " +
                    std::string(to_string(mode)) + " needs one");
  }
  return {};
}

Awaitable<Result<World::ModeChange>> World::set_mode(EnvironmentRef ref,
                                                     Mode mode,
                                                     std::string reason,
                                                     std::string by) {
  auto turn = co_await gate_.enter();
  const Place at = place(ref);
  if (!at) {
    co_return no_such(ref);
  }
  if (auto may = may_set_mode(ref, mode); !may) {
    co_return std::unexpected(may.error());
  }
  if (auto nothing = nothing_open(*at.environment); !nothing) {
    co_return std::unexpected(nothing.error());
  }
  WatchedEnvironment& environment = *at.environment;
  const auto now = now_();
  const ModeChange changed{environment.mode, mode};
  Change change = begin(at);
  std::vector<Record> adopted;
  if (mode == Mode::managed) {
    adopted = adoption(environment.records, reason, now);
    adopt_with(change, adopted, by, reason);
  }
  change.flip = ModeFlip{mode, by, reason};
  change.last_mode = mode;
  change.audit.push_back(audit_event(now,
                                     by,
                                     "mode.changed",
                                     ref,
                                     {{"from", std::string(to_string(changed.from))},
                                      {"to", std::string(to_string(changed.to))},
                                      {"source", "admin"},
                                      {"reason", reason}}));
  auto written = co_await write(at, std::move(change));
  if (!written) {
    co_return std::unexpected(written.error());
  }
  environment.records.insert(environment.records.end(), adopted.begin(), adopted.end());
  environment.mode = mode;
  environment.mode_source = ModeSource::admin;
  environment.last_poll.reset();
  environment.failures = 0;
  environment.problem.clear();
  if (!may_connect(mode)) {
    environment.observation.reset();
  }
  at.unsettled().compare = true;
  publish(environment);
  log_info("mode changed",
           {{"environment", ref.text()},
            {"from", to_string(changed.from)},
            {"to", to_string(mode)},
            {"by", by}});
  events_.publish(
      "mode.changed",
      ref,
      now,
      {{"from", to_string(changed.from)}, {"to", to_string(mode)}, {"by", by}, {"reason", reason}});
  if (on_mode_changed) {
    on_mode_changed(ref);
  }
  if (auto settled = co_await settle(*at.app); !settled) {
    log_warn("comparison could not be stored", {{"error", settled.error().detail}});
  }
  co_return changed;
}

void adopt_with(Change& change,
                const std::vector<Record>& adopted,
                std::string_view by,
                const std::string& reason) {
  if (adopted.empty()) {
    return;
  }
  change.records.insert(change.records.end(), adopted.begin(), adopted.end());
  change.audit.push_back(
      audit_event(adopted.front().recorded_at,
                  by,
                  "ledger.adopted",
                  change.environment,
                  {{"migrations", std::to_string(adopted.size())}, {"reason", reason}}));
}

Awaitable<Result<std::size_t>> World::adopt(EnvironmentRef ref,
                                            std::string reason,
                                            std::string by) {
  auto turn = co_await gate_.enter();
  const Place at = place(ref);
  if (!at) {
    co_return no_such(ref);
  }
  if (auto nothing = nothing_unsettled(*at.environment); !nothing) {
    co_return std::unexpected(nothing.error());
  }
  WatchedEnvironment& environment = *at.environment;
  if (environment.mode != Mode::managed) {
    co_return fail(Errc::conflict,
                   ref.text() + " is " + std::string(to_string(environment.mode)) +
                       ": their ledger is taken over where tidemark applies. Make it managed, "
                       "which adopts what is there: tidemark mode " +
                       ref.text() + " managed --reason …");
  }
  if (!environment.history_certain) {
    co_return fail(Errc::conflict,
                   "the history of " + ref.text() + " is uncertain (" + environment.history_reason +
                       "): settle that first with `tidemark rebaseline`");
  }
  const bool read =
      environment.observation && environment.observation->ledger == Observation::Ledger::read;
  auto adopted = co_await take_over(at, std::move(reason), std::move(by));
  if (adopted && *adopted == 0 && !read) {
    co_return fail(Errc::conflict,
                   "no ledger was read in " + ref.text() + ": there is nothing to adopt");
  }
  co_return adopted;
}

// What was learnt from their ledger counts as ours from now on.
Awaitable<Result<std::size_t>> World::take_over(Place at, std::string reason, std::string by) {
  WatchedEnvironment& environment = *at.environment;
  const auto now = now_();
  const auto adopted = adoption(environment.records, reason, now);
  if (!adopted.empty()) {
    Change change = begin(at);
    change.at = now;
    adopt_with(change, adopted, by, reason);
    auto written = co_await write(at, std::move(change));
    if (!written) {
      co_return std::unexpected(written.error());
    }
    environment.records.insert(environment.records.end(), adopted.begin(), adopted.end());
    at.unsettled().compare = true;
    if (auto settled = co_await settle(*at.app); !settled) {
      log_warn("comparison could not be stored", {{"error", settled.error().detail}});
    }
  }
  co_return adopted.size();
}

namespace {

std::string_view words(World::As as) {
  switch (as) {
    case World::As::empty:
      return "empty";
    case World::As::adopt:
      return "adopt";
    case World::As::keep:
      return "keep";
  }
  return "";
}

// What we remembered as applied, taken back: their ledger, where there is one, is learnt anew
// afterwards.
std::vector<Record> ended(const std::vector<Record>& records,
                          const std::string& reason,
                          const std::string& by,
                          TimePoint now) {
  std::vector<Record> ends;
  for (const auto& [key, record] : newest(records)) {
    if (record->applied) {
      ends.push_back(taken_back(*record, reason, by, now));
    }
  }
  return ends;
}

// What was done in part is taken back too: the next apply begins with the first statement.
std::vector<Record> ended(const std::vector<Attempt>& attempts,
                          const std::vector<Record>& records,
                          const std::string& reason,
                          const std::string& by,
                          TimePoint now) {
  const auto newest_records = newest(records);
  std::vector<Record> ends;
  for (const auto& attempt : attempts) {
    const auto* before = half_done(attempts, records, attempt.key, attempt.action);
    const auto* known = find(newest_records, attempt.key);
    const bool is_ended = known != nullptr && known->applied;  // with the others
    if (before == &attempt && attempt.journal->done > 0 && !is_ended) {
      Record part;
      part.key = attempt.key;
      part.id = attempt.migration;
      part.version_text = attempt.version_text;
      part.content = attempt.content;
      ends.push_back(taken_back(std::move(part), reason, by, now));
    }
  }
  return ends;
}

}  // namespace

Awaitable<Result<World::Rebaselined>> World::rebaseline(EnvironmentRef ref,
                                                        As as,
                                                        std::string reason,
                                                        std::string by) {
  auto turn = co_await gate_.enter();
  const Place at = place(ref);
  if (!at) {
    co_return no_such(ref);
  }
  if (auto nothing = nothing_unsettled(*at.environment); !nothing) {
    co_return std::unexpected(nothing.error());
  }
  WatchedEnvironment& environment = *at.environment;
  if (as == As::keep && environment.history_certain) {
    co_return fail(Errc::conflict,
                   "the history of " + ref.text() + " is certain: there is nothing to keep");
  }
  const auto theirs =
      their_side(at.app->watched.catalog, environment.records, environment.observation);
  if (as == As::adopt && (!theirs.asked || environment.observation->tool.empty())) {
    co_return fail(Errc::conflict,
                   "no ledger was read in " + ref.text() + ": there is nothing to adopt");
  }
  const auto there = std::max(rows_in(environment.observation), theirs.rows.size());
  if (as == As::empty && there > 0) {
    co_return fail(Errc::conflict,
                   ref.text() + " is not empty: " + environment.observation->table + " has " +
                       std::to_string(there) + " migrations. Use adopt to take them as they are");
  }
  const auto now = now_();
  Change change = begin(at);
  change.history = History{true, ""};
  std::vector<Record> ends;
  if (as != As::keep) {
    const auto why = "rebaseline as " + std::string(words(as)) + ": " + reason;
    ends = ended(environment.records, why, by, now);
    std::ranges::move(ended(environment.attempts, environment.records, why, by, now),
                      std::back_inserter(ends));
  }
  change.records.insert(change.records.end(), ends.begin(), ends.end());
  const Rebaselined result{ends.size(), as == As::adopt ? theirs.rows.size() : 0};
  change.audit.push_back(audit_event(now,
                                     by,
                                     "rebaselined",
                                     ref,
                                     {{"as", std::string(words(as))},
                                      {"ended", std::to_string(result.ended)},
                                      {"adopted", std::to_string(result.adopted)},
                                      {"doubt", environment.history_reason},
                                      {"reason", reason}}));
  auto written = co_await write(at, std::move(change));
  if (!written) {
    co_return std::unexpected(written.error());
  }
  environment.records.insert(environment.records.end(), ends.begin(), ends.end());
  environment.history_certain = true;
  environment.history_reason.clear();
  at.unsettled().compare = true;
  if (auto settled = co_await settle(*at.app); !settled) {
    log_warn("comparison could not be stored", {{"error", settled.error().detail}});
  }
  if (as == As::adopt && environment.mode == Mode::managed) {
    if (auto taken = co_await take_over(at, reason, by); !taken) {
      co_return std::unexpected(std::move(taken.error()));
    }
  }
  co_return result;
}

Awaitable<Result<World::FindingInPlace>> World::change_acknowledgement(
    std::string id, std::function<Result<ListedFinding>()> work) {
  if (auto allowed = may_change(); !allowed) {
    co_return std::unexpected(allowed.error());
  }
  auto listed = co_await store_.run(std::move(work));
  if (!listed) {
    co_return std::unexpected(listed.error());
  }
  FindingInPlace result{listed->stored, listed->environment};
  if (const Place at = place(result.environment); at) {
    std::ranges::replace_if(
        at.environment->findings,
        [&](const StoredFinding& finding) { return finding.id == id; },
        result.finding);
    publish(*at.environment);
  }
  events_.publish(result.finding.acknowledged ? "finding.acknowledged" : "finding.unacknowledged",
                  result.environment,
                  now_(),
                  finding_document(result.finding, result.environment));
  co_return result;
}

Awaitable<Result<World::FindingInPlace>> World::acknowledge(std::string id,
                                                            std::string reason,
                                                            std::optional<TimePoint> until,
                                                            std::string by) {
  auto turn = co_await gate_.enter();
  const Acknowledgement acknowledgement{std::move(by), std::move(reason), now_(), until};
  auto work = [this, id, acknowledgement] { return ledger_.acknowledge(id, acknowledgement); };
  auto changed = co_await change_acknowledgement(id, std::move(work));
  co_return changed;
}

Awaitable<Result<World::FindingInPlace>> World::unacknowledge(std::string id,
                                                              std::string reason,
                                                              std::string by) {
  auto turn = co_await gate_.enter();
  auto work = [this, id, reason, by, now = now_()] {
    return ledger_.unacknowledge(id, by, reason, now);
  };
  auto changed = co_await change_acknowledgement(id, std::move(work));
  co_return changed;
}

Awaitable<Result<void>> World::note(std::vector<AuditEvent> events) {
  if (events.empty()) {
    co_return Result<void>{};
  }
  auto work = [this, events = std::move(events)] { return ledger_.append(events); };
  auto written = co_await store_.run(std::move(work));
  if (!written) {
    note_trouble(written.error());
    co_return std::unexpected(written.error());
  }
  note_written();
  co_return Result<void>{};
}

Awaitable<Result<void>> World::prune(std::chrono::milliseconds retention) {
  auto turn = co_await gate_.enter();
  auto work = [this, retention, now = now_()] { return ledger_.prune(now, retention); };
  auto pruned = co_await store_.run(std::move(work));
  if (!pruned) {
    co_return std::unexpected(pruned.error());
  }
  co_return Result<void>{};
}

}  // namespace tidemark
