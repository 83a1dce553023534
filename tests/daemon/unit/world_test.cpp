#include "daemon/world.h"

#include <doctest/doctest.h>

#include "tests/daemon/unit/watched.h"

using namespace tidemark;
using namespace tidemark::unit_test;
using Found = std::multiset<std::string>;

namespace {

void flip(Watched& watched, const EnvironmentRef& ref, Mode mode) {
  const auto flipped = watched.run(watched.world().set_mode(ref, mode, "because", "ana (uid 1)"));
  REQUIRE_MESSAGE(flipped, (flipped ? "" : flipped.error().detail));
}

std::vector<AuditEntry> audit(Watched& watched) {
  auto entries = watched.ledger().audit(AuditFilter{});
  REQUIRE(entries);
  return std::move(*entries);
}

std::size_t audited(Watched& watched, std::string_view what) {
  const auto entries = audit(watched);
  return static_cast<std::size_t>(std::ranges::count_if(
      entries, [&](const AuditEntry& entry) { return entry.event.what == what; }));
}

Result<Marked> mark(Watched& watched, const EnvironmentRef& ref, std::string id) {
  MarkRequest request;
  request.migrations = {std::move(id)};
  request.reason = "ran it by hand";
  return watched.run(watched.world().mark(ref, std::move(request), "ana (uid 1)"));
}

// Of the version 1, in dev; nobody knows how it ended.
Attempt lost_attempt(Watched& watched) {
  watched.directory_has({file("1", "a")});
  watched.was_read(dev, seen({}));
  World::NextAttempt next;
  next.attempt.id = "a-1";
  next.attempt.key = {"1"};
  next.attempt.migration = {"V1__x"};
  next.attempt.version_text = "1";
  next.attempt.content = content_of("a");
  next.attempt.by = "bob (uid 2)";
  next.attempt.started_at = watched.now;
  next.content = std::make_shared<const ContentBytes>(ContentBytes{content_of("a").raw, "a"});
  const auto begun = watched.run(watched.world().begin_attempt(dev, next));
  REQUIRE_MESSAGE(begun, begun.error().detail);
  auto attempt = next.attempt;
  attempt.outcome = Attempt::Outcome::unknown;
  REQUIRE(watched.run(watched.world().end_attempt(dev, attempt, "")));
  return attempt;
}

}  // namespace

TEST_CASE("nothing is judged before the directory was read") {
  Watched watched;
  flip(watched, staging, Mode::reconcile_only);
  watched.was_read(staging, seen({applied("1", "a")}));
  CHECK(watched.findings(staging) == Found{});
  CHECK(watched.world().environment(staging)->standing.lines.empty());
  watched.directory_has({file("1", "a")});
  CHECK(watched.state(staging, "1") == CellState::applied);
}

TEST_CASE("marking before the directory was read says so instead of not knowing the migration") {
  Watched watched;
  const auto marked = mark(watched, prod, "V1__x");
  REQUIRE_FALSE(marked);
  CHECK(marked.error().code == Errc::retry);
  CHECK(marked.error().detail == "the directory of shop was not read yet");
}

TEST_CASE("a finding is the same after a restart, and not announced again") {
  Watched watched;
  flip(watched, staging, Mode::reconcile_only);
  watched.directory_has({file("1", "a")});
  watched.was_read(staging, seen({applied("1", "a")}));
  watched.directory_has({file("1", "b")});
  REQUIRE(watched.findings(staging) == Found{"edited 1"});
  watched.restart();
  watched.add_app(shop());
  CHECK(watched.findings(staging) == Found{"edited 1"});
  watched.directory_has({file("1", "b")});
  CHECK(watched.findings(staging) == Found{"edited 1"});
  CHECK(watched.events_of("finding.opened") == 0);
  CHECK(audited(watched, "finding.opened") == 1);
}

TEST_CASE("a finding is not resolved by a flip to a mode in which nothing was read yet") {
  Watched watched;
  watched.directory_has({file("1", "a")});
  REQUIRE(mark(watched, prod, "V1__x"));
  watched.directory_has({file("1", "b")});
  REQUIRE(watched.findings(prod) == Found{"edited 1"});
  flip(watched, prod, Mode::reconcile_only);
  CHECK(watched.state(prod, "1") == CellState::unknown);
  CHECK(watched.findings(prod) == Found{"edited 1"});
  CHECK(audited(watched, "finding.resolved") == 0);
}

TEST_CASE("what is kept of several files is read one file after the other") {
  Watched watched;
  watched.restart();
  std::vector<std::string> files_read;
  watched.add_app(shop(), [&files_read](const Migration& migration) -> Result<std::string> {
    files_read.push_back(migration.file);
    return "text of " + migration.key.value;
  });
  flip(watched, staging, Mode::reconcile_only);
  std::vector<Migration> migrations;
  std::vector<Row> rows;
  for (int i = 1; i <= 6; ++i) {
    const auto key = std::to_string(i);
    migrations.push_back(file(key, "text of " + key));
    migrations.back().file = i % 2 == 0 ? "even.sql" : "odd.sql";
    rows.push_back(applied(key, "text of " + key));
  }
  watched.directory_has(migrations);
  watched.was_read(staging, seen(rows));
  CHECK(files_read == std::vector<std::string>{
                          "even.sql", "even.sql", "even.sql", "odd.sql", "odd.sql", "odd.sql"});
  CHECK(*watched.ledger().has_content(sha256("text of 5")));
}

TEST_CASE("what is due moves on when the environment before it has it") {
  Watched watched;
  watched.directory_has({file("1", "a")});
  flip(watched, staging, Mode::reconcile_only);
  watched.was_read(staging, seen({}));
  CHECK(watched.state(staging, "1") == CellState::not_due);
  watched.was_read(dev, seen({applied("1", "a")}, {"9999", 1, 16384, 0}));
  CHECK(watched.state(staging, "1") == CellState::pending);
  CHECK(watched.state(prod, "1") == CellState::not_due);
  watched.was_read(staging, seen({applied("1", "a")}));
  CHECK(watched.state(prod, "1") == CellState::pending);
  watched.was_read(dev, seen({}, {"9999", 1, 16384, 0}));  // vanished there: not without drift
  CHECK(watched.state(dev, "1") == CellState::drifted);
  CHECK(watched.state(prod, "1") == CellState::pending);  // staging still has it
}

TEST_CASE("an environment that becomes managed adopts what its ledger says, for ever") {
  Watched watched;
  watched.directory_has({file("1", "a"), file("2", "b")});
  flip(watched, staging, Mode::reconcile_only);
  watched.was_read(staging, seen({applied("1", "a")}));
  flip(watched, staging, Mode::managed);
  CHECK(audited(watched, "ledger.adopted") == 1);
  Observation none = seen({});
  none.ledger = Observation::Ledger::none;
  watched.was_read(staging, none);
  CHECK(watched.state(staging, "1") == CellState::applied);
  CHECK(watched.findings(staging).empty());
}

TEST_CASE("what their tool applies in a managed environment is drift until it is adopted") {
  Watched watched;
  watched.directory_has({file("1", "a"), file("2", "b")});
  flip(watched, staging, Mode::reconcile_only);
  watched.was_read(staging, seen({applied("1", "a")}));
  flip(watched, staging, Mode::managed);
  watched.was_read(staging, seen({applied("1", "a"), applied("2", "b")}));
  CHECK(watched.findings(staging) == Found{"unrecorded 2"});
  const auto adopted = watched.run(watched.world().adopt(staging, "it was me", "ana (uid 1)"));
  REQUIRE(adopted);
  CHECK(*adopted == 1);
  CHECK(watched.findings(staging).empty());
  CHECK(*watched.run(watched.world().adopt(staging, "again", "ana (uid 1)")) == 0);
  watched.restart();
  watched.add_app(shop());
  watched.directory_has({file("1", "a"), file("2", "b")});
  CHECK(watched.findings(staging).empty());
}

TEST_CASE("what is uncertain is adopted when it is settled so") {
  Watched watched;
  watched.directory_has({file("1", "a")});
  flip(watched, staging, Mode::reconcile_only);
  REQUIRE(mark(watched, staging, "V1__x"));
  watched.was_read(staging, seen({applied("1", "a")}));
  watched.was_read(staging, seen({applied("1", "a")}, {"7301", 2, 16384, 0}));  // promoted
  REQUIRE_FALSE(watched.world().environment(staging)->history_certain);
  flip(watched, staging, Mode::managed);
  const auto before = audited(watched, "ledger.adopted");
  const auto settled = watched.run(
      watched.world().rebaseline(staging, World::As::adopt, "theirs is right", "ana (uid 1)"));
  REQUIRE(settled);
  CHECK(audited(watched, "ledger.adopted") == before + 1);
  CHECK(watched.findings(staging).empty());
}

TEST_CASE("where no files are a ledger that cannot be read is told, and read once it can be") {
  Watched watched;
  watched.directory_has({});
  flip(watched, staging, Mode::reconcile_only);
  Observation refused;
  refused.ledger = Observation::Ledger::unreadable;
  refused.tool = "rails";
  refused.trouble = "public.schema_migrations (rails) cannot be read by me: GRANT SELECT";
  LedgerShape shape;
  shape.tool = "rails";
  shape.looked = true;
  shape.layout = watched.world().layout("shop");
  [[maybe_unused]] const auto first =
      watched.run(watched.world().environment_read(staging, refused, LedgerShape(shape)));
  CHECK(watched.findings(staging).size() == 1);
  REQUIRE(watched.world().environment(staging)->observation);
  CHECK(watched.world().environment(staging)->observation->trouble == refused.trouble);
  [[maybe_unused]] const auto second =
      watched.run(watched.world().environment_read(staging, seen({applied("7", "x")}), shape));
  CHECK(watched.findings(staging) == Found{"foreign 7"});
}

TEST_CASE("what was seen before it was known whose files these are is not compared with them") {
  Watched watched;
  watched.directory_has({file("1", "a")});
  flip(watched, staging, Mode::reconcile_only);
  LedgerShape shape;
  shape.looked = true;
  shape.tool = "rails";
  shape.table = "public.schema_migrations";
  const auto early = watched.run(
      watched.world().environment_read(staging, seen({applied("7", "x")}), LedgerShape(shape)));
  CHECK(early);
  CHECK(watched.findings(staging).empty());
  shape.layout = watched.world().layout("shop");
  const auto late = watched.run(
      watched.world().environment_read(staging, seen({applied("7", "x")}), LedgerShape(shape)));
  CHECK(late);
  CHECK(watched.findings(staging) == Found{"foreign 7"});
}

TEST_CASE(
    "a ledger that could not be told before it was known whose files these are is no finding") {
  Watched watched;
  flip(watched, staging, Mode::reconcile_only);
  Observation ambiguous = seen({});
  ambiguous.ledger = Observation::Ledger::unreadable;
  ambiguous.trouble = "ambiguous";
  LedgerShape shape;
  shape.looked = true;
  const auto look = [&](const Observation& seen_now) {
    CHECK(watched.run(
        watched.world().environment_read(staging, Observation(seen_now), LedgerShape(shape))));
  };
  look(ambiguous);
  watched.directory_has({file("1", "a")});
  CHECK(watched.state(staging, "1") == CellState::unknown);
  shape.layout = watched.world().layout("shop");
  look(seen({applied("1", "a")}));
  CHECK(watched.state(staging, "1") == CellState::applied);
  watched.restart();
  watched.add_app(shop());
  shape.layout.clear();
  look(ambiguous);
  watched.directory_has({file("1", "a")});
  CHECK(watched.state(staging, "1") == CellState::applied);
  CHECK(audited(watched, "finding.opened") == 0);
  shape.layout = watched.world().layout("shop");
  look(ambiguous);
  CHECK(watched.findings(staging).size() == 1);
  CHECK(audited(watched, "finding.opened") == 1);
}

TEST_CASE("a ledger that cannot be told is told where the directory cannot be read") {
  Watched watched;
  flip(watched, staging, Mode::reconcile_only);
  watched.directory_has({file("1", "a")});
  watched.was_read(staging, seen({applied("1", "a")}));
  watched.restart();
  watched.add_app(shop());
  watched.run(watched.world().directory_failed("shop", {Errc::not_found, "it is not there"}));
  Observation ambiguous = seen({});
  ambiguous.ledger = Observation::Ledger::unreadable;
  ambiguous.trouble = "ambiguous";
  watched.was_read(staging, ambiguous);
  const auto& told = *watched.world().environment(staging);
  CHECK(told.reachable());
  CHECK(told.observation->trouble == "ambiguous");
  CHECK(told.observation->rows.size() == 1);
}

TEST_CASE("files that are gone say nothing of whose ledger it was") {
  Watched watched;
  flip(watched, staging, Mode::reconcile_only);
  watched.directory_has({file("1", "a")});
  LedgerShape shape;
  shape.looked = true;
  shape.tool = shape.layout = watched.world().layout("shop");
  CHECK(watched.run(
      watched.world().environment_read(staging, seen({applied("1", "a")}), LedgerShape(shape))));
  watched.directory_has({});
  CHECK(watched.world().environment(staging)->observation.has_value());
}

TEST_CASE("only where tidemark applies is a ledger adopted") {
  Watched watched;
  watched.directory_has({file("1", "a")});
  flip(watched, staging, Mode::reconcile_only);
  watched.was_read(staging, seen({applied("1", "a")}));
  const auto adopted = watched.run(watched.world().adopt(staging, "", "ana (uid 1)"));
  REQUIRE_FALSE(adopted);
  CHECK(adopted.error().code == Errc::conflict);
  CHECK(adopted.error().detail.starts_with("shop/staging is reconcile_only: "));
}

TEST_CASE("a standby, which tells no timeline, is not written down again at each look") {
  Watched watched;
  watched.directory_has({});
  flip(watched, staging, Mode::reconcile_only);
  watched.was_read(staging, seen({}, {"7301", 5, 16384, 0}));
  const auto remembered = watched.world().environment(staging)->identity;
  watched.was_read(staging, seen({}, {"7301", 0, 16384, 0}));
  CHECK(watched.world().environment(staging)->identity == remembered);
  watched.disk_full(true);
  watched.was_read(staging, seen({}, {"7301", 0, 16384, 0}));
  CHECK(watched.world().ledger_trouble() == "");  // nothing was to be written
}

TEST_CASE("a promoted standby makes uncertain what rests on our word alone") {
  Watched watched;
  watched.directory_has({file("1", "a")});
  flip(watched, staging, Mode::reconcile_only);
  Observation none = seen({}, {"7301", 5, 16384, 0});
  none.ledger = Observation::Ledger::none;
  watched.was_read(staging, none);
  REQUIRE(mark(watched, staging, "V1__x"));
  CHECK(watched.state(staging, "1") == CellState::applied);
  none.identity.timeline = 6;
  watched.was_read(staging, none);
  CHECK(watched.state(staging, "1") == CellState::unknown);
  CHECK(watched.events_of("environment.changed") == 1);
  const auto kept = watched.run(
      watched.world().rebaseline(staging, World::As::keep, "we promoted it", "ana (uid 1)"));
  REQUIRE(kept);
  CHECK(watched.state(staging, "1") == CellState::applied);
}

TEST_CASE("a schema loaded into a new database is no copy of the ledger of the one before") {
  Watched watched;
  flip(watched, staging, Mode::reconcile_only);
  const auto by = [](const std::string& version, const std::string& transaction) {
    Row row = applied(version, "");
    row.checksum.reset();
    row.token = transaction;
    return row;
  };
  watched.directory_has({file("1", "a"), file("2", "b")});
  watched.was_read(staging, seen({by("1", "700"), by("2", "701")}));
  watched.directory_has({file("1", "edited"), file("2", "b")});
  REQUIRE(watched.findings(staging) == Found{"edited 1"});
  const std::vector<Row> loaded{by("1", "900"), by("2", "900")};
  SUBCASE("a copy in the same database") {
    watched.was_read(staging, seen(loaded));
    CHECK(watched.findings(staging) == Found{"edited 1"});
  }
  SUBCASE("a database that moved to another server") {
    watched.was_read(staging, seen(loaded, {"8400", 1, 20000, 0}));
    CHECK(watched.findings(staging) == Found{"edited 1"});
  }
  SUBCASE("a new database") {
    watched.was_read(staging, seen(loaded, {"7301", 1, 20000, 0}));
    CHECK(watched.findings(staging) == Found{});
  }
  SUBCASE("a new database that could not be read at first, and is edited and copied later") {
    Observation busy = seen({}, {"7301", 1, 20000, 0});
    busy.at_work = "pid 7";
    watched.was_read(staging, busy);
    CHECK(watched.findings(staging) == Found{"edited 1"});
    watched.was_read(staging, seen(loaded, {"7301", 1, 20000, 0}));
    CHECK(watched.findings(staging) == Found{});
    watched.directory_has({file("1", "edited again"), file("2", "b")});
    watched.was_read(staging, seen({by("1", "950"), by("2", "950")}, {"7301", 1, 20000, 0}));
    CHECK(watched.findings(staging) == Found{"edited 1"});
  }
}

TEST_CASE("what a person decides is not undone by what could not be written before") {
  Watched watched;
  watched.directory_has({file("1", "a")});
  flip(watched, staging, Mode::reconcile_only);
  Observation none = seen({}, {"7301", 5, 16384, 0});
  none.ledger = Observation::Ledger::none;
  watched.was_read(staging, none);
  REQUIRE(mark(watched, staging, "V1__x"));
  none.identity.timeline = 6;
  watched.disk_full(true);
  watched.was_read(staging, none);  // the history is uncertain, and that cannot be written
  REQUIRE_FALSE(watched.world().environment(staging)->history_certain);
  REQUIRE(watched.world().ledger_trouble() != "");
  watched.disk_full(false);
  REQUIRE(watched.run(
      watched.world().rebaseline(staging, World::As::keep, "we promoted it", "ana (uid 1)")));
  watched.run(watched.world().catch_up());
  watched.restart();
  watched.add_app(shop());
  CHECK(watched.world().environment(staging)->history_certain);
  CHECK(audited(watched, "environment.changed") == 1);
}

TEST_CASE("drift that could not be written down is found again when it can") {
  Watched watched;
  watched.directory_has({file("1", "a")});
  REQUIRE(mark(watched, prod, "V1__x"));
  watched.disk_full(true);
  watched.directory_has({file("1", "b")});
  CHECK(watched.findings(prod) == Found{});
  CHECK(watched.world().ledger_trouble() != "");
  watched.disk_full(false);
  watched.run(watched.world().catch_up());
  CHECK(watched.findings(prod) == Found{"edited 1"});
  CHECK(watched.world().ledger_trouble() == "");
}

TEST_CASE("two environments of an app that turn out to be one database are told") {
  Watched watched;
  watched.directory_has({});
  flip(watched, staging, Mode::reconcile_only);
  watched.was_read(dev, seen({}));
  watched.was_read(staging, seen({}));
  CHECK(watched.world().environment(staging)->problem ==
        "is the same database as shop/dev: two environments of one app cannot share one");
  flip(watched, staging, Mode::export_only);
  CHECK(watched.world().environment(staging)->problem == "");
}

TEST_CASE("many findings that end at once are all gone, and those that stay are up to date") {
  Watched watched;
  flip(watched, staging, Mode::reconcile_only);
  std::vector<Migration> files;
  std::vector<Row> rows;
  for (int i = 1; i <= 50; ++i) {
    files.push_back(file(std::to_string(i), "a"));
    rows.push_back(applied(std::to_string(i), "a"));
  }
  watched.directory_has(files);
  watched.was_read(staging, seen(rows));
  watched.directory_has({});
  CHECK(watched.findings(staging).size() == 50);
  files.back() = file("50", "b");
  watched.directory_has(files);
  CHECK(watched.findings(staging) == Found{"edited 50"});
  files.back() = file("50", "c");
  watched.directory_has(files);
  const auto& finding = watched.world().environment(staging)->findings.front();
  CHECK(finding.finding.details.at("file_sha256") == content_of("c").raw.hex());
}

TEST_CASE("an app that cannot be remembered leaves nothing on the metrics page") {
  Watched watched;
  AppSettings other = shop();
  other.name = "other";
  watched.add_app(other);
  watched.run(watched.world().remove_app("other"));
  other.environments[1].name = "qa";
  other.environments[1].renamed_from = "dev";
  other.environments[0].renamed_from = "prod";  // both have a history
  const auto added = watched.run(watched.world().add_app(other, ContentReader{}));
  REQUIRE_FALSE(added);
  CHECK(watched.page().find("other") == std::string::npos);
}

namespace {

// Applied in dev and staging, pending in prod, since the clock's first hour.
void make_wait(Watched& watched) {
  watched.directory_has({file("1", "a")});
  flip(watched, staging, Mode::reconcile_only);
  watched.was_read(dev, seen({applied("1", "a")}, {"9999", 1, 16384, 0}));
  watched.was_read(staging, seen({applied("1", "a")}));
  REQUIRE(watched.state(prod, "1") == CellState::pending);
}

void hours_pass(Watched& watched, int hours) {
  watched.now += std::chrono::hours{hours};
  watched.run(watched.world().catch_up());
}

}  // namespace

TEST_CASE("what waits too long is told once, also over a restart, and told when it is over") {
  Watched watched;
  make_wait(watched);
  hours_pass(watched, 24);
  CHECK(watched.events_of("lag.opened") == 0);
  hours_pass(watched, 1);
  hours_pass(watched, 1);
  CHECK(watched.events_of("lag.opened") == 1);
  watched.restart();
  watched.add_app(shop());
  watched.directory_has({file("1", "a")});
  CHECK(watched.world().environment(prod)->lag(watched.instant()) == std::chrono::hours{26});
  CHECK(watched.events_of("lag.opened") == 0);
  CHECK(watched.events_of("lag.resolved") == 0);
  CHECK(audited(watched, "lag.opened") == 1);
  REQUIRE(mark(watched, prod, "V1__x"));
  CHECK(watched.events_of("lag.resolved") == 1);
  CHECK(audited(watched, "lag.resolved") == 1);
  CHECK(watched.world().environment(prod)->lag(watched.instant()) == std::chrono::hours{0});
}

TEST_CASE("a lag that cannot be written down is told when it can") {
  Watched watched;
  make_wait(watched);
  watched.disk_full(true);
  hours_pass(watched, 25);
  CHECK(watched.events_of("lag.opened") == 0);
  watched.disk_full(false);
  hours_pass(watched, 1);
  CHECK(watched.events_of("lag.opened") == 1);
  CHECK(audited(watched, "lag.opened") == 1);
}

TEST_CASE("while nobody can look at a database its lag does not grow") {
  Watched watched;
  watched.directory_has({file("1", "a")});
  flip(watched, staging, Mode::reconcile_only);
  watched.was_read(staging, seen({}));
  watched.was_read(dev, seen({applied("1", "a")}, {"9999", 1, 16384, 0}));
  REQUIRE(watched.state(staging, "1") == CellState::pending);
  hours_pass(watched, 30);
  CHECK(watched.world().environment(staging)->lag(watched.instant()) == std::chrono::hours{0});
  CHECK(watched.events_of("lag.opened") == 0);
  auto again = seen({});
  again.as_of = watched.now;
  watched.was_read(staging, again);
  CHECK(watched.world().environment(staging)->lag(watched.instant()) == std::chrono::hours{30});
  CHECK(watched.events_of("lag.opened") == 1);
}

TEST_CASE("a credential that could write is audited when that changes, not at each connect") {
  Watched watched;
  const auto connect = [&](const std::string& can) {
    watched.run(watched.world().credential_seen(dev, can));
    watched.was_read(dev, seen({}));
  };
  connect("");
  CHECK(audited(watched, "credential.overprivileged") == 0);
  connect("is superuser");
  connect("is superuser");
  watched.restart();
  watched.add_app(shop());
  connect("is superuser");
  CHECK(audited(watched, "credential.overprivileged") == 1);
  connect("");
  connect("");
  CHECK(audited(watched, "credential.reduced") == 1);
  CHECK(watched.world().environment(dev)->told.excess_privileges == "");
}

TEST_CASE("whoever settles an unknown outcome is its actor, and needs no file to do so") {
  Watched watched;
  lost_attempt(watched);
  watched.directory_has({});  // another branch
  REQUIRE(watched.state(dev, "1") == CellState::unknown);
  const auto resolved =
      watched.run(watched.world().resolve(dev, "V1__x", true, "the table is there", "ana (uid 1)"));
  REQUIRE_MESSAGE(resolved, resolved.error().detail);
  const auto entries = audit(watched);
  const auto at = std::ranges::find_if(
      entries, [](const AuditEntry& entry) { return entry.event.what == "apply.resolved"; });
  REQUIRE(at != entries.end());
  CHECK(at->event.actor == "ana (uid 1)");
  CHECK(at->event.details.at("begun_by") == "bob (uid 2)");
  CHECK(watched.findings(dev) == Found{"removed 1"});
}

TEST_CASE("an apply that failed before there was an attempt is counted, and told once") {
  Watched watched;
  watched.directory_has({file("1", "a")});
  World::ApplyInVain failed{{"V1__x"}, Attempt::Action::apply, "tidemark", "refused", true};
  watched.run(watched.world().failed_to_apply(dev, failed));
  failed.is_news = false;
  watched.run(watched.world().failed_to_apply(dev, failed));
  CHECK(audited(watched, "apply.finished") == 1);
  CHECK(watched.events_of("apply.finished") == 1);
  CHECK(watched.page().find(
            "tidemark_applies_total{app=\"shop\",environment=\"dev\",outcome=\"failed\"} 2") !=
        std::string::npos);
  CHECK(watched.page().find("tidemark_apply_duration_seconds_count 0\n") != std::string::npos);
}

TEST_CASE("whether a mode can be set is known before anything is done for it") {
  Watched watched;
  CHECK(watched.world().may_set_mode(staging, Mode::reconcile_only));
  CHECK(watched.world().may_set_mode(staging, Mode::export_only).error().code == Errc::conflict);
  CHECK(watched.world().may_set_mode(dev, Mode::reconcile_only).error().detail.find("pins") !=
        std::string::npos);
}
