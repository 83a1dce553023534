#include "core/drift/naming.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "core/drift/compare.h"

using namespace tidemark;

namespace {

Migration file(const std::string& version, const std::string& path) {
  Migration m;
  m.key = {version};
  m.id = {path.substr(path.rfind('/') + 1, path.rfind('.') - path.rfind('/') - 1)};
  m.version = Version::parse(version);
  m.version_text = version;
  m.file = path;
  m.content = content_of(path);
  m.checksums.accepted = {"sha256:good"};
  return m;
}

const Catalog catalog{.layout = "own",
                      .migrations = {file("001", "sql/001_users.sql"),
                                     file("002", "sql/002_orders.sql"),
                                     file("010", "sql/010_tax.sql")},
                      .problems = {}};

Row named(const std::string& name) {
  Row row;
  row.key = {name};
  row.id = {name};
  row.any_name = true;
  return row;
}

std::string found(const std::string& name, const Catalog& in = catalog) {
  const std::vector<Row> rows{named(name)};
  const auto pairs = find_by_any_name(in, rows);
  if (!pairs.empty()) {
    return pairs.begin()->second.id.value;
  }
  const Migration* by_key = in.find({name});
  return by_key != nullptr ? by_key->id.value : "";
}

}  // namespace

TEST_CASE("a row of people's own means a file by its name, its id, its version, or its number") {
  for (const auto* name : {"010", "10", "0010", "010_tax", "010_tax.sql", "sql/010_tax.sql"}) {
    CAPTURE(name);
    CHECK(found(name) == "010_tax");
  }
  for (const auto* name : {"11", "tax", "010_ta", "", "010_tax.py"}) {
    CAPTURE(name);
    CHECK(found(name).empty());
  }
}

TEST_CASE("a name that two files have means neither") {
  Catalog twice = catalog;
  twice.migrations.push_back(file("10", "more/10_other.sql"));
  CHECK(found("0010", twice).empty());
  CHECK(found("010", twice) == "010_tax");  // as it is written
  CHECK(found("10", twice) == "10_other");
}

TEST_CASE("a path that begins in another folder means the file that it ends in") {
  for (const auto* name : {"db/sql/010_tax.sql",
                           "db\\sql\\010_tax.sql",
                           "/srv/shop/sql/010_tax.sql",
                           "./010_tax.sql",
                           "migrations/010_tax.sql",
                           "migrations/010_tax"}) {
    CAPTURE(name);
    CHECK(found(name) == "010_tax");
  }
  for (const auto* name : {"sql/", "/", "migrations/10", "migrations/tax.sql", "a/b/"}) {
    CAPTURE(name);
    CHECK(found(name).empty());
  }
}

TEST_CASE(
    "another folder is another file where some paths are ours, and two rows mean no one file") {
  const auto count = [](const std::vector<Row>& rows) {
    return find_by_any_name(catalog, rows).size();
  };
  const auto elsewhere = named("old/010_tax.sql");
  CHECK(count({elsewhere, named("old/002_orders.sql")}) == 2);
  CHECK(count({elsewhere, named("sql/002_orders.sql")}) == 1);
  CHECK(count({elsewhere, named("010")}) == 0);
  CHECK(count({elsewhere, named("new/010_tax.sql")}) == 0);
  CHECK(count({elsewhere, elsewhere}) == 2);  // what was run twice
  Catalog twice = catalog;
  twice.migrations.push_back(file("011", "more/010_tax.sql"));
  CHECK(found("old/010_tax.sql", twice).empty());
  CHECK(found("db/more/010_tax.sql", twice) == "010_tax");
}

TEST_CASE("a file's own name is no path, and says nothing of the folders of other rows") {
  Catalog flat = catalog;
  for (auto& migration : flat.migrations) {
    migration.file = migration.id.value + ".sql";
  }
  const std::vector<Row> rows{named("001_users.sql"), named("migrations/002_orders.sql")};
  CHECK(find_by_any_name(flat, rows).size() == 2);
}

TEST_CASE("backslashes part a path as slashes do, also where two files have one name") {
  const Catalog folders{
      .layout = "own",
      .migrations = {file("1", "a/001.sql"), file("2", "b/001.sql"), file("3", "b/003.sql")},
      .problems = {}};
  const std::vector<Row> rows{named("a\\001.sql"), named("b\\001.sql"), named("old/003.sql")};
  const auto pairs = find_by_any_name(folders, rows);
  CHECK(pairs.size() == 2);
  REQUIRE(pairs.contains(&rows[0]));
  REQUIRE(pairs.contains(&rows[1]));
  CHECK(pairs.at(&rows[0]).key == Key{"1"});
  CHECK(pairs.at(&rows[1]).key == Key{"2"});
}

TEST_CASE("where rows begin in several folders, none is known by what it ends in") {
  const std::vector<Row> shared{
      named("app1/001_users.sql"), named("app2/002_orders.sql"), named("app2/099_more.sql")};
  CHECK(find_by_any_name(catalog, shared).empty());
  const std::vector<Row> one{
      named("app1/001_users.sql"), named("app1/002_orders.sql"), named("app2/099_more.sql")};
  CHECK(find_by_any_name(catalog, one).size() == 2);
}

TEST_CASE("a name that is longer than a path can be is no file's") {
  const std::string end = "/010_tax.sql";
  CHECK(found(std::string(4000, '/') + end) == "010_tax");
  CHECK(found(std::string(4096, '/') + end).empty());
  CHECK(found(std::string(4U << 20U, '/') + end).empty());
}

TEST_CASE("rows of people's own are compared as what they mean, with their own checksum") {
  Observation seen;
  seen.ledger = Observation::Ledger::read;
  seen.rows = {named("001_users.sql"), named("2"), named("099_other.sql")};
  seen.rows[0].checksum = "sha256:good";
  seen.rows[1].checksum = "sha256:bad";
  const Policy policy{.mode = Mode::reconcile_only, .upstream = std::nullopt};
  const auto standing = compare(catalog, {}, seen, policy);
  CHECK(standing.find({"001"})->cell.state == CellState::applied);
  CHECK(standing.find({"001"})->cell.content == ContentVerdict::verified);
  CHECK(standing.find({"001"})->cell.note.empty());
  CHECK(standing.find({"002"})->cell.state == CellState::drifted);
  CHECK(standing.find({"010"})->cell.state == CellState::pending);
  CHECK(standing.findings.size() == 2);
  CHECK(standing.findings.front().kind == FindingKind::checksum);
  CHECK(standing.findings.back().kind == FindingKind::foreign);
}

TEST_CASE("a checksum of a kind that the file has none of proves nothing") {
  Observation seen;
  seen.ledger = Observation::Ledger::read;
  seen.rows = {named("001_users.sql")};
  seen.rows[0].checksum = "md5:bad";
  const Policy policy{.mode = Mode::reconcile_only, .upstream = std::nullopt};
  const auto standing = compare(catalog, {}, seen, policy);
  CHECK(standing.find({"001"})->cell.content == ContentVerdict::unverifiable);
  CHECK(standing.findings.empty());
}
