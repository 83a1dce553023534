#include "core/catalog/catalog.h"

#include <algorithm>
#include <string>
#include <vector>

#include <doctest/doctest.h>

using namespace tidemark;

namespace {

using Role = FileEntry::Role;

FileEntry entry(Role role, std::string version, std::string description) {
  FileEntry made;
  made.role = role;
  made.key = Key{role == Role::repeatable ? "R:" + description : version};
  made.id = MigrationId{(role == Role::repeatable ? "R" : "V" + version) + "__" + description};
  made.version = Version::parse(version);
  made.version_text = std::move(version);
  made.description = std::move(description);
  return made;
}

ScannedFile file(std::string path, FileEntry what) {
  auto content = content_of(path);
  return ScannedFile{std::move(path), content, {std::move(what)}};
}

ScannedFile versioned(std::string version, std::string description) {
  auto path = "V" + version + "__" + description + ".sql";
  return file(std::move(path), entry(Role::versioned, std::move(version), std::move(description)));
}

ScannedFile rollback_of(const ScannedFile& migration, std::string path) {
  auto what = migration.entries.front();
  what.role = Role::rollback;
  return file(std::move(path), std::move(what));
}

std::vector<std::string> ids(const Catalog& catalog) {
  std::vector<std::string> result;
  for (const auto& migration : catalog.migrations) {
    result.push_back(migration.id.value);
  }
  return result;
}

Catalog catalog_of(std::vector<ScannedFile> files) {
  return make_catalog("flyway", files);
}

std::string found_by(const Catalog& catalog, const std::string& typed) {
  const auto lookup = find_migration(catalog, typed);
  return lookup.migration == nullptr ? "" : lookup.migration->id.value;
}

}  // namespace

TEST_CASE("migrations stand in the order in which they apply") {
  const auto catalog = catalog_of({file("R__views.sql", entry(Role::repeatable, "", "views")),
                                   file("R__grants.sql", entry(Role::repeatable, "", "grants")),
                                   versioned("10", "tax"),
                                   versioned("2", "orders"),
                                   versioned("1.1", "phone"),
                                   file("B1__base.sql", entry(Role::baseline, "1", "base"))});
  CHECK(ids(catalog) ==
        std::vector<std::string>{
            "V1__base", "V1.1__phone", "V2__orders", "V10__tax", "R__grants", "R__views"});
  CHECK(catalog.migrations[0].kind == MigrationKind::baseline);
  CHECK(catalog.migrations[1].kind == MigrationKind::versioned);
  CHECK(catalog.migrations[4].kind == MigrationKind::repeatable);
  CHECK(catalog.problems.empty());
}

TEST_CASE("a migration keeps all that its file says") {
  auto scanned = versioned("2", "orders");
  scanned.path = "2026/V2__orders.sql";
  scanned.entries[0].checksums = {{"-42"}, false};
  const auto catalog = catalog_of({scanned});
  REQUIRE(catalog.migrations.size() == 1);
  const auto& entry = scanned.entries[0];
  const Migration expected{entry.key,
                           entry.id,
                           MigrationKind::versioned,
                           entry.version,
                           "2",
                           "orders",
                           "2026/V2__orders.sql",
                           scanned.content,
                           entry.checksums,
                           std::nullopt};
  CHECK(catalog.migrations[0] == expected);
  CHECK(catalog.layout == "flyway");
}

TEST_CASE("the order in which files were found changes nothing") {
  std::vector<ScannedFile> files{versioned("1", "users"),
                                 versioned("2", "orders"),
                                 rollback_of(versioned("2", "orders"), "U2__orders.sql"),
                                 versioned("3", "tax"),
                                 file("a/V3__other.sql", entry(Role::versioned, "3", "other"))};
  const auto expected = catalog_of(files);
  std::ranges::sort(files, {}, &ScannedFile::path);
  do {
    REQUIRE(catalog_of(files) == expected);
  } while (std::ranges::next_permutation(files, {}, &ScannedFile::path).found);
}

TEST_CASE("two files of one migration are a problem, and the first by path counts") {
  const auto catalog = catalog_of({file("b/V2__orders.sql", entry(Role::versioned, "2", "orders")),
                                   file("a/V2__carts.sql", entry(Role::versioned, "2", "carts"))});
  CHECK(ids(catalog) == std::vector<std::string>{"V2__carts"});
  CHECK(catalog.problems == std::vector<CatalogProblem>{
                                {"b/V2__orders.sql", "is the same migration as a/V2__carts.sql"}});
}

TEST_CASE("a rollback belongs to its migration, wherever it is found") {
  const auto up = versioned("2", "orders");
  const auto down = rollback_of(up, "A_before_all_others.sql");
  const auto catalog = catalog_of({down, up});
  REQUIRE(catalog.migrations.size() == 1);
  CHECK(catalog.migrations[0].rollback == Rollback{down.path, down.content});
  CHECK(catalog.problems.empty());
}

TEST_CASE("a rollback without its migration and a second rollback are problems") {
  const auto up = versioned("2", "orders");
  const auto catalog = catalog_of({up,
                                   rollback_of(up, "U2__a.sql"),
                                   rollback_of(up, "U2__b.sql"),
                                   rollback_of(versioned("9", "gone"), "U9__gone.sql")});
  REQUIRE(catalog.migrations.size() == 1);
  CHECK(catalog.migrations[0].rollback->file == "U2__a.sql");
  CHECK(catalog.problems ==
        std::vector<CatalogProblem>{{"U2__b.sql", "rolls back the same migration as U2__a.sql"},
                                    {"U9__gone.sql", "rolls back a migration that is not here"}});
}

TEST_CASE("one file may hold several migrations and their rollbacks") {
  auto changelog = versioned("1", "users");
  changelog.entries.push_back(versioned("2", "orders").entries.front());
  changelog.entries.push_back(rollback_of(versioned("1", "users"), "").entries.front());
  const auto catalog = catalog_of({changelog});
  CHECK(ids(catalog) == std::vector<std::string>{"V1__users", "V2__orders"});
  CHECK(catalog.migrations[0].rollback.has_value());
  CHECK_FALSE(catalog.migrations[1].rollback.has_value());
}

TEST_CASE("a migration is found by its key and not by anything like it") {
  const auto catalog = catalog_of({versioned("1", "users"), versioned("10", "tax")});
  REQUIRE(catalog.find(Key{"10"}) != nullptr);
  CHECK(catalog.find(Key{"10"})->id.value == "V10__tax");
  CHECK(catalog.find(Key{"1.0"}) == nullptr);
  CHECK(catalog.find(Key{""}) == nullptr);
}

TEST_CASE("people may type an id, a version, or the beginning of an id") {
  const auto catalog =
      catalog_of({versioned("1", "users"), versioned("10", "tax"), versioned("2", "orders")});
  CHECK(found_by(catalog, "V1__users") == "V1__users");
  CHECK(found_by(catalog, "1") == "V1__users");
  CHECK(found_by(catalog, "10") == "V10__tax");
  CHECK(found_by(catalog, "V2") == "V2__orders");
  CHECK(found_by(catalog, "V10_") == "V10__tax");
  CHECK(found_by(catalog, "users") == "");
  CHECK(found_by(catalog, "3") == "");
}

TEST_CASE("what could mean several migrations finds none and names them all") {
  const auto catalog =
      catalog_of({versioned("1", "users"), versioned("10", "tax"), versioned("2", "orders")});
  const auto lookup = find_migration(catalog, "V1");
  CHECK(lookup.migration == nullptr);
  CHECK(lookup.candidates == std::vector<std::string>{"V1__users", "V10__tax"});
}

TEST_CASE("nothing typed finds nothing, even where there is only one migration") {
  const auto lookup = find_migration(catalog_of({versioned("1", "users")}), "");
  CHECK(lookup.migration == nullptr);
  CHECK(lookup.candidates.empty());
}
