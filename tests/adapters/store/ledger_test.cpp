#include "adapters/store/ledger.h"

#include <doctest/doctest.h>

#include "tests/adapters/store/support.h"

using namespace tidemark;
using namespace tidemark::store_test;

namespace {

Observation sight(int minute) {
  Observation seen;
  seen.ledger = Observation::Ledger::read;
  seen.tool = "flyway";
  seen.table = "public.flyway_schema_history";
  seen.rows.resize(1);
  seen.rows[0].key.value = "1";
  seen.rows[0].version = Version::parse("1");
  seen.identity.system_identifier = "73";
  seen.as_of = at(minute);
  return seen;
}

Change everything() {
  auto all = change(2);
  all.records = {record("1", "one"), record("2", "two"), record("1", "one")};
  all.records[1].content.reset();
  all.records[1].applied = false;
  all.records[1].how = How::rolled_back;
  all.records[1].evidence = Evidence::executed;
  all.records[2].their_row = "17";
  all.records[2].their_checksum = "-99";
  all.contents = {bytes_of("one")};
  all.observation = sight(2);
  all.findings.opened = {finding(FindingKind::edited, "1")};
  all.flip = ModeFlip{.mode = Mode::managed, .by = "ana (uid 1000)", .reason = "we own it now"};
  all.last_mode = Mode::managed;
  all.identity =
      Identity{.system_identifier = "73", .timeline = 2, .database_oid = 3, .schema_oid = 4};
  all.history = History{.certain = false, .reason = "another timeline"};
  all.told = Told{.lag_at = at(1), .excess_privileges = "is superuser"};
  all.attempts = {attempt("a1", "3")};
  all.freeze = Freeze{.by = "ben", .reason = "quarter end", .at = at(1), .until = at(99)};
  all.audit = {event("mode.changed", 2)};
  return all;
}

}  // namespace

TEST_CASE("a new environment has nothing to remember and a certain history") {
  const Folder folder;
  auto ledger = opened(folder / "ledger.db").ledger;
  CHECK(must(ledger.load(staging, at(1))) == EnvironmentState{});
  CHECK(must(ledger.load(staging, at(2))) == EnvironmentState{});
}

TEST_CASE("everything that was committed is there after the ledger was closed and opened again") {
  const Folder folder;
  const auto all = everything();
  EnvironmentState before;
  {
    auto ledger = opened(folder / "ledger.db").ledger;
    const auto committed = ledger.commit(all);
    REQUIRE(committed);
    REQUIRE(committed->opened.size() == 1);
    before = ledger.load(staging, at(3)).value();
    CHECK(before.records == all.records);
    CHECK(before.observation == all.observation);
    CHECK(before.findings == committed->opened);
    CHECK(before.flip == all.flip);
    CHECK(before.last_mode == Mode::managed);
    CHECK(before.mode_since == at(2));
    CHECK(before.identity == all.identity);
    CHECK(before.history == all.history);
    CHECK(before.told == all.told);
    CHECK(before.attempts == all.attempts);
    CHECK(before.freeze == all.freeze);
  }
  auto again = opened(folder / "ledger.db");
  CHECK(again.restored.empty());
  CHECK(again.audit_problem.empty());
  CHECK(again.upgraded_from == 0);
  CHECK(must(again.ledger.load(staging, at(4))) == before);
  CHECK(must(again.ledger.load(prod, at(4))) == EnvironmentState{});
  CHECK(again.ledger.content(sha256("one")).value() == "one");
}

TEST_CASE("what a change leaves empty stays as it is") {
  const Folder folder;
  auto ledger = opened(folder / "ledger.db").ledger;
  REQUIRE(ledger.commit(everything()));
  const auto before = must(ledger.load(staging, at(3)));
  REQUIRE(ledger.commit(change(9)));
  CHECK(must(ledger.load(staging, at(10))) == before);
}

TEST_CASE("a mode lasts since it changed, not since it was last written") {
  const Folder folder;
  auto ledger = opened(folder / "ledger.db").ledger;
  auto next = change(1);
  next.last_mode = Mode::export_only;
  REQUIRE(ledger.commit(next));
  next.at = at(5);
  REQUIRE(ledger.commit(next));
  CHECK(ledger.load(staging, at(6))->mode_since == at(1));
  next.at = at(7);
  next.last_mode = Mode::managed;
  REQUIRE(ledger.commit(next));
  CHECK(ledger.load(staging, at(8))->mode_since == at(7));
}

TEST_CASE("a flipped mode can be taken back, and a history become certain again") {
  const Folder folder;
  auto ledger = opened(folder / "ledger.db").ledger;
  REQUIRE(ledger.commit(everything()));
  auto back = change(3);
  back.flip = ModeFlip{.mode = std::nullopt, .by = "ben", .reason = "enough"};
  back.history = History{};
  REQUIRE(ledger.commit(back));
  const auto state = must(ledger.load(staging, at(4)));
  CHECK(state.flip == *back.flip);
  CHECK(state.history == History{});
}

TEST_CASE(
    "only the newest observation of an environment is kept, and the same sight is only newer") {
  const Folder folder;
  auto ledger = opened(folder / "ledger.db").ledger;
  auto poll = change(1);
  for (const int minute : {1, 2, 3}) {
    poll.observation = sight(minute);
    REQUIRE(ledger.commit(poll));
    CHECK(ledger.load(staging, at(9))->observation == poll.observation);
  }
  poll.observation->rows.clear();
  REQUIRE(ledger.commit(poll));
  CHECK(ledger.load(staging, at(9))->observation == poll.observation);
  CHECK(meddle(folder / "ledger.db", "SELECT count(*) FROM observations") ==
        std::vector<std::string>{"1"});
}

TEST_CASE("a change of which one part fails changes nothing at all") {
  const Folder folder;
  auto ledger = opened(folder / "ledger.db").ledger;
  REQUIRE(ledger.commit(everything()));
  const auto before = must(ledger.load(staging, at(3)));
  const auto log = must(ledger.audit({}));
  auto half = everything();
  half.records = {record("9")};
  half.contents = {bytes_of("nine")};
  half.attempts = {ended(half.attempts[0], Attempt::Outcome::applied), attempt("a2", "9")};
  half.freeze = std::optional<Freeze>();
  const auto failed = ledger.commit(half);  // the finding is open already
  REQUIRE_FALSE(failed);
  CHECK(failed.error().code == Errc::conflict);
  CHECK(failed.error().detail.find("shop/staging") != std::string::npos);
  CHECK(must(ledger.load(staging, at(3))) == before);
  CHECK(must(ledger.audit({})) == log);
  CHECK(ledger.has_content(sha256("nine")).value() == false);
  CHECK(ledger.commit(change(5)));
}

TEST_CASE("changes of several environments are written together, or none of them") {
  const Folder folder;
  auto ledger = opened(folder / "ledger.db").ledger;
  auto first = everything();
  auto second = change(3);
  second.environment = prod;
  second.records = {record("1", "one")};
  second.audit = {event("mark.recorded", 3)};
  const auto committed = must(ledger.commit(std::vector{first, second}));
  REQUIRE(committed.size() == 2);
  CHECK(committed[0].opened.size() == 1);
  CHECK(committed[0].audit.size() == 2);
  REQUIRE(committed[1].audit.size() == 1);
  CHECK(committed[1].audit[0].event.what == "mark.recorded");
  CHECK(committed[1].audit[0].seq == committed[0].audit.back().seq + 1);
  CHECK(must(ledger.load(prod, at(4))).records == second.records);

  const auto log = must(ledger.audit({}));
  second.records = {record("2", "two")};
  const auto refused = ledger.commit(std::vector{second, first});  // its finding is open already
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::conflict);
  CHECK(refused.error().detail.contains("write down shop/staging"));
  CHECK(must(ledger.load(prod, at(4))).records.size() == 1);
  CHECK(must(ledger.audit({})) == log);
  CHECK(must(ledger.verify_audit()).ok);
}

TEST_CASE("a content is stored once, compressed, and checked when it is read") {
  const Folder folder;
  auto ledger = opened(folder / "ledger.db").ledger;
  const std::string text(200'000, 'x');
  auto two = change();
  two.contents = {bytes_of(text), bytes_of(text), bytes_of("")};
  REQUIRE(ledger.commit(two));
  REQUIRE(ledger.commit(two));
  CHECK(ledger.content(sha256(text)).value() == text);
  CHECK(ledger.content(sha256("")).value() == "");
  CHECK(ledger.content(sha256("never")).value() == std::nullopt);
  CHECK(meddle(folder / "ledger.db", "SELECT count(*) FROM contents").at(0) == "2");
  CHECK(std::stoi(
            meddle(folder / "ledger.db", "SELECT max(length(compressed)) FROM contents").at(0)) <
        2000);

  meddle(folder / "ledger.db",
         "UPDATE contents SET compressed = (SELECT compressed FROM contents WHERE size = 0)");
  CHECK(ledger.content(sha256(text)).error().code == Errc::broken);
}

TEST_CASE("a content that was exchanged for another of the same size is not taken for it") {
  const Folder folder;
  auto ledger = opened(folder / "ledger.db").ledger;
  auto two = change();
  two.contents = {bytes_of("one"), bytes_of("two")};
  REQUIRE(ledger.commit(two));
  meddle(folder / "ledger.db",
         "UPDATE contents SET compressed = (SELECT compressed FROM contents WHERE sha256 = '" +
             sha256("two").hex() + "')");
  CHECK(ledger.content(sha256("one")).error().code == Errc::broken);
  CHECK(must(ledger.content(sha256("two"))) == "two");
}

TEST_CASE("a content that is not what its hash says is refused") {
  const Folder folder;
  auto ledger = opened(folder / "ledger.db").ledger;
  auto changed_meanwhile = change();
  changed_meanwhile.contents = {{.digest = sha256("as hashed"), .bytes = "as read later"}};
  CHECK(ledger.commit(changed_meanwhile).error().code == Errc::conflict);
}

TEST_CASE("a content above the limit is recorded by its hash alone") {
  const Folder folder;
  auto ledger = opened(folder / "ledger.db").ledger;
  auto large = change();
  large.contents = {
      {.digest = sha256("stands for it"), .bytes = std::string(content_size_max + 1, '\0')}};
  large.records = {record("1")};
  REQUIRE(ledger.commit(large));
  CHECK(ledger.has_content(sha256("stands for it")).value() == false);
  CHECK(ledger.load(staging, at(2))->records == large.records);
}

TEST_CASE("a renamed environment keeps its history") {
  const Folder folder;
  auto ledger = opened(folder / "ledger.db").ledger;
  REQUIRE(ledger.commit(everything()));
  const auto before = must(ledger.load(staging, at(3)));
  CHECK(ledger.rename(staging, "stage2", at(4)).value());
  CHECK(must(ledger.load({.app = "shop", .name = "stage2"}, at(5))) == before);
  CHECK(ledger.audit({})->back().event.what == "environment.renamed");

  // The config still says renamed_from at the next start.
  CHECK_FALSE(ledger.rename(staging, "stage2", at(6)).value());
  CHECK_FALSE(ledger.rename({.app = "nobody", .name = "x"}, "y", at(6)).value());
  REQUIRE(ledger.load(prod, at(7)));
  CHECK(ledger.rename(prod, "stage2", at(8)).error().code == Errc::conflict);
}

TEST_CASE("a freeze can be prolonged, made to last until somebody says so, and ended") {
  const Folder folder;
  auto ledger = opened(folder / "ledger.db").ledger;
  auto next = change(1);
  const auto frozen = [&](std::optional<Freeze> freeze) {
    next.freeze = std::move(freeze);
    REQUIRE(ledger.commit(next));
    return must(ledger.load(staging, at(9))).freeze == *next.freeze;
  };
  CHECK(frozen(Freeze{.by = "ana", .reason = "sale", .at = at(1), .until = at(60)}));
  CHECK(frozen(Freeze{.by = "ben", .reason = "longer", .at = at(2), .until = std::nullopt}));
  CHECK(frozen(std::nullopt));
  CHECK(frozen(Freeze{.by = "", .reason = "", .at = {}, .until = std::nullopt}));
  CHECK_FALSE(must(ledger.load(prod, at(9))).freeze.has_value());
}

TEST_CASE("records and audit entries cannot be changed or deleted by any SQL of ours") {
  const Folder folder;
  {
    auto ledger = opened(folder / "ledger.db").ledger;
    REQUIRE(ledger.commit(everything()));
  }
  const auto refused = [&](const std::string& sql) {
    return std::system(
               ("sqlite3 '" + (folder / "ledger.db").string() + "' \"" + sql + "\" >/dev/null 2>&1")
                   .c_str()) != 0;
  };
  if (std::system("sqlite3 -version >/dev/null 2>&1") != 0) {
    MESSAGE("skipped: there is no sqlite3 command here");
    return;
  }
  CHECK_FALSE(refused("SELECT count(*) FROM audit"));
  CHECK(refused("DELETE FROM audit"));
  CHECK(refused("UPDATE audit SET actor = 'somebody else'"));
  CHECK(refused("DELETE FROM records"));
  CHECK(refused("UPDATE records SET applied = 0"));
}

TEST_CASE("pruning drops old resolved findings and contents nobody refers to, and nothing else") {
  const Folder folder;
  auto ledger = opened(folder / "ledger.db").ledger;
  REQUIRE(ledger.commit(everything()));
  auto more = change(3);
  more.contents = {bytes_of("only planned")};
  more.findings.opened = {finding(FindingKind::removed, "5"), finding(FindingKind::removed, "6")};
  const auto opened_now = ledger.commit(more);
  REQUIRE(opened_now);
  auto end = change(10);
  end.findings.resolved = {opened_now->opened[0]};
  REQUIRE(ledger.commit(end));
  end.at = at(100);
  end.findings.resolved = {opened_now->opened[1]};
  REQUIRE(ledger.commit(end));

  const auto log = must(ledger.audit({}));
  const auto state = must(ledger.load(staging, at(100)));
  CHECK(ledger.prune(at(160), std::chrono::minutes{100}).value() ==
        Pruned{.findings = 1, .contents = 1});
  CHECK(ledger.prune(at(160), std::chrono::minutes{100}).value() == Pruned{});
  CHECK(ledger.findings({.app = "", .environment = "", .include_resolved = true})->size() == 2);
  CHECK(ledger.has_content(sha256("one")).value());
  CHECK_FALSE(ledger.has_content(sha256("only planned")).value());
  CHECK(must(ledger.audit({})) == log);
  CHECK(must(ledger.load(staging, at(161))) == state);
}

TEST_CASE("a value in the ledger that nobody can have written is damage and not a guess") {
  const Folder folder;
  auto ledger = opened(folder / "ledger.db").ledger;
  REQUIRE(ledger.commit(everything()));
  meddle(folder / "ledger.db", "UPDATE records SET how = 'dreamt'");
  const auto state = ledger.load(staging, at(3));
  REQUIRE_FALSE(state);
  CHECK(state.error().code == Errc::broken);
  CHECK(state.error().detail.find("dreamt") != std::string::npos);
}
