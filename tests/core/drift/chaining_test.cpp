#include "core/drift/chaining.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "core/drift/compare.h"

using namespace tidemark;

namespace {

const TimePoint now = *parse_time("2026-04-18T12:00:00Z");
const Policy all_due{.mode = Mode::reconcile_only, .upstream = std::nullopt};

// A file of which all say `text`, and all names in a plan up to it are its key: "a", "ab", "abc".
Migration file(const std::string& key, const std::string& id, const std::string& text = "") {
  Migration m;
  m.key = {key};
  m.id = {id};
  m.file = id + ".sql";
  m.content = content_of(text.empty() ? id : text);
  m.checksums.complete = false;
  m.group = "shop";
  return m;
}

Row row(const std::string& key, const std::string& id, Row::State state = Row::State::applied) {
  Row r;
  r.key = {key};
  r.id = {id};
  r.token = "run of " + key;
  r.state = state;
  r.group = "shop";
  r.key_chains = true;
  return r;
}

Catalog plan(std::vector<Migration> migrations) {
  Catalog catalog{.layout = "sqitch", .migrations = std::move(migrations), .problems = {}};
  catalog.rules = {.ordered = false, .late = LayoutRules::Late::runs};
  return catalog;
}

Observation saw(std::vector<Row> rows) {
  Observation seen;
  seen.ledger = Observation::Ledger::read;
  seen.rows = std::move(rows);
  return seen;
}

// A look, which learns, and what is told then: "a applied, b drifted checksum".
struct World {
  std::vector<Record> records;

  std::string look(const Catalog& catalog, std::vector<Row> rows) {
    const std::optional observation(saw(std::move(rows)));
    for (auto& record : learn(catalog, records, observation, {}, now)) {
      records.push_back(std::move(record));
    }
    const auto standing = compare(catalog, records, observation, all_due);
    std::string text;
    for (const auto& line : standing.lines) {
      text += (text.empty() ? "" : ", ") + line.key.value + " " +
              std::string(to_string(line.cell.state));
      for (const auto& finding : standing.findings) {
        text += finding.key == line.key ? " " + std::string(to_string(finding.kind)) : "";
      }
    }
    return text;
  }
};

const Catalog before = plan({file("a", "a"), file("ab", "b"), file("abc", "c")});
const std::vector<Row> rows{row("a", "a"), row("ab", "b"), row("abc", "c")};

}  // namespace

TEST_CASE("where keys hang on all before them, a change is told once and the rest is as it was") {
  for (const bool known : {false, true}) {
    CAPTURE(known);
    World world;
    if (known) {
      CHECK(world.look(before, rows) == "a applied, ab applied, abc applied");
    }
    // The line of b is another.
    CHECK(world.look(plan({file("a", "a"), file("aB", "b"), file("aBc", "c")}), rows) ==
          "a applied, aB drifted checksum, aBc applied");
    // Something came between a and b.
    CHECK(World(world).look(
              plan({file("a", "a"), file("aX", "x"), file("aXb", "b"), file("aXbc", "c")}), rows) ==
          "a applied, aX pending, aXb drifted checksum, aXbc applied");
    // b is gone: that is told of itself.
    CHECK(World(world).look(plan({file("a", "a"), file("ac", "c")}), rows) ==
          "a applied, ac applied, ab drifted removed");
    CHECK(world.records.size() == 3);
    CHECK(world.look(before, rows) == "a applied, ab applied, abc applied");
  }
}

TEST_CASE("an edit is told of what has another key since") {
  World world;
  world.look(before, rows);
  CHECK(world.look(plan({file("A", "a"), file("Ab", "b"), file("Abc", "c", "edited")}), rows) ==
        "A drifted checksum, Ab applied, Abc drifted edited");
}

TEST_CASE("several of one name are told apart by their order") {
  const std::vector<Row> twice{row("a", "a"), row("aa", "a")};
  World world;
  CHECK(world.look(plan({file("a", "a@v1"), file("aa", "a")}), twice) == "a applied, aa applied");
  CHECK(world.look(plan({file("A", "a@v1"), file("AA", "a")}), twice) ==
        "A drifted checksum, AA applied");
  CHECK(world.look(plan({file("a", "a@v1"), file("aA", "a")}), twice) ==
        "a applied, aA drifted checksum");
}

TEST_CASE("each group has a first change of its own, and a name of another group is another") {
  auto other = row("x", "a");
  other.group = "other";
  World world;
  CHECK(world.look(plan({file("A", "a")}), {other, row("a", "a")}) == "A drifted checksum");
  CHECK(world.look(plan({file("A", "a")}), {other}) == "A pending, a drifted vanished");
}

TEST_CASE("what was undone, and applied again under another key, is no longer missed") {
  World world;
  world.look(before, rows);
  const auto undone = row("abc", "c", Row::State::undone);
  const auto after = plan({file("a", "a"), file("ab", "b"), file("abC", "c")});
  CHECK(world.look(after, {row("a", "a"), row("ab", "b"), undone}) ==
        "a applied, ab applied, abC pending, abc not_due");
  CHECK(world.look(after, {row("a", "a"), row("ab", "b"), row("abC", "c"), undone}) ==
        "a applied, ab applied, abC applied");
}

TEST_CASE("of two of one name that were undone, one that is back says nothing of the other") {
  World world;
  const std::vector<Row> twice{row("a", "a"), row("aa", "a")};
  world.look(plan({file("a", "a@v1"), file("aa", "a")}), twice);
  CHECK(world.look(plan({file("a", "a@v1"), file("aA", "a")}),
                   {row("a", "a"), row("aa", "a", Row::State::undone)}) ==
        "a applied, aA pending, aa not_due");
}

TEST_CASE("rows that do not hang on each other are never known by their names") {
  auto plain = row("a", "a");
  plain.key_chains = false;
  CHECK(rechain(plan({file("A", "a")}), std::vector{plain}).named.empty());
}

TEST_CASE("a plan that went there and back again is learnt once") {
  World world;
  world.look(before, rows);
  const auto other = plan({file("x", "a"), file("xb", "b"), file("xbc", "c")});
  const std::vector<Row> redeployed{row("a", "a", Row::State::undone),
                                    row("ab", "b", Row::State::undone),
                                    row("abc", "c", Row::State::undone),
                                    row("x", "a"),
                                    row("xb", "b"),
                                    row("xbc", "c")};
  CHECK(world.look(other, redeployed) == "x applied, xb applied, xbc applied");
  CHECK(world.look(before, redeployed) == "a drifted checksum, ab applied, abc applied");
  const auto learnt = world.records.size();
  world.look(before, redeployed);
  CHECK(world.records.size() == learnt);
}

TEST_CASE("what is superseded is not adopted, and not missed when their ledger goes") {
  World world;
  world.look(before, rows);
  const auto after = plan({file("a", "a"), file("ab", "b"), file("abC", "c")});
  world.look(after,
             {row("a", "a"), row("ab", "b"), row("abC", "c"), row("abc", "c", Row::State::undone)});
  std::vector<std::string> keys;
  for (auto& record : adoption(world.records, "ours now", now)) {
    keys.push_back(record.key.value);
    world.records.push_back(std::move(record));
  }
  CHECK(keys == std::vector<std::string>{"a", "ab", "abC"});
  auto dropped = saw({});
  dropped.ledger = Observation::Ledger::none;
  const Policy ours{.mode = Mode::managed, .upstream = std::nullopt};
  const auto standing = compare(after, world.records, dropped, ours);
  CHECK(standing.lines.size() == 3);
  CHECK(standing.findings.empty());
}
