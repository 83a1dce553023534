#include "daemon/apply/applier.h"

#include <algorithm>
#include <map>
#include <utility>

#include <boost/asio/co_spawn.hpp>

#include "adapters/files/committed.h"
#include "adapters/log/log.h"
#include "adapters/loop/timer.h"
#include "adapters/postgres/backend_questions.h"
#include "adapters/postgres/relation_questions.h"
#include "adapters/postgres/schema_questions.h"
#include "adapters/tools/tool.h"
#include "core/apply/steps.h"
#include "core/drift/history.h"
#include "daemon/apply/recovery.h"
#include "daemon/apply/words.h"
#include "daemon/control/document_parts.h"
#include "daemon/world.h"

namespace tidemark {

namespace {

constexpr std::chrono::milliseconds asked_again_after{1'000};
constexpr std::chrono::milliseconds asked_again_at_most{60'000};
constexpr std::chrono::milliseconds asked_again_when_denied{30'000};
constexpr std::chrono::seconds asked_whether_complete_every{5};

constexpr std::chrono::minutes told_when_older{1};

// Of SQL, whose scripts are kept for who asks for the same plan again, as `apply` does.
constexpr std::size_t remembered_at_most = 1U << 20U;

constexpr std::chrono::seconds looked_within{30};

// What statements lock that is there already, as SQL names it.
std::vector<std::string> locked_by(const Statement& statement) {
  std::vector<std::string> names;
  if (statement.lock < LockClass::share_update_exclusive) {
    return names;
  }
  for (const auto& object : statement.objects) {
    if (object.kind == "table" || object.kind == "relation") {
      names.push_back(sql_name(object));
    }
  }
  return names;
}

std::vector<std::string> locked_by(const Plan& plan) {
  std::vector<std::string> names;
  for (const auto& migration : plan.migrations) {
    for (const auto& statement : migration.script.statements) {
      std::ranges::move(locked_by(statement), std::back_inserter(names));
    }
  }
  std::ranges::sort(names);
  const auto [from, to] = std::ranges::unique(names);
  names.erase(from, to);
  return names;
}

void note_facts(Plan& plan, const std::map<std::string, RelationFacts>& facts) {
  for (auto& migration : plan.migrations) {
    migration.notes.resize(migration.script.statements.size());
    for (std::size_t i = 0; i < migration.notes.size(); ++i) {
      for (const auto& name : locked_by(migration.script.statements[i])) {
        if (const auto at = facts.find(name); at != facts.end()) {
          migration.notes[i].push_back(name + ": " + words_for(at->second));
        }
      }
    }
  }
}

std::unexpected<Error> changed_meanwhile() {
  return fail(Errc::conflict, "the directory has changed meanwhile: ask again");
}

// As it is to run: the file itself, or what rolls it back.
Migration file_for(const Migration& migration, Attempt::Action action) {
  Migration file = migration;
  if (action == Attempt::Action::rollback) {
    file.file = migration.rollback->file;
    file.content = migration.rollback->content;
    file.piece.reset();
  }
  return file;
}

}  // namespace

Applier::Applier(asio::io_context& loop,
                 World& world,
                 Pool& workers,
                 const Parser& parser,
                 Door door,
                 EnvironmentRef ref,
                 EnvironmentSettings settings,
                 std::vector<std::string> folders,
                 std::function<Awaitable<Result<void>>()> look_at_it)
    : loop_(loop),
      world_(world),
      workers_(workers),
      parser_(parser),
      door_(std::move(door)),
      ref_(std::move(ref)),
      settings_(std::move(settings)),
      look_at_it_(std::move(look_at_it)),
      folders_(std::move(folders)),
      tries_(settings_.poll),
      wakeup_(loop) {}

std::optional<ManagedEnvironment> Applier::managed() const {
  const auto* environment = world_.environment(ref_);
  return environment == nullptr ? std::nullopt
                                : ManagedEnvironment::of(environment->ref, environment->mode);
}

Awaitable<void> Applier::run() {
  auto pause = asked_again_after;
  for (;;) {
    if (run_) {
      co_await carry_out();
    }
    const auto settled = co_await settle_open();
    if (settled) {
      pause = asked_again_after;
      co_await apply_by_itself();
      if (!run_) {
        // Whether files are committed is nothing that a directory tells.
        std::chrono::steady_clock::duration sleep = std::chrono::hours{1};
        if (has_untried()) {
          sleep = asked_whether_complete_every;
        }
        co_await wakeup_.sleep(sleep);
      }
    } else {
      log_warn("an outcome is not known yet",
               {{"environment", ref_.text()}, {"error", settled.error().detail}});
      if (settled.error().code == Errc::denied) {
        pause = std::max(pause, asked_again_when_denied);
      }
      co_await wakeup_.sleep(pause);
      pause = std::min(pause * 2, asked_again_at_most);
    }
  }
}

Awaitable<void> Applier::carry_out() {
  // However it ends: whoever listens is told that nothing follows.
  struct Ended {
    explicit Ended(std::shared_ptr<Run>& run) : run(run) {}
    ~Ended() {
      run->finish();
      run.reset();
    }
    std::shared_ptr<Run>& run;
  } const ended(run_);
  const auto run = run_;
  const Fields fields{{"environment", ref_.text()},
                      {"plan", run->plan().id},
                      {"migrations", run->plan().migrations.size()},
                      {"by", run->by()}};
  if (tried_on_ && tries_.in_vain()) {
    log_debug("apply begins again", fields);
  } else {
    log_info("apply begins", fields);
  }
  auto lost = co_await run->carry_out(door_);
  run->let_go();
  former_ = run->pids();
  co_await tell_what_stands_nowhere(*run);
  if (!lost) {
    co_return;
  }
  run->progress()->now({{"migration", text(lost->attempt.migration.value)},
                        {"phase", "the connection was lost, asking what became of it"}});
  co_await end_what_is_left(run->pids());
  if (const auto environment = managed(); environment && !lost->commit_was_sent) {
    // What is not written down now is asked about like what was lost with us.
    [[maybe_unused]] const auto settled = co_await settle_one(*environment, lost->attempt, false);
  }
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds{60};
  for (auto pause = std::chrono::milliseconds{100}; std::chrono::steady_clock::now() < until;
       pause = std::min(pause * 2, std::chrono::milliseconds{2'000})) {
    const auto settled = co_await settle_open();
    const auto* environment = world_.environment(ref_);
    if (settled && environment != nullptr) {
      const auto at = std::ranges::find(environment->attempts, lost->attempt.id, &Attempt::id);
      if (at != environment->attempts.end()) {
        run->settled(*at);
      }
      co_return;
    }
    co_await wait_for(pause);
  }
}

namespace {

constexpr std::string_view by_itself = "tidemark (apply: auto)";

bool was_tried(const Attempt& attempt, const Migration& file) {
  const bool in_another_way = attempt.transactional && file.outside_transaction;
  return attempt.key == file.key && attempt.content.raw == file.content.raw && !in_another_way &&
         attempt.action == Attempt::Action::apply && attempt.outcome != Attempt::Outcome::applied;
}

// Whether a person has rolled this content back.
bool was_rolled_back(const Record& record, const Migration& file) {
  return record.how == How::rolled_back && record.content &&
         record.content->raw == file.content.raw;
}

}  // namespace

// An apply that failed before there was an attempt to say so: audit log and metrics do.
Awaitable<void> Applier::tell_what_stands_nowhere(const Run& run) {
  auto ground = std::exchange(tried_on_, std::nullopt);
  const auto& outcome = run.outcome();
  if (outcome.what == "failed" && !outcome.stands_in_attempt) {
    World::ApplyInVain failed;
    failed.migration.value = outcome.left.empty() ? "" : outcome.left.front();
    failed.action = run.plan().action;
    failed.by = run.by();
    failed.why = outcome.message;
    failed.is_news = !ground || tries_.is_news(outcome.message);
    if (ground) {
      tries_.failed(std::move(*ground), outcome.code, std::chrono::steady_clock::now());
    }
    co_await world_.failed_to_apply(ref_, std::move(failed));
  } else if (ground && outcome.what == "cancelled" && !outcome.stands_in_attempt) {
    // Not at once again.
    tries_.failed(std::move(*ground), Errc::conflict, std::chrono::steady_clock::now());
  } else if (ground) {
    tries_.forget();
  }
}

// What there is to apply, as far as that decides whether a try is worth it.
AutoGround Applier::ground() const {
  const auto& environment = *world_.environment(ref_);
  AutoGround ground;
  for (const auto& migration : world_.app(ref_.app)->catalog.migrations) {
    const auto* line = environment.standing.find(migration.key);
    if (line != nullptr && waits_to_be_applied(line->cell)) {
      ground.pending.emplace_back(migration.key, migration.content.raw);
    }
  }
  ground.records = environment.records.size();
  if (!environment.attempts.empty()) {
    ground.last_attempt = environment.attempts.back().id;
  }
  ground.history_certain = environment.history_certain;
  ground.frozen = environment.freeze && environment.freeze->holds(wall_clock_now());
  ground.problem = environment.problem;
  ground.reachable = environment.reachable();
  return ground;
}

// Something is pending that nobody has tried in vain: each content is tried once.
bool Applier::has_untried() {
  const auto* environment = world_.environment(ref_);
  const auto* app = world_.app(ref_.app);
  if (settings_.apply != ApplyWhen::automatic || environment == nullptr || !managed()) {
    tries_.forget();
    return false;
  }
  const auto records = newest(environment->records);
  bool pending = false;
  for (const auto& migration : app->catalog.migrations) {
    const auto* line = environment->standing.find(migration.key);
    if (line == nullptr || !waits_to_be_applied(line->cell)) {
      continue;
    }
    pending = true;
    // Either way, what comes after it waits for it.
    const bool in_vain = std::ranges::any_of(environment->attempts, [&](const Attempt& attempt) {
      return was_tried(attempt, migration);
    });
    if (in_vain) {
      return false;
    }
    const auto* record = find(records, migration.key);
    if (record != nullptr && was_rolled_back(*record, migration)) {
      tell_once(migration.id.value + " was rolled back by " + record->by +
                ", and its file is the same as before");
      return false;
    }
  }
  return pending;
}

void Applier::tell_once(const std::string& why) {
  if (tries_.is_news(why)) {
    log_info("nothing is applied by itself", {{"environment", ref_.text()}, {"why", why}});
  }
}

// It would have been applied, but for the server.
Awaitable<void> Applier::came_to_nothing(AutoGround ground, Error error, MigrationId migration) {
  tries_.failed(std::move(ground), error.code, std::chrono::steady_clock::now());
  World::ApplyInVain failed;
  failed.migration = std::move(migration);
  failed.by = std::string(by_itself);
  failed.is_news = tries_.is_news(error.detail);
  failed.why = std::move(error.detail);
  co_await world_.failed_to_apply(ref_, std::move(failed));
}

void Applier::hindered(Errc code, const std::string& why) {
  tries_.failed(ground(), code, std::chrono::steady_clock::now());
  tell_once(why);
}

// With `apply: auto`: what is committed, once.
Awaitable<void> Applier::apply_by_itself() {
  if (run_ || !has_untried() || !tries_.due(ground(), std::chrono::steady_clock::now())) {
    co_return;
  }
  std::vector<std::string> files;
  for (const auto& migration : world_.app(ref_.app)->catalog.migrations) {
    files.push_back(migration.file);
  }
  auto complete = [folders = folders_, files = std::move(files)] {
    return is_complete(folders, files);
  };
  const auto before = co_await workers_.run(complete);
  if (!before) {
    tell_once(before.error().detail);
    co_return;
  }
  // Nobody is connected to for something that is hindered anyway.
  const Selection all;
  auto planned = co_await plan_by_what_is_known(all, Attempt::Action::apply);
  if (planned && planned->hindrances.empty() && !planned->migrations.empty()) {
    const auto looked = co_await look_at_it();
    const bool is_ours = !looked && (looked.error().code == Errc::conflict ||
                                     looked.error().code == Errc::cancelled);
    if (is_ours) {
      hindered(looked.error().code, looked.error().detail);
      co_return;
    }
    if (!looked) {
      co_await came_to_nothing(ground(), looked.error(), planned->migrations.front().id);
      co_return;
    }
    planned = co_await plan_by_what_is_known(all, Attempt::Action::apply);
  }
  if (!planned) {
    hindered(planned.error().code, planned.error().detail);
    co_return;
  }
  if (!planned->hindrances.empty()) {
    hindered(Errc::conflict, planned->hindrances.front().why);
    co_return;
  }
  // What was read meanwhile is what is committed, or what was before.
  const auto after = co_await workers_.run(std::move(complete));
  if (!after) {
    tell_once(after.error().detail);
    co_return;
  }
  if (planned->migrations.empty() || run_) {
    co_return;
  }
  const auto begun = start(std::move(*planned), all, std::string(by_itself));
  if (begun) {
    tried_on_ = ground();
  } else {
    hindered(begun.error().code, begun.error().detail);
  }
}

// A server may go on for long with sessions whose client is gone, and they would be in the way of
// the next apply. Where this fails they end by themselves, later.
Awaitable<void> Applier::end_what_is_left(std::vector<int> pids) {
  if (const auto environment = managed()) {
    auto session = co_await door_.open_one(*environment);
    if (session) {
      [[maybe_unused]] const auto ended = co_await end_own(**session, std::move(pids));
    }
  }
}

// What became of attempts whose end nobody has written down.
Awaitable<Result<void>> Applier::settle_open() {
  const auto* environment = world_.environment(ref_);
  if (environment == nullptr) {
    co_return Result<void>{};
  }
  std::vector<Attempt> open;
  std::ranges::copy_if(environment->attempts, std::back_inserter(open), [](const Attempt& each) {
    return each.outcome == Attempt::Outcome::open;
  });
  const auto may_write = managed();
  for (auto& attempt : open) {
    if (!may_write) {
      // The mode went while nobody looked: there is no way to ask any more.
      attempt.outcome = Attempt::Outcome::unknown;
      attempt.detail = ref_.text() + " is not managed any more, so nobody may ask its server";
      auto ended = co_await world_.end_attempt(ref_, std::move(attempt), "");
      if (!ended) {
        co_return ended;
      }
      continue;
    }
    auto settled = co_await settle_one(*may_write, std::move(attempt), true);
    if (!settled) {
      co_return settled;
    }
  }
  co_return Result<void>{};
}

Awaitable<Result<void>> Applier::settle_one(ManagedEnvironment environment,
                                            Attempt attempt,
                                            bool commit_was_sent) {
  auto settled = co_await recover(door_,
                                  std::move(environment),
                                  settings_.schema,
                                  settings_.receipts,
                                  std::move(attempt),
                                  commit_was_sent);
  if (!settled) {
    co_return std::unexpected(settled.error());
  }
  log_info("an outcome was found out",
           {{"environment", ref_.text()},
            {"migration", settled->migration.value},
            {"outcome", to_string(settled->outcome)},
            {"why", settled->detail}});
  auto ended = co_await world_.end_attempt(ref_, std::move(*settled), "");
  co_return ended;
}

// It may have to wait for a connection that somebody else has for hours. One that is waiting
// already is waited for, and another one made: what that saw may be older than the question.
Awaitable<Result<void>> Applier::look_at_it() {
  constexpr std::chrono::milliseconds step{5};
  const auto until = std::chrono::steady_clock::now() + looked_within;
  const auto in_time = [until] { return std::chrono::steady_clock::now() < until; };
  while (looking_ && !looking_->over && in_time()) {
    co_await wait_for(step);
  }
  if (!looking_ || looking_->over) {
    looking_ = std::make_shared<Look>();
    asio::co_spawn(
        loop_, look_at_it_(), [look = looking_](std::exception_ptr failed, Result<void> seen) {
          look->seen = failed ? fail(Errc::internal, "the look failed") : std::move(seen);
          look->over = true;
        });
  }
  const auto looking = looking_;
  while (!looking->over && in_time()) {
    co_await wait_for(step);
  }
  if (!looking->over) {
    co_return fail(Errc::retry,
                   ref_.text() +
                       " could not be looked at within 30 s: others have all connections to its "
                       "server (`limits: {connections_per_server: …}`)");
  }
  co_return looking->seen;
}

Awaitable<Result<Plan>> Applier::plan(Selection selection, Attempt::Action action, PlanFor what) {
  // Whatever somebody else has done there since the last look is not to be done again.
  Result<void> looked;
  if (managed()) {
    looked = co_await look_at_it();
  }
  auto planned = co_await plan_by_what_is_known(selection, action);
  const auto situation = world_.situation(ref_);
  if (planned && !looked) {
    const auto* observation = situation ? situation->observation : nullptr;
    if (observation != nullptr && !observation->tool.empty()) {
      planned->hindrances.push_back(
          {"not_seen",
           "what another tool has applied to " + ref_.text() +
               " meanwhile is not known, because it could not be looked at: " +
               looked.error().detail,
           ""});
    } else {
      planned->warnings.push_back("its server could not be asked: " + looked.error().detail);
    }
  }
  const auto environment = managed();
  if (planned && looked && situation && environment && !planned->migrations.empty()) {
    const bool asks_if_empty =
        action == Attempt::Action::apply && !selection.from_empty && !knows_history(*situation);
    co_await ask_server(*environment, *planned, asks_if_empty, what);
  }
  co_return planned;
}

Awaitable<Result<Plan>> Applier::plan_by_what_is_known(Selection selection,
                                                       Attempt::Action action) {
  auto situation = world_.situation(ref_);
  if (!situation) {
    co_return std::unexpected(situation.error());
  }
  std::vector<Migration> chosen;
  {
    const auto& catalog = world_.app(ref_.app)->catalog;
    const auto selected = action == Attempt::Action::apply
                              ? select_to_apply(catalog, *situation->standing, ref_, selection)
                              : select_to_roll_back(catalog, *situation->standing, ref_, selection);
    if (!selected) {
      co_return std::unexpected(selected.error());
    }
    for (const auto* migration : *selected) {
      chosen.push_back(*migration);
    }
  }
  auto planned = co_await read(std::move(chosen), action);
  if (!planned) {
    co_return std::unexpected(planned.error());
  }
  // The world has gone on: the plan is of what is there now.
  situation = world_.situation(ref_);
  if (!situation) {
    co_return std::unexpected(situation.error());
  }
  const auto& catalog = world_.app(ref_.app)->catalog;
  for (auto& migration : *planned) {
    const auto* now = catalog.find(migration.key);
    if (now == nullptr || (action == Attempt::Action::rollback && !now->rollback) ||
        file_for(*now, action).content.raw != migration.content.raw ||
        (now->outside_transaction && !migration.sql.outside_transaction)) {
      co_return changed_meanwhile();
    }
    const auto* line = situation->standing->find(migration.key);
    migration.out_of_order = line != nullptr && line->cell.reason == "out_of_order";
  }
  co_return make_plan(*situation, action, std::move(*planned), selection);
}

// What only the server knows: whether there is anything in it, and what the plan would meet there.
Awaitable<void> Applier::ask_server(ManagedEnvironment environment,
                                    Plan& plan,
                                    bool asks_if_empty,
                                    PlanFor what) {
  auto session = co_await door_.open_to_plan(std::move(environment));
  if (!session && session.error().code == Errc::conflict) {
    plan.hindrances.push_back({"not_direct", session.error().detail, ""});
    co_return;
  }
  if (!session) {
    plan.warnings.push_back("its server could not be asked: " + session.error().detail);
    co_return;
  }
  if (asks_if_empty) {
    const auto empty = co_await is_empty(**session, settings_.schema);
    // Somebody may have begun to fill it meanwhile, and that is us.
    const auto situation = world_.situation(ref_);
    const bool known = run_ || !situation || knows_history(*situation);
    if (empty && !*empty && !known) {
      plan.hindrances.push_back(not_empty(ref_));
    }
  }
  if (what == PlanFor::starting) {
    co_return;
  }
  const auto open = co_await oldest_transactions(**session, 0);
  if (open) {
    std::vector<Backend> old;
    std::ranges::copy_if(*open, std::back_inserter(old), [](const Backend& backend) {
      return backend.transaction_age && *backend.transaction_age > told_when_older;
    });
    if (!old.empty()) {
      plan.warnings.push_back("transactions are open for long there: " + words_for(old));
    }
  }
  const auto facts = co_await facts_of(**session, locked_by(plan));
  if (facts) {
    note_facts(plan, *facts);
  }
}

// What is `known` is not parsed again; then that is what is in `planned`.
Result<void> Applier::parse(std::vector<PlannedMigration>& planned,
                            Scripts& known,
                            const std::stop_token& stop) const {
  Scripts scripts;
  std::vector<std::pair<Digest, PlannedMigration*>> unknown;
  std::vector<std::string_view> texts;
  std::size_t bytes = 0;
  for (auto& one : planned) {
    bytes += one.sql.text.size();
    const auto digest = sha256(one.sql.text);
    const auto at = known.find(digest);
    if (at == known.end()) {
      unknown.emplace_back(digest, &one);
      texts.emplace_back(one.sql.text);
    } else {
      one.script = at->second;
      scripts.insert(*at);
    }
  }
  auto answers = parser_.parse(texts, stop);
  for (std::size_t i = 0; i < unknown.size(); ++i) {
    auto& [digest, one] = unknown[i];
    if (!answers[i]) {
      return fail(one->file, answers[i].error());
    }
    one->script = std::move(*answers[i]);
    if (one->script.problems.empty()) {  // another time it may be done within its limits
      scripts.emplace(digest, one->script);
    }
  }
  known = bytes <= remembered_at_most ? std::move(scripts) : Scripts();
  return {};
}

// Files and what is in them, off the loop.
Awaitable<Result<std::vector<PlannedMigration>>> Applier::read(std::vector<Migration> migrations,
                                                               Attempt::Action action) {
  const auto* tool = find_tool(world_.app(ref_.app)->catalog.layout);
  const auto known = std::make_shared<Scripts>(std::move(scripts_));
  auto work = [this,
               tool,
               action,
               known,
               contents = world_.contents(ref_.app),
               migrations = std::move(migrations)](
                  const std::stop_token& stop) -> Result<std::vector<PlannedMigration>> {
    std::vector<PlannedMigration> planned;
    for (const auto& migration : migrations) {
      const auto file = file_for(migration, action);
      if (tool == nullptr) {
        return fail(Errc::invalid, "nobody knows whose files these are: see `layout:`");
      }
      auto bytes = contents(file);
      if (!bytes) {
        return fail(file.file, bytes.error());
      }
      auto script = tool->script(*bytes, action);
      if (!script) {
        return fail(file.file, script.error());
      }
      PlannedMigration one;
      one.key = migration.key;
      one.id = migration.id;
      one.kind = migration.kind;
      one.version_text = migration.version_text;
      one.file = file.file;
      one.content = file.content;
      one.bytes = std::move(*bytes);
      one.sql = std::move(*script);
      one.sql.outside_transaction |= migration.outside_transaction;
      planned.push_back(std::move(one));
    }
    if (auto parsed = parse(planned, *known, stop); !parsed) {
      return std::unexpected(parsed.error());
    }
    return planned;
  };
  auto planned = co_await workers_.run(std::move(work));
  scripts_ = std::move(*known);
  co_return planned;
}

Result<std::shared_ptr<Progress>> Applier::start(Plan plan, Selection selection, std::string by) {
  if (run_) {
    return fail(Errc::conflict,
                ref_.text() + " is being applied by " + run_->by() +
                    ": watch it with `tidemark apply " + ref_.text() + " --attach`");
  }
  auto environment = managed();
  if (!environment || !plan.hindrances.empty()) {
    return fail(
        Errc::conflict,
        plan.hindrances.empty() ? ref_.text() + " is not managed" : plan.hindrances.front().why);
  }
  scripts_.clear();
  auto progress = std::make_shared<Progress>(loop_);
  run_ = std::make_shared<Run>(loop_,
                               world_,
                               std::move(*environment),
                               settings_,
                               std::move(plan),
                               std::move(selection),
                               std::move(by),
                               progress,
                               former_);
  wakeup_.call();
  return progress;
}

Awaitable<void> Applier::stop(std::string by) {
  const auto running = progress();
  if (running) {
    run_->cancel(std::move(by));
    while (!running->ended()) {
      co_await wait_for(std::chrono::milliseconds{20});
    }
  }
}

Result<void> Applier::cancel(std::string by) {
  if (!run_) {
    return fail(Errc::conflict, "nothing is being applied to " + ref_.text());
  }
  run_->cancel(std::move(by));
  return {};
}

}  // namespace tidemark
