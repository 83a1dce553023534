#include <cstdlib>
#include <limits>

#include <doctest/doctest.h>

#include "adapters/store/ledger.h"
#include "tests/adapters/store/support.h"

using namespace tidemark;
using namespace tidemark::store_test;

namespace {

using enum Attempt::Outcome;

Change with(std::vector<Attempt> attempts) {
  auto made = change();
  made.attempts = std::move(attempts);
  return made;
}

TransactionMark mark(std::uint64_t xid = 771) {
  return {.xid = xid,
          .identity = {.system_identifier = "7300000000000000001",
                       .timeline = 4294967295,
                       .database_oid = 5,
                       .schema_oid = 4294967295},
          .server_started = at(-900),
          .flushed = std::numeric_limits<std::uint64_t>::max()};
}

std::vector<Attempt> attempts_of(Ledger& ledger) {
  return must(ledger.load(staging, at(9))).attempts;
}

// Refused as not what the caller believed, for this reason, and without a trace of anything that
// came with it.
void check_refused(Ledger& ledger, std::vector<Attempt> attempts, const std::string& words) {
  const auto before = must(ledger.load(staging, at(9)));
  const auto log = must(ledger.audit({}));
  auto whole = with(std::move(attempts));
  whole.records = {record("9")};
  whole.contents = {bytes_of("nine")};
  whole.freeze = Freeze{.by = "ana", .reason = "sale", .at = at(1), .until = std::nullopt};
  whole.audit = {event("apply.ended")};
  const auto refused = ledger.commit(whole);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::conflict);
  CHECK_MESSAGE(refused.error().detail.contains(words), refused.error().detail);
  CHECK_MESSAGE(refused.error().detail.contains("write down shop/staging: attempt "),
                refused.error().detail);
  CHECK(must(ledger.load(staging, at(9))) == before);
  CHECK(must(ledger.audit({})) == log);
  CHECK_FALSE(must(ledger.has_content(sha256("nine"))));
}

}  // namespace

TEST_CASE("an attempt comes back as it was written down, whatever is in it") {
  const Folder folder;
  std::vector<Attempt> all;
  for (const auto action : {Attempt::Action::apply, Attempt::Action::rollback}) {
    for (const auto outcome : {applied, not_applied, unknown}) {
      for (const bool transactional : {true, false}) {
        auto one = attempt("a" + std::to_string(all.size()), std::to_string(all.size()));
        one.action = action;
        one.transactional = transactional;
        one.unanalysed = outcome == applied;
        one.statements = 40;
        one.by = "\xff not utf-8 ' \"";
        if (transactional) {
          one.mark = mark(std::numeric_limits<std::uint64_t>::max());
        } else {
          one.journal = Journal{.done = 39,
                                .under_way = outcome == unknown,
                                .kind = "CREATE INDEX CONCURRENTLY",
                                .index = SqlObject{"index", "s", "\"i\"\xff", ""},
                                .text = sha256("text"),
                                .text_with_next = sha256("more")};
          one.makes = {"\"s\".\"t\"", "\xff"};
        }
        auto end = ended(one, outcome);
        end.no_op = transactional;
        if (outcome == applied) {
          end.differences = {{"table \"t\"", "column \xff is missing"},
                             {"index i", "it is invalid"}};
        }
        all.push_back(std::move(end));
      }
    }
  }
  auto bare = attempt("bare", "bare");
  auto nameless = attempt("nothing known of the server", "xid 0");
  nameless.mark.emplace();
  nameless.journal.emplace();
  all.push_back(ended(nameless, not_applied));
  all.push_back(bare);
  {
    auto ledger = opened(folder / "ledger.db").ledger;
    for (const auto& one : all) {
      auto begun = one;
      begun.outcome = open;
      begun.ended_at = {};
      begun.detail.clear();
      begun.no_op = false;
      begun.differences.clear();
      REQUIRE(ledger.commit(with({begun})));
      CHECK(attempts_of(ledger).back() == begun);
      if (one.outcome != open) {
        REQUIRE(ledger.commit(with({one})));
      }
    }
    CHECK(attempts_of(ledger) == all);
  }
  auto again = opened(folder / "ledger.db").ledger;
  CHECK(attempts_of(again) == all);
  CHECK(must(again.load(prod, at(9))).attempts.empty());
}

TEST_CASE("an attempt goes on from its intent over its mark or journal to its end") {
  const Folder folder;
  auto ledger = opened(folder / "ledger.db").ledger;
  auto one = attempt("a1");
  REQUIRE(ledger.commit(with({one})));
  one.mark = mark();
  REQUIRE(ledger.commit(with({one})));
  CHECK(attempts_of(ledger) == std::vector{one});
  one = ended(one, applied);
  auto end = with({one});
  end.records = {record("1")};
  REQUIRE(ledger.commit(end));
  CHECK(attempts_of(ledger) == std::vector{one});
  CHECK(must(ledger.load(staging, at(9))).records == end.records);

  auto slow = attempt("a2", "2");
  slow.transactional = false;
  slow.statements = 2;
  for (const std::size_t done : {0U, 1U}) {
    for (const bool under_way : {true, false}) {
      slow.journal = Journal{.done = done + (under_way ? 0 : 1), .under_way = under_way};
      REQUIRE(ledger.commit(with({slow})));
      CHECK(attempts_of(ledger).back() == slow);
    }
  }
}

TEST_CASE("a second open attempt in an environment is refused with the name of the first") {
  const Folder folder;
  auto ledger = opened(folder / "ledger.db").ledger;
  const auto first = attempt("a1");
  REQUIRE(ledger.commit(with({first})));
  check_refused(ledger, {attempt("a2", "2")}, "attempt a1 of V1__orders is open");
  check_refused(ledger,
                {attempt("a2", "2"), ended(first, applied)},
                "attempt a2 of V2__orders: attempt a1 of V1__orders is open");

  auto elsewhere = with({attempt("a3", "2")});
  elsewhere.environment = prod;
  CHECK(ledger.commit(elsewhere));
  CHECK(ledger.commit(with({ended(first, applied), attempt("a2", "2")})));
  CHECK(attempts_of(ledger).size() == 2);
}

TEST_CASE("an attempt that nobody wrote down the beginning of cannot end") {
  const Folder folder;
  auto ledger = opened(folder / "ledger.db").ledger;
  for (const auto outcome : {applied, not_applied, unknown}) {
    check_refused(ledger, {ended(attempt("a1"), outcome)}, "that it began was never written down");
  }
}

TEST_CASE("an attempt ends once, and only of an unknown end it can be said later what it was") {
  for (const auto first : {applied, not_applied, unknown}) {
    for (const auto second : {open, applied, not_applied, unknown}) {
      const Folder folder;
      auto ledger = opened(folder / "ledger.db").ledger;
      const auto begun = attempt("a1");
      REQUIRE(ledger.commit(with({begun, ended(begun, first)})));
      const auto later = second == open ? begun : ended(begun, second, 5);
      if (first == unknown && (second == applied || second == not_applied)) {
        CHECK(ledger.commit(with({later})));
        CHECK(attempts_of(ledger) == std::vector{later});
      } else {
        check_refused(ledger, {later}, "an attempt that ended is never changed");
      }
    }
  }
}

TEST_CASE("what an attempt set out to do does not change under its id") {
  const Folder folder;
  auto ledger = opened(folder / "ledger.db").ledger;
  const auto begun = attempt("a1");
  REQUIRE(ledger.commit(with({begun})));
  std::vector<Attempt> others(12, ended(begun, applied));
  others[0].key.value = "2";
  others[1].migration.value = "V2__orders";
  others[2].version_text = "2";
  others[3].action = Attempt::Action::rollback;
  others[4].content.raw = sha256("x");
  others[5].content.normalised = sha256("x");
  others[6].content.size = 99;
  others[7].statements = 2;
  others[8].transactional = false;
  others[9].unanalysed = true;
  others[10].by = "ben";
  others[11].makes = {"other"};
  others.push_back(ended(begun, applied));
  others.back().started_at = at(7);
  for (const auto& other : others) {
    check_refused(ledger, {other}, "set out to do something else");
  }

  auto elsewhere = with({ended(begun, applied)});
  elsewhere.environment = prod;
  const auto refused = ledger.commit(elsewhere);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::conflict);
  CHECK(attempts_of(ledger) == std::vector{begun});
}

TEST_CASE("an attempt that has a mark gets another one with its next try, and never none") {
  const Folder folder;
  auto ledger = opened(folder / "ledger.db").ledger;
  const auto begun = attempt("a1");
  auto marked = begun;
  marked.mark = mark();
  REQUIRE(ledger.commit(with({begun, marked})));
  auto without = marked;
  without.mark.reset();
  check_refused(ledger, {without}, "an attempt that may have been committed stays so");
  check_refused(
      ledger, {ended(without, not_applied)}, "an attempt that may have been committed stays so");
  marked.mark->xid = 772;
  CHECK(ledger.commit(with({marked})));
  CHECK(attempts_of(ledger) == std::vector{marked});
  CHECK(ledger.commit(with({ended(marked, applied)})));
}

TEST_CASE("what nobody has settled is remembered, and of what ended the newest of each migration") {
  const Folder folder;
  auto ledger = opened(folder / "ledger.db").ledger;
  const auto run = [&](const std::string& id, const std::string& key, Attempt::Outcome outcome) {
    auto begun = attempt(id, key);
    begun.started_at = at(-static_cast<int>(id.back()));  // a clock that was set back each time
    const auto end = ended(begun, outcome);
    REQUIRE(ledger.commit(with({begun, end})));
    return end;
  };
  run("a1", "1", not_applied);
  const auto second = run("a2", "1", applied);
  const auto lost = run("a3", "2", unknown);
  run("a4", "3", applied);
  const auto back = run("a5", "3", not_applied);
  const auto lost_again = run("a6", "2", unknown);
  auto elsewhere = with({attempt("b1", "1")});
  elsewhere.environment = prod;
  REQUIRE(ledger.commit(elsewhere));
  const auto now = attempt("a7", "1");
  REQUIRE(ledger.commit(with({now})));
  CHECK(attempts_of(ledger) == std::vector{second, lost, back, lost_again, now});

  const auto settled = ended(lost, not_applied, 8);
  REQUIRE(ledger.commit(with({settled})));
  CHECK(attempts_of(ledger) == std::vector{second, settled, back, lost_again, now});
}

TEST_CASE("pruning keeps the content of an attempt until it is settled") {
  const Folder folder;
  auto ledger = opened(folder / "ledger.db").ledger;
  const auto begun = attempt("a1", "1", "one");
  const auto prune = [&] {
    REQUIRE(ledger.prune(at(160), std::chrono::minutes{100}));
    return must(ledger.has_content(sha256("one")));
  };
  auto first = with({begun});
  first.contents = {bytes_of("one")};
  REQUIRE(ledger.commit(first));
  CHECK(prune());
  REQUIRE(ledger.commit(with({ended(begun, unknown)})));
  CHECK(prune());
  REQUIRE(ledger.commit(with({ended(begun, not_applied)})));
  CHECK_FALSE(prune());
}

TEST_CASE("attempts cannot be rewritten, doubled or deleted by any SQL of ours") {
  const Folder folder;
  const auto file = folder / "ledger.db";
  {
    auto ledger = opened(file).ledger;
    const auto begun = attempt("a1");
    REQUIRE(ledger.commit(with({begun, ended(begun, not_applied), attempt("a2", "2")})));
  }
  const auto refused = [&](const std::string& sql) {
    return std::system(
               ("sqlite3 '" + file.string() + "' \"" + sql + "\" >/dev/null 2>&1").c_str()) != 0;
  };
  if (std::system("sqlite3 -version >/dev/null 2>&1") != 0) {
    MESSAGE("skipped: there is no sqlite3 command here");
    return;
  }
  CHECK_FALSE(refused("SELECT count(*) FROM attempts"));
  CHECK(refused("DELETE FROM attempts"));
  CHECK(refused("UPDATE attempts SET outcome = 'applied' WHERE id = 'a1'"));
  CHECK(refused("UPDATE attempts SET detail = '' WHERE id = 'a1'"));
  CHECK(refused("UPDATE attempts SET sha256 = '' WHERE id = 'a2'"));
  CHECK(refused("UPDATE attempts SET outcome = 'applied' WHERE id = 'a2'"));  // without its time
  CHECK_FALSE(refused("UPDATE attempts SET detail = 'x' WHERE id = 'a2'"));
  const std::string insert_open_copy =
      "CREATE TEMP TABLE copy AS SELECT * FROM attempts WHERE id = 'a2';"
      "UPDATE copy SET seq = 9, id = 'a9', outcome = 'open', ended_at = NULL;"
      "INSERT INTO attempts SELECT * FROM copy";
  CHECK(refused(insert_open_copy));
  CHECK_FALSE(refused("UPDATE attempts SET outcome = 'unknown', ended_at = 1 WHERE id = 'a2'"));
  CHECK_FALSE(refused(insert_open_copy));
}

TEST_CASE("an attempt in the ledger that nobody can have written is damage and not a guess") {
  for (const std::string change : {"outcome = 'dreamt', ended_at = 1",
                                   "action = 'dreamt'",
                                   "mark_xid = '12x'",
                                   "mark_flushed = '18446744073709551616'",
                                   "mark_flushed = NULL",
                                   "sha256 = 'no hash'"}) {
    const Folder folder;
    auto ledger = opened(folder / "ledger.db").ledger;
    auto begun = attempt("a1");
    begun.mark = mark();
    REQUIRE(ledger.commit(with({begun})));
    meddle(folder / "ledger.db", "UPDATE attempts SET " + change);
    const auto state = ledger.load(staging, at(3));
    REQUIRE_FALSE_MESSAGE(state, change);
    CHECK(state.error().code == Errc::broken);
  }
}
