// What applying needs to know, and what it writes down on its way.

#include <algorithm>
#include <iterator>

#include "adapters/log/log.h"
#include "adapters/metrics/metrics.h"
#include "adapters/store/ledger.h"
#include "core/drift/history.h"
#include "daemon/world.h"
#include "daemon/world_parts.h"

namespace tidemark {

namespace {

std::unexpected<Error> no_such(const EnvironmentRef& ref) {
  return fail(Errc::not_found, "there is no environment '" + ref.text() + "'");
}

std::map<std::string, std::string> details_of(const Attempt& attempt) {
  return {{"attempt", attempt.id},
          {"migration", attempt.migration.value},
          {"action", std::string(to_string(attempt.action))},
          {"sha256", attempt.content.raw.hex()}};
}

// As it was begun, and as it stands now: the newest of each key is kept.
void take_attempt(std::vector<Attempt>& attempts, const Attempt& attempt) {
  std::erase_if(attempts, [&](const Attempt& other) {
    return other.id == attempt.id || (other.key == attempt.key && !is_unsettled(other));
  });
  attempts.push_back(attempt);
}

}  // namespace

Result<Situation> World::situation(const EnvironmentRef& ref) const {
  const Place at = place(ref);
  if (!at) {
    return no_such(ref);
  }
  if (auto read = directory_was_read(*at.app); !read) {
    return std::unexpected(read.error());
  }
  const WatchedEnvironment& environment = *at.environment;
  Situation situation;
  situation.environment = ref;
  situation.mode = environment.mode;
  situation.history_certain = environment.history_certain;
  situation.history_reason = environment.history_reason;
  situation.identity = environment.identity;
  situation.observation = environment.observation ? &*environment.observation : nullptr;
  situation.standing = &environment.standing;
  situation.records = environment.records;
  situation.attempts = environment.attempts;
  situation.freeze = environment.freeze;
  situation.problem = environment.problem;
  situation.out_of_order_forbidden = at.app->settings.forbid_out_of_order;
  situation.receipts = at.app->settings.environments[at.index].receipts;
  situation.now = now_();
  return situation;
}

// Whether it may begin, as the world is at this moment; `after` ends just now.
Result<void> World::may_begin(const Place& at,
                              const NextAttempt& next,
                              const std::string& after) const {
  const Attempt& attempt = next.attempt;
  const WatchedEnvironment& environment = *at.environment;
  const auto& name = environment.ref.text();
  if (environment.mode != Mode::managed) {
    return fail(Errc::conflict,
                name + " is " + std::string(to_string(environment.mode)) +
                    " now: nothing more is applied there");
  }
  if (!environment.history_certain) {
    return fail(Errc::conflict,
                "the history of " + name + " became uncertain: " + environment.history_reason);
  }
  if (!next.despite_freeze && environment.freeze && environment.freeze->holds(now_())) {
    return fail(
        Errc::conflict,
        name + " was frozen by " + environment.freeze->by + ": " + environment.freeze->reason);
  }
  const bool unsettled = std::ranges::any_of(environment.attempts, [&](const Attempt& each) {
    return is_unsettled(each) && each.id != after;
  });
  if (unsettled) {
    return fail(Errc::conflict, "the outcome of another attempt in " + name + " is not settled");
  }
  const Migration* file = at.app->watched.catalog.find(attempt.key);
  const bool rolls_back = attempt.action == Attempt::Action::rollback;
  const bool there = file != nullptr && (!rolls_back || file->rollback);
  if (!there || (rolls_back ? file->rollback->content : file->content).raw != attempt.content.raw) {
    return fail(Errc::conflict,
                attempt.migration.value + " is not in the directory any more as it was planned");
  }
  const Line* line = environment.standing.find(attempt.key);
  const bool is_pending = line != nullptr && waits_to_be_applied(line->cell);
  const bool is_applied = line != nullptr && line->cell.how.has_value();
  if (rolls_back && !is_applied) {
    return fail(Errc::conflict, attempt.migration.value + " is not applied any more in " + name);
  }
  if (!rolls_back && !is_pending) {
    return fail(Errc::conflict, attempt.migration.value + " is not pending any more in " + name);
  }
  return {};
}

Result<void> World::may_begin(const EnvironmentRef& ref,
                              const NextAttempt& next,
                              const std::string& after) const {
  const Place at = place(ref);
  return at ? may_begin(at, next, after) : no_such(ref);
}

const std::string& World::actor_of(const AttemptStep& step) {
  return step.actor.empty() ? step.attempt.by : step.actor;
}

// All of it in one go. What is told by name is compared anew.
Awaitable<Result<void>> World::write_attempts(Place at,
                                              std::vector<AttemptStep> steps,
                                              Compared compared) {
  WatchedEnvironment& environment = *at.environment;
  Change change = begin(at);
  bool told = false;
  for (auto& step : steps) {
    const auto& attempt = step.attempt;
    change.attempts.push_back(attempt);
    change.records.insert(change.records.end(), step.records.begin(), step.records.end());
    std::ranges::move(step.contents, std::back_inserter(change.contents));
    if (!step.what.empty()) {
      auto details = details_of(attempt);
      details.insert(step.details.begin(), step.details.end());
      change.audit.push_back(
          audit_event(change.at, actor_of(step), step.what, environment.ref, std::move(details)));
      told = true;
    }
  }
  auto written = co_await write(at, std::move(change));
  if (!written) {
    co_return written;
  }
  for (const auto& step : steps) {
    take_attempt(environment.attempts, step.attempt);
    environment.records.insert(environment.records.end(), step.records.begin(), step.records.end());
    if (!step.what.empty()) {
      publish_attempt(environment.ref, step);
    }
  }
  if (told) {
    at.unsettled().compare = true;
    if (compared == Compared::soon && on_behind) {
      on_behind();
    } else if (auto settled = co_await settle(*at.app); !settled) {
      log_warn("comparison could not be stored", {{"error", settled.error().detail}});
    }
  }
  co_return Result<void>{};
}

void World::publish_attempt(const EnvironmentRef& ref, const AttemptStep& step) {
  const auto& attempt = step.attempt;
  boost::json::object data{{"migration", attempt.migration.value},
                           {"attempt", attempt.id},
                           {"action", to_string(attempt.action)},
                           {"by", actor_of(step)}};
  if (attempt.outcome != Attempt::Outcome::open) {
    data["outcome"] = to_string(attempt.outcome);
    data["detail"] = attempt.detail;
  }
  events_.publish(step.what, ref, now_(), std::move(data));
}

World::AttemptStep World::beginning_of(NextAttempt next) {
  AttemptStep step;
  step.attempt = std::move(next.attempt);
  step.what = "apply.started";
  step.details = std::move(next.details);
  if (next.content->bytes.size() <= content_size_max) {
    step.contents.push_back(*next.content);
  }
  return step;
}

Awaitable<Result<void>> World::begin_attempt(EnvironmentRef ref, NextAttempt next) {
  auto turn = co_await gate_.enter();
  const Place at = place(ref);
  if (!at) {
    co_return no_such(ref);
  }
  if (auto may = may_begin(at, next, ""); !may) {
    co_return may;
  }
  std::vector<AttemptStep> steps;
  steps.push_back(beginning_of(std::move(next)));
  auto written = co_await write_attempts(at, std::move(steps));
  co_return written;
}

// Nothing was written down before it failed, so that this is all that tells of it.
Awaitable<void> World::failed_to_apply(EnvironmentRef ref, ApplyInVain failed) {
  metrics_.applied(ref, "failed", std::nullopt);
  if (!failed.is_news) {
    co_return;
  }
  log_warn("apply failed before a migration began",
           {{"environment", ref.text()},
            {"migration", failed.migration.value},
            {"by", failed.by},
            {"error", failed.why}});
  events_.publish("apply.finished",
                  ref,
                  now_(),
                  {{"migration", failed.migration.value},
                   {"attempt", nullptr},
                   {"action", to_string(failed.action)},
                   {"by", failed.by},
                   {"outcome", to_string(Attempt::Outcome::not_applied)},
                   {"detail", failed.why}});
  std::vector<AuditEvent> events{
      audit_event(now_(),
                  failed.by,
                  "apply.finished",
                  ref,
                  {{"migration", failed.migration.value},
                   {"action", std::string(to_string(failed.action))},
                   {"outcome", std::string(to_string(Attempt::Outcome::not_applied))},
                   {"detail", failed.why}})};
  const auto noted = co_await note(std::move(events));
  if (!noted) {
    log_warn("a failed apply could not be written down",
             {{"environment", ref.text()}, {"error", noted.error().detail}});
  }
}

Awaitable<Result<void>> World::note_attempt(EnvironmentRef ref, Attempt attempt) {
  auto turn = co_await gate_.enter();
  const Place at = place(ref);
  if (!at) {
    co_return no_such(ref);
  }
  std::vector<AttemptStep> steps(1);
  steps.front().attempt = std::move(attempt);
  auto written = co_await write_attempts(at, std::move(steps));
  co_return written;
}

namespace {

// What our ledger says of it from now on, if anything.
std::vector<Record> record_of(const Attempt& attempt,
                              const std::vector<Record>& known,
                              const Catalog& catalog,
                              const std::string& note) {
  if (attempt.outcome != Attempt::Outcome::applied) {
    return {};
  }
  Record record;
  if (attempt.action == Attempt::Action::rollback) {
    if (const auto* before = find(newest(known), attempt.key)) {
      record = *before;
    }
  }
  record.key = attempt.key;
  record.id = attempt.migration;
  record.version_text = attempt.version_text;
  record.applied = attempt.action == Attempt::Action::apply;
  record.how = record.applied ? How::managed : How::rolled_back;
  record.evidence = Evidence::executed;
  record.at = attempt.ended_at;
  record.recorded_at = attempt.ended_at;
  record.by = attempt.by;
  record.reason = note;
  if (record.applied) {
    const Migration* file = catalog.find(attempt.key);
    const bool same = file != nullptr && file->content.raw == attempt.content.raw;
    record.content = same ? file->content : attempt.content;
  }
  record.their_row.clear();
  record.their_checksum.clear();
  return {std::move(record)};
}

}  // namespace

World::AttemptStep World::end_of(const Place& at, Attempt attempt, const std::string& note) const {
  AttemptStep step;
  attempt.ended_at = now_();
  step.records = record_of(attempt, at.environment->records, at.app->watched.catalog, note);
  step.what = attempt.outcome == Attempt::Outcome::unknown ? "apply.unknown" : "apply.finished";
  step.details = {{"outcome", std::string(to_string(attempt.outcome))}, {"detail", attempt.detail}};
  step.attempt = std::move(attempt);
  return step;
}

void World::count_end(const EnvironmentRef& ref, const Attempt& attempt) {
  const bool failed = attempt.outcome == Attempt::Outcome::not_applied;
  metrics_.applied(
      ref, failed ? "failed" : to_string(attempt.outcome), attempt.ended_at - attempt.started_at);
  log_info("apply ended",
           {{"environment", ref.text()},
            {"migration", attempt.migration.value},
            {"outcome", to_string(attempt.outcome)},
            {"by", attempt.by}});
}

Awaitable<Result<void>> World::end_attempt(EnvironmentRef ref, Attempt attempt, std::string note) {
  auto ended = co_await end_attempt(std::move(ref), std::move(attempt), std::move(note), nullptr);
  if (!ended) {
    co_return std::unexpected(ended.error());
  }
  co_return Result<void>{};
}

// A disk takes its time for each write: one end and the next beginning are one.
Awaitable<Result<Result<void>>> World::end_attempt(EnvironmentRef ref,
                                                   Attempt attempt,
                                                   std::string note,
                                                   std::shared_ptr<const NextAttempt> next) {
  auto turn = co_await gate_.enter();
  const Place at = place(ref);
  if (!at) {
    co_return no_such(ref);
  }
  std::vector<AttemptStep> steps;
  steps.push_back(end_of(at, std::move(attempt), note));
  const Attempt ended = steps.front().attempt;
  Result<void> begun;
  if (next) {
    begun = may_begin(at, *next, ended.id);
    if (begun) {
      steps.push_back(beginning_of(*next));
    }
  }
  // The next one does not wait for it to be seen.
  const auto compared = steps.size() > 1 ? Compared::soon : Compared::now;
  auto written = co_await write_attempts(at, std::move(steps), compared);
  if (!written) {
    co_return std::unexpected(written.error());
  }
  count_end(ref, ended);
  co_return begun;
}

Awaitable<Result<Attempt>> World::resolve(
    EnvironmentRef ref, std::string migration, bool applied, std::string reason, std::string by) {
  auto turn = co_await gate_.enter();
  const Place at = place(ref);
  if (!at) {
    co_return no_such(ref);
  }
  WatchedEnvironment& environment = *at.environment;
  const auto line = find_line(environment.standing, migration, ref);
  if (!line) {
    co_return std::unexpected(line.error());
  }
  const auto found = std::ranges::find_if(environment.attempts, [&](const Attempt& each) {
    return each.key == (*line)->key && each.outcome == Attempt::Outcome::unknown;
  });
  if (found == environment.attempts.end()) {
    co_return fail(Errc::conflict,
                   "the outcome of " + (*line)->id.value + " in " + ref.text() +
                       " is not unknown: there is nothing to resolve");
  }
  Attempt attempt = *found;
  attempt.outcome = applied ? Attempt::Outcome::applied : Attempt::Outcome::not_applied;
  attempt.ended_at = now_();
  attempt.detail = "resolved by " + by + ": " + reason;
  auto records = record_of(attempt, environment.records, at.app->watched.catalog, attempt.detail);
  for (auto& record : records) {
    record.evidence = Evidence::attested;
    record.by = by;
  }
  std::vector<AttemptStep> steps(1);
  steps.front().attempt = attempt;
  steps.front().records = std::move(records);
  steps.front().what = "apply.resolved";
  steps.front().details = {{"outcome", std::string(to_string(attempt.outcome))},
                           {"begun_by", attempt.by},
                           {"reason", reason}};
  steps.front().actor = by;
  auto written = co_await write_attempts(at, std::move(steps));
  if (!written) {
    co_return std::unexpected(written.error());
  }
  co_return attempt;
}

Awaitable<Result<void>> World::freeze(EnvironmentRef ref, Freeze freeze) {
  auto turn = co_await gate_.enter();
  const Place at = place(ref);
  if (!at) {
    co_return no_such(ref);
  }
  std::map<std::string, std::string> details{{"reason", freeze.reason}};
  if (freeze.until) {
    details["until"] = format_time(*freeze.until);
  }
  freeze.at = now_();
  Change change = begin(at);
  change.freeze = std::optional(freeze);
  change.audit.push_back(
      audit_event(change.at, freeze.by, "environment.frozen", ref, std::move(details)));
  auto written = co_await write(at, std::move(change));
  if (written) {
    at.environment->freeze = std::move(freeze);
  }
  co_return written;
}

Awaitable<Result<void>> World::unfreeze(EnvironmentRef ref, std::string reason, std::string by) {
  auto turn = co_await gate_.enter();
  const Place at = place(ref);
  if (!at) {
    co_return no_such(ref);
  }
  if (!at.environment->freeze || !at.environment->freeze->holds(now_())) {
    co_return fail(Errc::conflict, ref.text() + " is not frozen");
  }
  Change change = begin(at);
  change.freeze = std::optional<Freeze>();
  change.audit.push_back(
      audit_event(change.at, by, "environment.unfrozen", ref, {{"reason", reason}}));
  auto written = co_await write(at, std::move(change));
  if (written) {
    at.environment->freeze.reset();
  }
  co_return written;
}

}  // namespace tidemark
