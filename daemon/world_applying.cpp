// What applying needs to know, and what it writes down on its way.

#include <algorithm>

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

// Whether it may begin, as the world is at this moment.
Result<void> World::may_begin(const Place& at, const Attempt& attempt, bool despite_freeze) const {
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
  if (!despite_freeze && environment.freeze && environment.freeze->holds(now_())) {
    return fail(
        Errc::conflict,
        name + " was frozen by " + environment.freeze->by + ": " + environment.freeze->reason);
  }
  if (std::ranges::any_of(environment.attempts, is_unsettled)) {
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
  const bool is_pending = line != nullptr && (line->cell.state == CellState::pending ||
                                              line->cell.state == CellState::failed);
  const bool is_applied = line != nullptr && line->cell.how.has_value();
  if (rolls_back && !is_applied) {
    return fail(Errc::conflict, attempt.migration.value + " is not applied any more in " + name);
  }
  if (!rolls_back && !is_pending) {
    return fail(Errc::conflict, attempt.migration.value + " is not pending any more in " + name);
  }
  return {};
}

Awaitable<Result<void>> World::write_attempt(Place at,
                                             Attempt attempt,
                                             std::vector<Record> records,
                                             std::vector<ContentBytes> contents,
                                             AttemptNews news) {
  WatchedEnvironment& environment = *at.environment;
  const auto& what = news.what;
  Change change = begin(at);
  change.attempts.push_back(attempt);
  change.records.insert(change.records.end(), records.begin(), records.end());
  change.contents = std::move(contents);
  if (!what.empty()) {
    auto all = details_of(attempt);
    all.merge(news.details);
    change.audit.push_back(audit_event(change.at, attempt.by, what, environment.ref, all));
  }
  auto written = co_await write(at, std::move(change));
  if (!written) {
    co_return written;
  }
  take_attempt(environment.attempts, attempt);
  environment.records.insert(environment.records.end(), records.begin(), records.end());
  if (!what.empty()) {
    boost::json::object data{{"migration", attempt.migration.value},
                             {"attempt", attempt.id},
                             {"action", to_string(attempt.action)},
                             {"by", attempt.by}};
    if (attempt.outcome != Attempt::Outcome::open) {
      data["outcome"] = to_string(attempt.outcome);
      data["detail"] = attempt.detail;
    }
    events_.publish(what, environment.ref, now_(), std::move(data));
    at.unsettled().compare = true;
    if (auto settled = co_await settle(*at.app); !settled) {
      log_warn("comparison could not be stored", {{"error", settled.error().detail}});
    }
  }
  co_return Result<void>{};
}

Awaitable<Result<void>> World::begin_attempt(EnvironmentRef ref,
                                             Attempt attempt,
                                             ContentBytes content,
                                             bool despite_freeze) {
  auto turn = co_await gate_.enter();
  const Place at = place(ref);
  if (!at) {
    co_return no_such(ref);
  }
  if (auto may = may_begin(at, attempt, despite_freeze); !may) {
    co_return may;
  }
  std::vector<ContentBytes> contents;
  if (content.bytes.size() <= content_size_max) {
    contents.push_back(std::move(content));
  }
  AttemptNews news;
  news.what = "apply.started";
  const std::vector<Record> none;
  auto written =
      co_await write_attempt(at, std::move(attempt), none, std::move(contents), std::move(news));
  co_return written;
}

Awaitable<Result<void>> World::note_attempt(EnvironmentRef ref, Attempt attempt) {
  auto turn = co_await gate_.enter();
  const Place at = place(ref);
  if (!at) {
    co_return no_such(ref);
  }
  const std::vector<Record> no_records;
  const std::vector<ContentBytes> no_contents;
  AttemptNews no_news;
  auto written =
      co_await write_attempt(at, std::move(attempt), no_records, no_contents, std::move(no_news));
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

Awaitable<Result<void>> World::end_attempt(EnvironmentRef ref, Attempt attempt, std::string note) {
  auto turn = co_await gate_.enter();
  const Place at = place(ref);
  if (!at) {
    co_return no_such(ref);
  }
  attempt.ended_at = now_();
  auto records = record_of(attempt, at.environment->records, at.app->watched.catalog, note);
  AttemptNews news{
      "apply.finished",
      {{"outcome", std::string(to_string(attempt.outcome))}, {"detail", attempt.detail}}};
  if (attempt.outcome == Attempt::Outcome::unknown) {
    news.what = "apply.unknown";
  }
  const bool failed = attempt.outcome == Attempt::Outcome::not_applied;
  metrics_.applied(
      ref, failed ? "failed" : to_string(attempt.outcome), attempt.ended_at - attempt.started_at);
  log_info("apply ended",
           {{"environment", ref.text()},
            {"migration", attempt.migration.value},
            {"outcome", to_string(attempt.outcome)},
            {"by", attempt.by}});
  const std::vector<ContentBytes> none;
  auto written =
      co_await write_attempt(at, std::move(attempt), std::move(records), none, std::move(news));
  co_return written;
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
  AttemptNews news{"apply.resolved",
                   {{"outcome", std::string(to_string(attempt.outcome))},
                    {"resolved_by", by},
                    {"reason", reason}}};
  const std::vector<ContentBytes> none;
  auto written = co_await write_attempt(at, attempt, std::move(records), none, std::move(news));
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
