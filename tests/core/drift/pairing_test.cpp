#include "core/drift/pairing.h"

#include <doctest/doctest.h>

#include <algorithm>

#include <rapidcheck.h>

#include "core/drift/compare.h"
#include "core/drift/history.h"

using namespace tidemark;

namespace {

const TimePoint noon = *parse_time("2026-04-18T12:00:00Z");
const Policy reconcile{.mode = Mode::reconcile_only, .upstream = std::nullopt};

Migration file(const std::string& path, const std::string& rest = "::1::ana") {
  Migration migration;
  migration.key = {path + rest};
  migration.id = {path + rest};
  migration.file = path;
  migration.content = content_of(path);
  migration.path_in_key = path.size();
  return migration;
}

Row row(const std::string& path, const std::string& rest = "::1::ana") {
  Row row;
  row.key = {path + rest};
  row.id = {path + rest};
  row.token = "2026-04-18 " + path + rest;
  row.path_in_key = path.size();
  return row;
}

// "path in the ledger -> key" of each row that speaks of another key than its own.
std::vector<std::string> pairs(const std::vector<Migration>& files,
                               const std::vector<Row>& rows,
                               const std::vector<Record>& records = {}) {
  const Catalog catalog{"liquibase", files, {}, {}, {}};
  std::vector<std::string> all;
  for (const auto& [from, to] : pair_by_path(catalog, records, rows)) {
    all.push_back(from->key.value + " -> " + to.key.value);
  }
  std::ranges::sort(all);
  return all;
}

using Strings = std::vector<std::string>;

}  // namespace

TEST_CASE("a path that begins with other folders in the ledger is the file that ends like it") {
  CHECK(pairs({file("src/main/resources/db/a.sql"), file("src/main/resources/db/b.sql")},
              {row("db/a.sql")}) ==
        Strings{"db/a.sql::1::ana -> src/main/resources/db/a.sql::1::ana"});
  CHECK(pairs({file("a.sql")}, {row("com/shop/db/a.sql")}) ==
        Strings{"com/shop/db/a.sql::1::ana -> a.sql::1::ana"});
  CHECK(pairs({file("service/db/a.sql")}, {row("boot/classes/db/a.sql")}) ==
        Strings{"boot/classes/db/a.sql::1::ana -> service/db/a.sql::1::ana"});
}

TEST_CASE("what comes behind the path has to be the same") {
  CHECK(pairs({file("x/a.sql", "::1::ana")}, {row("a.sql", "::1::bob")}).empty());
  CHECK(pairs({file("x/a.sql")}, {row("b.sql")}).empty());
  CHECK(pairs({file("x/aa.sql")}, {row("a.sql")}).empty());
}

TEST_CASE("of several files the one with the most in common, of two that fit alike none") {
  CHECK(pairs({file("a/db/c.sql"), file("b/db/c.sql")}, {row("app/a/db/c.sql")}) ==
        Strings{"app/a/db/c.sql::1::ana -> a/db/c.sql::1::ana"});
  CHECK(pairs({file("a/db/c.sql"), file("b/db/c.sql")}, {row("db/c.sql")}).empty());
  CHECK(pairs({file("a/c.sql"), file("b/c.sql"), file("d/c.sql")}, {row("c.sql")}).empty());
}

TEST_CASE(
    "a file that two rows fit equally well is nobody's, and they take no lesser one instead") {
  const std::vector<Row> rows{row("old/db/a.sql"), row("new/db/a.sql")};
  CHECK(pairs({file("src/db/a.sql")}, rows).empty());
  CHECK(pairs({file("src/db/a.sql"), file("other/a.sql")}, rows).empty());
  CHECK(pairs({file("a/db/c.sql"), file("b/db/c.sql"), file("d/c.sql")}, {row("x/db/c.sql")})
            .empty());
  // The same name twice is one: the last row counts.
  CHECK(pairs({file("src/db/a.sql")}, {row("db/a.sql"), row("db/a.sql")}).size() == 2);
}

TEST_CASE("a file that two rows fit equally well stays with the one that it was recorded by") {
  const auto old_row = row("old/db/a.sql");
  Record record;
  record.key = file("src/db/a.sql").key;
  record.their_row = old_row.token;
  CHECK(pairs({file("src/db/a.sql")}, {old_row, row("new/db/a.sql")}, {record}) ==
        Strings{"old/db/a.sql::1::ana -> src/db/a.sql::1::ana"});
  record.applied = false;
  CHECK(pairs({file("src/db/a.sql")}, {old_row, row("new/db/a.sql")}, {record}).empty());
  record.applied = true;
  auto alike = row("new/db/a.sql");
  alike.token = old_row.token;
  CHECK(pairs({file("src/db/a.sql")}, {old_row, alike}, {record}).empty());
}

TEST_CASE("a row of a file that is gone does not take another row's file") {
  CHECK(pairs({file("a/c.sql")}, {row("app/b/c.sql"), row("app/a/c.sql")}) ==
        Strings{"app/a/c.sql::1::ana -> a/c.sql::1::ana"});
}

TEST_CASE("where paths begin alike a file in another folder is another file") {
  const auto same = file("db/other.sql");
  CHECK(pairs({file("new/a.sql"), same}, {row("old/a.sql"), row("db/other.sql")}).empty());
  CHECK(pairs({file("db/a.sql"), same}, {row("src/db/a.sql"), row("db/other.sql")}) ==
        Strings{"src/db/a.sql::1::ana -> db/a.sql::1::ana"});
}

TEST_CASE("a migration that a row names as it is belongs to that row") {
  CHECK(pairs({file("db/a.sql")}, {row("db/a.sql"), row("src/db/a.sql")}).empty());
}

TEST_CASE("rows of ledgers that know no paths are left alone") {
  auto plain = row("db/a.sql");
  plain.path_in_key = 0;
  CHECK(pairs({file("src/db/a.sql")}, {plain}).empty());
}

TEST_CASE("a file that goes away is removed, not vanished and foreign") {
  Catalog catalog{"liquibase", {file("src/db/a.sql")}, {}, {}, {}};
  catalog.rules.ordered = false;
  Observation seen;
  seen.ledger = Observation::Ledger::read;
  seen.tool = "liquibase";
  seen.rows = {row("db/a.sql")};
  auto records = learn(catalog, {}, seen, {}, noon);
  REQUIRE(records.size() == 1);
  CHECK(records.front().key.value == "src/db/a.sql::1::ana");
  CHECK(records.front().id.value == "src/db/a.sql::1::ana");
  auto standing = compare(catalog, records, seen, reconcile);
  REQUIRE(standing.lines.size() == 1);
  CHECK(standing.lines.front().cell.state == CellState::applied);
  CHECK(standing.lines.front().cell.note.empty());
  CHECK(standing.findings.empty());
  CHECK(learn(catalog, records, seen, {}, noon).empty());

  catalog.migrations.clear();
  standing = compare(catalog, records, seen, reconcile);
  REQUIRE(standing.findings.size() == 1);
  CHECK(standing.findings.front().kind == FindingKind::removed);
  CHECK(learn(catalog, records, seen, {}, noon).empty());
}

TEST_CASE("leading folders never matter when all rows have the same") {
  rc::check("rows pair with their own files", [] {
    const auto names = *rc::gen::container<std::set<std::string>>(
        rc::gen::container<std::string>(rc::gen::element('a', 'b', '/')));
    const bool longer = *rc::gen::arbitrary<bool>();
    std::vector<Migration> files;
    std::vector<Row> rows;
    for (const auto& name : names) {
      if (name.empty() || name.front() == '/' || name.back() == '/' ||
          name.find("//") != std::string::npos) {
        continue;
      }
      files.push_back(file(longer ? name : "x/y/" + name));
      rows.push_back(row(longer ? "x/y/" + name : name));
    }
    const Catalog catalog{"liquibase", files, {}, {}, {}};
    const auto paired = pair_by_path(catalog, {}, rows);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      RC_ASSERT(paired.at(&rows[i]).key == files[i].key);
    }
  });
}
