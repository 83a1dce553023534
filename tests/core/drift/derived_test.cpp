// Ledgers that say more than their rows: a mark stands for what is below it, a head for what comes
// before it, a squashed migration for what it replaces.

#include <doctest/doctest.h>

#include "core/drift/compare.h"

using namespace tidemark;

namespace {

const TimePoint now = *parse_time("2026-04-18T12:00:00Z");
const Policy all_due{.mode = Mode::reconcile_only, .upstream = std::nullopt};

Migration file(const std::string& version, const std::string& text = "") {
  Migration m;
  m.key = {version};
  m.id = {version + "_name"};
  m.version = Version::parse(version);
  m.version_text = version;
  m.file = m.id.value + ".sql";
  m.content = content_of(text);
  m.checksums.complete = false;
  return m;
}

Migration after(Migration m, std::vector<Key> keys) {
  m.after = std::move(keys);
  return m;
}

Migration replacing(Migration m, std::vector<Key> keys) {
  m.replaces = std::move(keys);
  return m;
}

Migration of(const std::string& group, Migration m) {
  m.group = group;
  m.key.value = group + "." + m.key.value;
  return m;
}

Row row(const std::string& key, const std::string& token = "") {
  Row r;
  r.key = {key};
  r.id = {key};
  r.version = Version::parse(key);
  r.version_text = key;
  r.token = token.empty() ? "row " + key : token;
  return r;
}

Row mark(const std::string& version, Row::State state = Row::State::applied) {
  Row r = row(version, "mark");
  r.reach = Row::Reach::up_to;
  r.state = state;
  return r;
}

Row head(const std::string& key) {
  Row r = row(key, "head");
  r.reach = Row::Reach::ancestors;
  return r;
}

Row of(const std::string& group, Row r) {
  r.group = group;
  r.key.value = group + "." + r.key.value;
  return r;
}

// One environment over several polls, as the daemon keeps it: records, and the findings that are
// open.
class Watched {
 public:
  LayoutRules rules;
  UnreadFiles unread;
  std::chrono::minutes step{1};  // that the clock makes between two polls

  Standing poll(std::vector<Migration> files, std::vector<Row> rows) {
    Catalog catalog{.layout = "any", .migrations = std::move(files), .problems = {}};
    catalog.rules = rules;
    catalog.unread = unread;
    Observation seen;
    seen.ledger = Observation::Ledger::read;
    seen.rows = std::move(rows);
    now_ += step;
    for (auto& record : learn(catalog, records_, seen, open_, now_)) {
      records_.push_back(std::move(record));
    }
    Standing standing = compare(catalog, records_, seen, all_due);
    note(changes(open_, standing, now_));
    return standing;
  }
  std::size_t records() const { return records_.size(); }

 private:
  void note(const FindingChanges& changed) {
    for (const auto& over : changed.resolved) {
      std::erase_if(open_, [&](const auto& stored) { return stored.finding == over.finding; });
    }
    for (const auto& finding : changed.opened) {
      open_.push_back(
          {.id = "", .finding = finding, .opened_at = now_, .resolved_at = {}, .acknowledged = {}});
    }
  }

  TimePoint now_ = now;
  std::vector<Record> records_;
  std::vector<StoredFinding> open_;
};

// "1 applied; 2 pending": and the reason, where there is one.
std::string cells(const Standing& standing) {
  std::string text;
  for (const auto& line : standing.lines) {
    text += (text.empty() ? "" : "; ") + line.key.value + " " +
            std::string(to_string(line.cell.state)) +
            (line.cell.reason.empty() ? "" : " " + line.cell.reason);
  }
  return text;
}

std::string findings(const Standing& standing) {
  std::string text;
  for (const auto& finding : standing.findings) {
    text +=
        (text.empty() ? "" : "; ") + std::string(to_string(finding.kind)) + " " + finding.key.value;
  }
  return text;
}

}  // namespace

TEST_CASE("a mark stands for every file up to it") {
  Watched watched;
  const auto standing = watched.poll({file("1"), file("2"), file("3")}, {mark("2")});
  CHECK(cells(standing) == "1 applied; 2 applied; 3 pending");
  CHECK(findings(standing).empty());
}

TEST_CASE("a mark that moves on says nothing new of what is below it") {
  Watched watched;
  watched.poll({file("1", "a"), file("2", "b")}, {mark("1")});
  const auto standing = watched.poll({file("1", "edited"), file("2", "b")}, {mark("2")});
  CHECK(findings(standing) == "edited 1");
}

TEST_CASE("a file that comes late, below a mark that was seen before, was skipped") {
  Watched watched;
  CHECK(cells(watched.poll({file("1"), file("3")}, {mark("3")})) == "1 applied; 3 applied");
  CHECK(cells(watched.poll({file("1"), file("2"), file("3")}, {mark("3")})) ==
        "1 applied; 2 not_due skipped; 3 applied");
  CHECK(cells(watched.poll({file("1"), file("2"), file("3"), file("4")}, {mark("4")})) ==
        "1 applied; 2 not_due skipped; 3 applied; 4 applied");
}

TEST_CASE("a dirty mark is certain of what is below it, and of nothing else") {
  Watched watched;
  const auto standing =
      watched.poll({file("1"), file("2"), file("3")}, {mark("2", Row::State::failed)});
  CHECK(cells(standing) == "1 applied; 2 drifted; 3 pending");
  CHECK(findings(standing) == "dirty 2");
}

TEST_CASE("a mark that no file has is foreign, and what is below it is applied all the same") {
  Watched watched;
  const auto standing = watched.poll({file("1"), file("2")}, {mark("7")});
  CHECK(cells(standing) == "1 applied; 2 applied; 7 drifted");
  CHECK(findings(standing) == "foreign 7");
}

TEST_CASE("what was taken back, edited and applied again is not edited") {
  Watched watched;
  watched.poll({file("1", "a"), file("2", "b")}, {mark("2")});
  CHECK(findings(watched.poll({file("1", "a"), file("2", "b")}, {mark("1")})) == "vanished 2");
  CHECK(findings(watched.poll({file("1", "a"), file("2", "better")}, {mark("1")})) == "vanished 2");
  const auto standing = watched.poll({file("1", "a"), file("2", "better")}, {mark("2")});
  CHECK(findings(standing).empty());
  CHECK(findings(watched.poll({file("1", "a"), file("2", "worse")}, {mark("2")})) == "edited 2");
}

TEST_CASE("what is back is learnt once, also when nobody can read its file") {
  Watched watched;
  watched.poll({file("1"), file("2")}, {row("1"), row("2")});
  CHECK(findings(watched.poll({file("1"), file("2")}, {row("1")})) == "vanished 2");
  watched.unread.keys = {{"2"}};
  CHECK(cells(watched.poll({file("1")}, {row("1"), row("2")})) ==
        "1 applied; 2 unknown file_unread");
  const auto learnt = watched.records();
  watched.poll({file("1")}, {row("1"), row("2")});
  CHECK(watched.records() == learnt);
}

TEST_CASE("what was taken back and applied again is known as such, however the clock is set") {
  Watched watched;
  watched.poll({file("1", "a"), file("2", "b")}, {mark("2")});
  SUBCASE("back, before it was missed") {
    watched.step = -std::chrono::hours(3);
    CHECK(findings(watched.poll({file("1", "a"), file("2", "b")}, {mark("1")})) == "vanished 2");
    watched.step = std::chrono::minutes(1);
    CHECK(findings(watched.poll({file("1", "a"), file("2", "new")}, {mark("2")})).empty());
  }
  SUBCASE("back, before it was learnt again and its file cannot be read") {
    CHECK(findings(watched.poll({file("1", "a"), file("2", "b")}, {mark("1")})) == "vanished 2");
    watched.step = -std::chrono::hours(3);
    watched.unread.keys = {{"2"}};
    watched.poll({file("1", "a")}, {mark("2")});
    const auto learnt = watched.records();
    watched.step = std::chrono::minutes(1);
    watched.poll({file("1", "a")}, {mark("2")});
    CHECK(watched.records() == learnt);
  }
}

TEST_CASE("a head stands for all that comes before it, on every branch that leads to it") {
  Watched watched;
  watched.rules.ordered = false;
  const std::vector<Migration> files{file("a"),
                                     after(file("b"), {{"a"}}),
                                     after(file("c"), {{"a"}}),
                                     after(file("merge"), {{"b"}, {"c"}}),
                                     after(file("d"), {{"merge"}}),
                                     file("other")};
  CHECK(cells(watched.poll(files, {head("merge")})) ==
        "a applied; b applied; c applied; merge applied; d pending; other pending");
  CHECK(cells(watched.poll(files, {head("merge"), head("other")})) ==
        "a applied; b applied; c applied; merge applied; d pending; other applied");
}

TEST_CASE("a head that the files do not know leaves open what else is applied") {
  Watched watched;
  watched.rules.ordered = false;
  const std::vector<Migration> files{file("a"), after(file("b"), {{"a"}})};
  watched.poll(files, {head("a")});
  const auto standing = watched.poll(files, {head("x")});
  CHECK(cells(standing) == "a applied; b unknown ahead_of_files; x drifted");
  CHECK(findings(standing) == "foreign x");
}

TEST_CASE("a circle of files that come before each other ends") {
  Watched watched;
  watched.rules.ordered = false;
  const auto standing =
      watched.poll({after(file("a"), {{"b"}}), after(file("b"), {{"a"}})}, {head("a")});
  CHECK(cells(standing) == "a applied; b applied");
}

TEST_CASE("a squashed migration is applied once all that it replaces is") {
  Watched watched;
  watched.rules.ordered = false;
  const auto squash = replacing(file("s"), {{"1"}, {"2"}});
  CHECK(cells(watched.poll({file("1"), file("2"), squash}, {row("1"), row("2")})) ==
        "1 applied; 2 applied; s applied");
  // Its tool writes it down at its next run, and later the old files go.
  CHECK(findings(watched.poll({squash}, {row("1"), row("2"), row("s")})).empty());
}

TEST_CASE("on a new database the squashed migration runs, and not what it replaces") {
  Watched watched;
  watched.rules.ordered = false;
  const auto squash = replacing(file("s"), {{"1"}, {"2"}});
  CHECK(cells(watched.poll({file("1"), file("2"), squash}, {})) ==
        "1 not_due replaced; 2 not_due replaced; s pending");
  CHECK(cells(watched.poll({file("1"), file("2"), squash}, {row("s")})) ==
        "1 not_due replaced; 2 not_due replaced; s applied");
}

TEST_CASE("while only some of what it replaces is applied a squashed migration is of no use") {
  Watched watched;
  watched.rules.ordered = false;
  const auto squash = replacing(file("s"), {{"1"}, {"2"}});
  CHECK(cells(watched.poll({file("1"), file("2"), squash}, {row("1")})) ==
        "1 applied; 2 pending; s not_due skipped");
}

TEST_CASE(
    "where a tool looks for gaps, a squash is applied by the rows of what it replaces alone") {
  const auto polled = [](std::vector<Migration> files, std::vector<Row> rows) {
    Watched watched;
    watched.rules.ordered = false;
    watched.rules.refuses_gaps = true;
    return cells(watched.poll(std::move(files), std::move(rows)));
  };
  const auto squash = replacing(file("s"), {{"1"}, {"2"}});
  CHECK(polled({file("1"), file("2"), squash}, {row("s")}) ==
        "1 not_due replaced; 2 not_due replaced; s pending");
  CHECK(polled({file("1"), file("2"), squash}, {row("1"), row("s")}) ==
        "1 applied; 2 pending; s not_due skipped");
  CHECK(polled({file("1"), squash}, {row("1"), row("s")}) == "1 applied; s pending out_of_order");
  // Another squash in its place goes by that row.
  CHECK(polled({squash, replacing(file("t"), {{"s"}, {"3"}})}, {row("s"), row("3")}) ==
        "3 applied archived; s applied; t applied");
}

TEST_CASE("a squash of squashes is applied, or of no use, by what all of them replace") {
  Watched watched;
  watched.rules.ordered = false;
  const auto first = replacing(file("s"), {{"1"}, {"2"}});
  const auto second = replacing(file("t"), {{"s"}, {"3"}});
  const std::vector<Migration> files{file("1"), file("2"), file("3"), first, second};
  const std::vector<Migration> other_way{file("1"), file("2"), file("3"), second, first};
  CHECK(cells(watched.poll(files, {row("1")})) ==
        "1 applied; 2 pending; 3 pending; s not_due skipped; t not_due skipped");
  CHECK(cells(watched.poll(other_way, {row("1"), row("2")})) ==
        "1 applied; 2 applied; 3 pending; t not_due skipped; s applied");
  CHECK(cells(watched.poll(other_way, {row("1"), row("2"), row("3")})) ==
        "1 applied; 2 applied; 3 applied; t applied; s applied");
  CHECK(cells(Watched().poll(files, {})) ==
        "1 not_due replaced; 2 not_due replaced; 3 not_due replaced; s not_due replaced; t "
        "pending");
  CHECK(cells(Watched().poll({replacing(file("u"), {{"u"}, {"v"}}), replacing(file("v"), {{"u"}})},
                             {})) == "u not_due replaced; v not_due replaced");
}

TEST_CASE(
    "what a squash replaces counts although its part of the directory has no files any more") {
  Watched watched;
  watched.rules.ordered = false;
  const auto moved = of("new", replacing(file("1"), {{"old.1"}, {"old.2"}}));
  CHECK(cells(watched.poll({moved}, {of("old", row("1")), of("old", row("2"))})) ==
        "new.1 applied; old.1 applied archived; old.2 applied archived");
  CHECK(cells(Watched().poll({moved}, {of("old", row("1"))})) ==
        "new.1 not_due skipped; old.1 applied archived");
  Watched other;
  other.rules.ordered = false;
  CHECK(cells(other.poll({moved}, {of("old", row("7"))})) == "new.1 pending");
}

TEST_CASE("where old files are deleted by custom, what is older than all files is archived") {
  Watched watched;
  watched.rules.archives_old = true;
  const std::vector<Row> rows{row("1"), row("5"), row("7")};
  const auto standing = watched.poll({file("5"), file("6")}, rows);
  CHECK(cells(standing) == "1 applied archived; 5 applied; 6 pending out_of_order; 7 drifted");
  CHECK(findings(standing) == "foreign 7");
  watched.rules.archives_old = false;
  CHECK(findings(watched.poll({file("5"), file("6")}, rows)) == "foreign 1; foreign 7");
}

TEST_CASE("a part of the directory is as old as its own oldest file") {
  Watched watched;
  watched.rules.archives_old = true;
  watched.rules.ordered = false;
  const auto standing = watched.poll({of("a", file("5")), of("b", file("1"))},
                                     {of("a", row("2")), of("a", row("5")), of("b", row("2"))});
  CHECK(findings(standing) == "foreign b.2");
}

TEST_CASE("rows of a part that has no files, and never had, are not of this directory") {
  Watched watched;
  const auto standing =
      watched.poll({of("users", file("1"))}, {of("auth", row("1")), of("users", row("1"))});
  CHECK(cells(standing) == "users.1 applied");
  CHECK(findings(standing).empty());
}

TEST_CASE("where the layout has an order, a later row whose file is elsewhere makes files late") {
  const std::vector<Migration> files{file("3"), file("4")};
  const auto polled = [&](Row::State state, bool ordered) {
    auto elsewhere = of("classes", row("5"));
    elsewhere.state = state;
    Watched watched;
    watched.rules.ordered = ordered;
    return cells(watched.poll(files, {row("3"), elsewhere}));
  };
  CHECK(polled(Row::State::applied, true) == "3 applied; 4 pending out_of_order");
  CHECK(polled(Row::State::undone, true) == "3 applied; 4 pending");
  CHECK(polled(Row::State::applied, false) == "3 applied; 4 pending");
}

TEST_CASE("rows of a part that had files are of this directory for ever") {
  Watched watched;
  const std::vector<Row> rows{of("carts", row("1")), of("users", row("1"))};
  watched.poll({of("carts", file("1")), of("users", file("1"))}, rows);
  CHECK(findings(watched.poll({of("users", file("1"))}, rows)) == "removed carts.1");
}

TEST_CASE("what becomes of a late file is up to the layout's tool") {
  const std::vector<Migration> files{file("1"), file("2")};
  Watched watched;
  watched.rules.late = LayoutRules::Late::refused;
  CHECK(cells(watched.poll(files, {row("2")})) == "1 pending out_of_order; 2 applied");
  watched.rules.late = LayoutRules::Late::runs;
  CHECK(cells(watched.poll(files, {row("2")})) == "1 pending; 2 applied");
  watched.rules.late = LayoutRules::Late::skipped;
  CHECK(cells(watched.poll(files, {row("2")})) == "1 not_due skipped; 2 applied");
}

TEST_CASE("where the layout has no order nothing is out of it") {
  const std::vector<Migration> files{file("1"), file("2")};
  Watched watched;
  CHECK(findings(watched.poll(files, {row("2"), row("1")})) == "out_of_order 1");
  watched.rules.ordered = false;
  CHECK(findings(watched.poll(files, {row("2"), row("1")})).empty());
}

TEST_CASE("what its tool never runs here is not waited for") {
  Watched watched;
  auto elsewhere = file("1");
  elsewhere.never = "other_dbms";
  CHECK(cells(watched.poll({elsewhere, file("2")}, {})) == "1 not_due other_dbms; 2 pending");
}

TEST_CASE("a row that is another one was applied again, with the file as it is now") {
  Watched watched;
  watched.poll({file("1", "a"), file("2", "b")}, {row("1", "x"), row("2", "y")});
  CHECK(
      findings(watched.poll({file("1", "edited"), file("2", "b")}, {row("1", "z"), row("2", "y")}))
          .empty());
}

TEST_CASE("a ledger whose rows are all other ones is a copy, and nothing was applied again") {
  Watched watched;
  const auto timed = [](const std::string& version, const std::string& token) {
    auto at_noon = row(version, token);
    at_noon.at = now;
    return at_noon;
  };
  watched.poll({file("1", "a"), file("2", "b")}, {timed("1", "x"), timed("2", "y")});
  const std::vector<Migration> edited{file("1", "edited"), file("2", "b")};
  CHECK(findings(watched.poll(edited, {timed("1", "p"), timed("2", "q")})) == "edited 1");
  CHECK(findings(watched.poll(edited, {timed("1", "p"), timed("2", "q")})) == "edited 1");
}

TEST_CASE("where no times are kept, rows of one transaction each were applied again") {
  Watched watched;
  watched.poll({file("1", "a"), file("2", "b")}, {row("1", "x"), row("2", "y")});
  const std::vector<Migration> edited{file("1", "edited"), file("2", "b")};
  SUBCASE("a copy has one for all") {
    CHECK(findings(watched.poll(edited, {row("1", "p"), row("2", "p")})) == "edited 1");
  }
  SUBCASE("a database made anew") {
    CHECK(findings(watched.poll(edited, {row("1", "p"), row("2", "q")})).empty());
  }
}

TEST_CASE("nothing is known of a database that was never seen but at work") {
  Catalog catalog{.layout = "any", .migrations = {file("1")}, .problems = {}};
  Observation seen;
  seen.ledger = Observation::Ledger::unreadable;
  seen.at_work = "pid 7";
  CHECK(cells(compare(catalog, {}, seen, all_due)) == "1 unknown at_work");
}

TEST_CASE("migrations are sorted by what they depend on, otherwise as they stand") {
  Catalog catalog{.layout = "any",
                  .migrations = {after(file("3"), {{"4"}}), file("1"), file("4"), file("2")},
                  .problems = {}};
  sort_by_dependencies(catalog);
  std::string order;
  for (const auto& migration : catalog.migrations) {
    order += migration.key.value;
  }
  CHECK(order == "1432");
  CHECK(catalog.problems.empty());
}

TEST_CASE("migrations that depend on each other are a problem each, and none is lost") {
  Catalog catalog{.layout = "any",
                  .migrations = {after(file("1"), {{"2"}}), after(file("2"), {{"1"}}), file("3")},
                  .problems = {}};
  sort_by_dependencies(catalog);
  CHECK(catalog.migrations.size() == 3);
  CHECK(catalog.migrations.front().key.value == "3");
  CHECK(catalog.problems.size() == 2);
}

TEST_CASE("a file below a mark that is deleted is removed, and edited when it comes back edited") {
  Watched watched;
  watched.poll({file("1", "a"), file("2", "b")}, {mark("2")});
  CHECK(findings(watched.poll({file("2", "b")}, {mark("2")})) == "removed 1");
  CHECK(findings(watched.poll({file("1", "other"), file("2", "b")}, {mark("2")})) == "edited 1");
}

TEST_CASE("files that come after the mark had passed them are applied, not skipped") {
  Watched watched;
  watched.poll({file("1")}, {mark("1")});
  CHECK(findings(watched.poll({file("1")}, {mark("4")})) == "foreign 4");
  CHECK(cells(watched.poll({file("1"), file("2"), file("3"), file("4")}, {mark("4")})) ==
        "1 applied; 2 applied; 3 applied; 4 applied");
  CHECK(
      cells(watched.poll({file("1"), file("2"), file("2.5"), file("3"), file("4")}, {mark("4")})) ==
      "1 applied; 2 applied; 2.5 not_due skipped; 3 applied; 4 applied");
}

TEST_CASE("a gap in the files leaves what comes before it as it was known") {
  Watched watched;
  watched.rules.ordered = false;
  const auto b = after(file("b"), {{"a"}});
  const auto c = after(file("c"), {{"b"}});
  watched.poll({file("a"), b, c}, {head("c")});
  const auto standing = watched.poll({file("a"), c}, {head("c")});
  CHECK(cells(standing).starts_with("a applied; c applied"));
  CHECK(findings(standing).find("vanished") == std::string::npos);
}

TEST_CASE("a ledger that was made anew, with other times, is no copy") {
  const auto at = [](Row r, const char* time) {
    r.at = parse_time(time);
    return r;
  };
  const auto* then = "2026-04-18T10:00:00Z";
  const auto* since = "2026-04-18T11:00:00Z";
  Watched watched;
  watched.poll({file("1", "a"), file("2", "b")},
               {at(row("1", "p"), then), at(row("2", "q"), then)});
  const std::vector<Migration> edited{file("1", "other"), file("2", "b")};
  CHECK(findings(watched.poll(edited, {at(row("1", "r"), then), at(row("2", "s"), then)})) ==
        "edited 1");
  CHECK(
      findings(watched.poll(edited, {at(row("1", "t"), since), at(row("2", "u"), since)})).empty());
}

TEST_CASE("a ledger that was gone for a while and is back says nothing new") {
  const auto applied = [] {
    auto r = row("1", "p");
    r.at = now;
    return r;
  };
  Watched watched;
  watched.poll({file("1", "a")}, {applied()});
  CHECK(findings(watched.poll({file("1", "edited")}, {})) == "vanished 1");
  CHECK(findings(watched.poll({file("1", "edited")}, {applied()})) == "edited 1");
}

TEST_CASE("a row without a token of its own is missed like any other") {
  Watched watched;
  auto of_a_view = row("1");
  of_a_view.token.clear();
  watched.poll({file("1")}, {of_a_view});
  CHECK(findings(watched.poll({file("1")}, {})) == "vanished 1");
}
