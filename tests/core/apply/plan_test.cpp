#include "core/apply/plan.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "core/apply/steps.h"
#include "core/drift/compare.h"

using namespace tidemark;

namespace {

const TimePoint noon = *parse_time("2026-04-18T12:00:00Z");
const EnvironmentRef dev{"shop", "dev"};

Migration file(const std::string& version, const std::string& text = "SELECT 1") {
  Migration m;
  m.key = {version};
  m.id = {version + "_step"};
  m.version = Version::parse(version);
  m.version_text = version;
  m.file = m.id.value + ".sql";
  m.content = content_of(text);
  return m;
}

Migration with_rollback(Migration m) {
  m.rollback = Rollback{m.id.value + ".down.sql", content_of("DROP")};
  return m;
}

Record executed(const Migration& m) {
  Record r;
  r.key = m.key;
  r.id = m.id;
  r.version_text = m.version_text;
  r.how = How::managed;
  r.evidence = Evidence::executed;
  r.at = noon;
  r.recorded_at = noon;
  r.content = m.content;
  return r;
}

// A managed environment in which these are applied.
struct World {
  Catalog catalog;
  std::vector<Record> records;
  std::optional<Observation> observation = Observation{};
  std::vector<Attempt> attempts;
  Standing standing;

  World(std::vector<Migration> migrations, const std::vector<std::string>& applied) {
    catalog = {"own", std::move(migrations), {}, {}};
    for (const auto& key : applied) {
      records.push_back(executed(*catalog.find({key})));
    }
    look();
  }
  void look() {
    Policy policy{.mode = Mode::managed, .upstream = std::nullopt};
    policy.attempts = attempts;
    standing = compare(catalog, records, observation, policy);
  }
  Situation situation() const {
    Situation s;
    s.environment = dev;
    s.mode = Mode::managed;
    s.identity = Identity{"7301", 1, 16384, 0};
    s.observation = &*observation;
    s.standing = &standing;
    s.records = records;
    s.attempts = attempts;
    s.now = noon;
    return s;
  }
  Plan plan(Selection selection = {}) const {
    std::vector<PlannedMigration> planned;
    for (const auto* m : *select_to_apply(catalog, standing, dev, selection)) {
      PlannedMigration one;
      one.key = m->key;
      one.id = m->id;
      one.file = m->file;
      one.content = m->content;
      one.script.statements = {Statement{}};
      planned.push_back(one);
    }
    return make_plan(situation(), Attempt::Action::apply, std::move(planned), selection);
  }
};

std::vector<std::string> ids(const Result<std::vector<const Migration*>>& selected) {
  REQUIRE_MESSAGE(selected, selected.error().detail);
  std::vector<std::string> all;
  for (const auto* migration : *selected) {
    all.push_back(migration->key.value);
  }
  return all;
}

using Ids = std::vector<std::string>;

Attempt attempt_at(const std::string& key, Attempt::Outcome outcome) {
  Attempt attempt;
  attempt.id = "a";
  attempt.key = {key};
  attempt.migration = {key + "_step"};
  attempt.started_at = noon;
  attempt.outcome = outcome;
  attempt.detail = "it was lost";
  return attempt;
}

std::string only_hindrance(const Plan& plan) {
  REQUIRE(plan.hindrances.size() == 1);
  CHECK_FALSE(plan.hindrances.front().why.empty());
  return plan.hindrances.front().what;
}

}  // namespace

TEST_CASE("what is pending is applied in the order of the directory") {
  const World world({file("1"), file("2"), file("10")}, {"1"});
  CHECK(ids(select_to_apply(world.catalog, world.standing, dev, {})) == Ids{"2", "10"});
}

TEST_CASE("up to a migration means with it, and nothing after it") {
  const World world({file("1"), file("2"), file("3")}, {});
  Selection selection;
  selection.to = "2";
  CHECK(ids(select_to_apply(world.catalog, world.standing, dev, selection)) == Ids{"1", "2"});
}

TEST_CASE("only what is named is applied, whatever the order it is named in") {
  const World world({file("1"), file("2"), file("3")}, {});
  Selection selection;
  selection.only = {"3", "1_step"};
  CHECK(ids(select_to_apply(world.catalog, world.standing, dev, selection)) == Ids{"1", "3"});
}

TEST_CASE("what is not pending cannot be chosen, and the reason is told") {
  const World world({file("1"), file("2")}, {"1"});
  Selection selection;
  selection.only = {"1"};
  const auto applied = select_to_apply(world.catalog, world.standing, dev, selection);
  REQUIRE_FALSE(applied);
  CHECK(applied.error().code == Errc::conflict);
  CHECK(applied.error().detail == "1_step is applied in shop/dev already");
  selection.only = {"nonsense"};
  CHECK(select_to_apply(world.catalog, world.standing, dev, selection).error().code ==
        Errc::not_found);
}

TEST_CASE("a migration is not applied without what it comes after") {
  auto second = file("2");
  second.after = {Key{"1"}};
  const World world({file("1"), second}, {});
  Selection selection;
  selection.only = {"2"};
  CHECK(select_to_apply(world.catalog, world.standing, dev, selection).error().detail ==
        "2_step comes after 1_step, which is not applied: apply that too");
  selection.only = {"2", "1"};
  CHECK(ids(select_to_apply(world.catalog, world.standing, dev, selection)) == Ids{"1", "2"});
}

TEST_CASE("what failed is pending still, and is shown as failed until it is applied") {
  World world({file("1")}, {});
  world.attempts = {attempt_at("1", Attempt::Outcome::not_applied)};
  world.look();
  CHECK(world.standing.find({"1"})->cell.state == CellState::failed);
  CHECK(world.standing.find({"1"})->cell.reason == "it was lost");
  CHECK(ids(select_to_apply(world.catalog, world.standing, dev, {})) == Ids{"1"});
  world.records = {executed(world.catalog.migrations.front())};
  world.look();
  CHECK(world.standing.find({"1"})->cell.state == CellState::applied);
}

TEST_CASE("while an outcome is open or unknown, nothing is applied and the cell says so") {
  World world({file("1"), file("2")}, {});
  world.attempts = {attempt_at("1", Attempt::Outcome::open)};
  world.look();
  CHECK(world.standing.find({"1"})->cell.state == CellState::applying);
  CHECK(only_hindrance(world.plan()) == "outcome_open");
  world.attempts = {attempt_at("1", Attempt::Outcome::unknown)};
  world.look();
  CHECK(world.standing.find({"1"})->cell.state == CellState::unknown);
  const auto plan = world.plan();
  CHECK(only_hindrance(plan) == "outcome_unknown");
  CHECK(plan.hindrances.front().settle ==
        "tidemark resolve shop/dev 1_step (applied|not-applied) --reason …");
}

TEST_CASE("each thing that stands in the way of a plan is told with what settles it") {
  const World world({file("1")}, {});
  const auto plan_with = [&](auto change) {
    auto situation = world.situation();
    change(situation);
    return make_plan(situation, Attempt::Action::apply, {}, {});
  };
  CHECK(plan_with([](Situation&) {}).hindrances.empty());
  CHECK(only_hindrance(plan_with([](Situation& s) { s.mode = Mode::export_only; })) ==
        "not_managed");
  CHECK(only_hindrance(plan_with([](Situation& s) {
          s.history_certain = false;
          s.history_reason = "another server";
        })) == "history_uncertain");
  CHECK(only_hindrance(plan_with([](Situation& s) {
          s.freeze = Freeze{"ana", "sale", noon, std::nullopt};
        })) == "frozen");
  CHECK(plan_with([](Situation& s) {
          s.freeze = Freeze{"ana", "sale", noon, noon};
        }).hindrances.empty());
  CHECK(only_hindrance(plan_with([](Situation& s) { s.observation = nullptr; })) == "never_read");
  CHECK(only_hindrance(plan_with([](Situation& s) { s.problem = "twice"; })) == "problem");
  Observation standby;
  standby.standby = true;
  CHECK(only_hindrance(plan_with([&](Situation& s) { s.observation = &standby; })) == "standby");
  Observation at_work;
  at_work.at_work = "flyway";
  CHECK(only_hindrance(plan_with([&](Situation& s) { s.observation = &at_work; })) == "at_work");
}

TEST_CASE("SQL that the parser does not know is sent only when somebody insists") {
  const World world({file("1")}, {});
  PlannedMigration one;
  one.file = "1_step.sql";
  one.script.unanalysed = Unanalysed{{3, 7}, "syntax error", "MERGE"};
  const auto refused = make_plan(world.situation(), Attempt::Action::apply, {one}, {});
  CHECK(only_hindrance(refused) == "not_analysed");
  CHECK(refused.hindrances.front().why ==
        "1_step.sql:3:7: the parser does not know this: syntax error at or near \"MERGE\"");
  Selection insists;
  insists.unanalysed = true;
  CHECK(make_plan(world.situation(), Attempt::Action::apply, {one}, insists).hindrances.empty());
  one.sql.outside_transaction = true;
  CHECK(only_hindrance(make_plan(world.situation(), Attempt::Action::apply, {one}, insists)) ==
        "not_analysed");
}

TEST_CASE("a plan keeps its id until something that it rests on moves") {
  const World world({file("1"), file("2")}, {"1"});
  const auto id = world.plan().id;
  CHECK(World({file("1"), file("2")}, {"1"}).plan().id == id);
  CHECK(World({file("1"), file("2", "SELECT 2")}, {"1"}).plan().id != id);
  CHECK(World({file("1"), file("2"), file("3")}, {"1"}).plan().id != id);
  CHECK(World({file("1"), file("2")}, {}).plan().id != id);
  const auto changed = [&](auto change) {
    auto situation = world.situation();
    change(situation);
    return make_plan(situation, Attempt::Action::apply, world.plan().migrations, {}).id;
  };
  CHECK(changed([](Situation&) {}) == id);
  CHECK(changed([](Situation& s) { s.mode = Mode::reconcile_only; }) != id);
  CHECK(changed([](Situation& s) { s.identity->timeline = 2; }) != id);
  Observation seen;
  seen.rows.emplace_back().key = {"9"};
  CHECK(changed([&](Situation& s) { s.observation = &seen; }) != id);
}

TEST_CASE("what is rolled back goes from the newest to the oldest") {
  const World world({with_rollback(file("1")), with_rollback(file("2")), with_rollback(file("3"))},
                    {"1", "2", "3"});
  Selection back;
  back.to = "1";
  CHECK(ids(select_to_roll_back(world.catalog, world.standing, dev, back)) == Ids{"3", "2"});
  Selection only;
  only.only = {"1", "3"};
  CHECK(ids(select_to_roll_back(world.catalog, world.standing, dev, only)) == Ids{"3", "1"});
  CHECK(select_to_roll_back(world.catalog, world.standing, dev, {}).error().code == Errc::invalid);
}

TEST_CASE("nothing is rolled back that has no rollback, was edited, or is not applied") {
  World world({file("1"), with_rollback(file("2")), with_rollback(file("3"))}, {"1", "2"});
  const auto why_not = [&](const std::string& name) {
    Selection selection;
    selection.only = {name};
    const auto selected = select_to_roll_back(world.catalog, world.standing, dev, selection);
    REQUIRE_FALSE(selected);
    return selected.error().detail;
  };
  CHECK(why_not("1") == "1_step has no rollback file: nothing was run");
  CHECK(why_not("3") == "3_step is not applied in shop/dev: there is nothing to roll back");
  world.catalog.migrations[1].content = content_of("edited");
  world.look();
  CHECK(why_not("2") ==
        "2_step was edited after it was applied in shop/dev: its rollback may not undo what ran "
        "there");
}

namespace {

// A rollback that runs outside a transaction and has stopped behind its first statement.
Attempt half_a_rollback(const std::string& key) {
  auto attempt = attempt_at(key, Attempt::Outcome::not_applied);
  attempt.action = Attempt::Action::rollback;
  attempt.transactional = false;
  attempt.statements = 3;
  attempt.journal = Journal{};
  attempt.journal->done = 1;
  attempt.started_at = noon + std::chrono::minutes{1};
  return attempt;
}

}  // namespace

TEST_CASE("what is half rolled back is not applied again, and can be rolled back to its end") {
  World world({with_rollback(file("1")), file("2")}, {"1"});
  world.attempts = {half_a_rollback("1")};
  world.look();
  CHECK(ids(select_to_apply(world.catalog, world.standing, dev, {})) == Ids{"2"});
  Selection only;
  only.only = {"1"};
  const auto refused = select_to_apply(world.catalog, world.standing, dev, only);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().detail.find("tidemark rollback shop/dev --only 1_step") !=
        std::string::npos);
  CHECK(ids(select_to_roll_back(world.catalog, world.standing, dev, only)) == Ids{"1"});
}

TEST_CASE("a plan says how many statements are done, and refuses where those were edited") {
  World world({file("1")}, {});
  PlannedMigration one;
  one.key = {"1"};
  one.file = "1_step.sql";
  one.script.statements = {Statement{}, Statement{}};
  one.sql.outside_transaction = true;
  auto before = attempt_at("1", Attempt::Outcome::not_applied);
  before.journal = Journal{};
  before.journal->done = 1;
  before.journal->text = text_of_steps(one, 1);
  const auto id = make_plan(world.situation(), Attempt::Action::apply, {one}, {}).id;
  world.attempts = {before};
  const auto goes_on = make_plan(world.situation(), Attempt::Action::apply, {one}, {});
  CHECK(goes_on.hindrances.empty());
  CHECK(goes_on.migrations.front().done == 1);
  CHECK(goes_on.id != id);
  // As it began, also when the file does not ask for that any more.
  auto asks_no_more = one;
  asks_no_more.sql.outside_transaction = false;
  CHECK(make_plan(world.situation(), Attempt::Action::apply, {asks_no_more}, {}).id == goes_on.id);
  world.attempts.front().journal->done = 0;
  const auto anew = make_plan(world.situation(), Attempt::Action::apply, {asks_no_more}, {});
  CHECK(anew.migrations.front().transactional());
  CHECK(anew.id != id);
  world.attempts.front().journal->done = 1;
  world.attempts.front().journal->text = content_of("edited").raw;
  const auto edited = make_plan(world.situation(), Attempt::Action::apply, {one}, {});
  CHECK(only_hindrance(edited) == "edited_since");
  CHECK(edited.hindrances.front().why ==
        "1_step.sql: its first 1 statements ran already, outside a transaction, and were edited "
        "since");
}

TEST_CASE("of a rollback that nobody knows the outcome of, the plan says what is to be settled") {
  World world({file("1")}, {"1"});
  world.attempts = {attempt_at("1", Attempt::Outcome::unknown)};
  world.attempts.front().action = Attempt::Action::rollback;
  world.look();
  const auto plan = world.plan();
  CHECK(only_hindrance(plan) == "outcome_unknown");
  CHECK(plan.hindrances.front().why.starts_with("nobody knows what became of the rollback of 1_"));
  CHECK(plan.hindrances.front().settle ==
        "tidemark resolve shop/dev 1_step (applied|not-applied) --reason …, where `applied` says "
        "that it was rolled back, and `not-applied` that it was not");
}
