#include <doctest/doctest.h>
#include <rapidcheck.h>

#include "adapters/tools/tool.h"

using namespace tidemark;

namespace {

using Role = FileEntry::Role;

// What Flyway's layout makes of a file; a rollback to nothing when it is no migration.
std::optional<FileEntry> entry(std::string_view path, std::string_view bytes = "SELECT 1;\n") {
  const auto entries = find_tool("flyway")->entries(path, bytes);
  const bool none = entries.empty() || entries.front().role == Role::part;
  return none ? std::nullopt : std::optional(entries.front());
}

std::string key(std::string_view path) {
  const auto found = entry(path);
  return found ? found->key.value : "(none)";
}

std::string description(std::string_view path) {
  const auto found = entry(path);
  return found ? found->description : "(none)";
}

}  // namespace

TEST_CASE("a file named V2__orders.sql is the versioned migration 2, orders") {
  const auto found = entry("V2__orders.sql");
  REQUIRE(found);
  CHECK(found->role == Role::versioned);
  CHECK(found->key.value == "2");
  CHECK(found->id.value == "V2__orders");
  CHECK(found->version == Version::parse("2"));
  CHECK(found->version_text == "2");
  CHECK(found->description == "orders");
  CHECK(found->checksums.complete);
}

TEST_CASE("1, 01, 1.0 and 1_0 are one version to Flyway") {
  for (const auto* path :
       {"V1__a.sql", "V01__b.sql", "V1.0__c.sql", "V1_0__d.sql", "V1.0.0__e.sql"}) {
    CAPTURE(path);
    CHECK(key(path) == "1");
  }
  CHECK(key("V0__a.sql") == "0");
  CHECK(key("V000__a.sql") == "0");
  CHECK(key("V1.10__a.sql") == "1.10");
  CHECK(key("V1_1__a.sql") == "1.1");
  CHECK(key("V20260418143000123456789__a.sql") == "20260418143000123456789");
}

TEST_CASE("zeros in front and zero parts behind never tell Flyway's versions apart, numbers do") {
  CHECK(rc::check([] {
    const auto version = [] {
      return *rc::gen::nonEmpty(
          rc::gen::container<std::vector<std::uint16_t>>(rc::gen::arbitrary<std::uint16_t>()));
    };
    const auto written = [](const std::vector<std::uint16_t>& parts) {
      std::string text = "V";
      for (std::size_t i = 0; i < parts.size(); ++i) {
        text += i == 0 ? "" : *rc::gen::element<std::string>(".", "_");
        text += std::string(*rc::gen::inRange<std::size_t>(0, 4), '0') + std::to_string(parts[i]);
      }
      for (auto more = *rc::gen::inRange(0, 3); more > 0; --more) {
        text += *rc::gen::element<std::string>(".0", "_00");
      }
      return text + "__a.sql";
    };
    const auto a = version();
    const auto b = version();
    const auto without_zeros = [](std::vector<std::uint16_t> parts) {
      while (!parts.empty() && parts.back() == 0) {
        parts.pop_back();
      }
      return parts;
    };
    const auto one = entry(written(a));
    const auto same = entry(written(a));
    const auto other = entry(written(b));
    RC_ASSERT(one && same && other);
    RC_ASSERT(one->key == same->key);
    RC_ASSERT((one->key == other->key) == (without_zeros(a) == without_zeros(b)));
    RC_ASSERT((one->version < other->version) == (without_zeros(a) < without_zeros(b)));
  }));
}

TEST_CASE("the version is told as the ledger stores it: dotted, with its zeros") {
  CHECK(entry("V1_0__a.sql")->version_text == "1.0");
  CHECK(entry("V001__a.sql")->version_text == "001");
  CHECK(entry("V2.1_3__a.sql")->version_text == "2.1.3");
}

TEST_CASE("a repeatable is known by its description, and its key is no version's") {
  const auto found = entry("R__all_views.sql");
  REQUIRE(found);
  CHECK(found->role == Role::repeatable);
  CHECK(found->key.value == "R__all views");
  CHECK(found->id.value == "R__all_views");
  CHECK(found->version.empty());
  CHECK(found->version_text.empty());
  CHECK(found->description == "all views");
  CHECK(key("R__1.sql") == "R__1");
}

TEST_CASE("a baseline script has a key of its own beside the version that it stands for") {
  const auto found = entry("B3_0__all_so_far.sql");
  REQUIRE(found);
  CHECK(found->role == Role::baseline);
  CHECK(found->key.value == "B3");
  CHECK(found->version == Version::parse("3"));
  CHECK(found->description == "all so far");
}

TEST_CASE("an undo script is the rollback of its version") {
  const auto found = entry("U2__orders.sql");
  REQUIRE(found);
  CHECK(found->role == Role::rollback);
  CHECK(found->key.value == "2");
  CHECK(found->id.value == "U2__orders");
}

TEST_CASE("a name is split at its first separator") {
  CHECK(key("V1__2__x.sql") == "1");
  CHECK(description("V1__2__x.sql") == "2  x");
  CHECK(key("V1_2__x.sql") == "1.2");
  CHECK(description("V1___x.sql") == " x");
  CHECK(description("V1__a_b_c.sql") == "a b c");
}

TEST_CASE("a name without a separator is a version and nothing else") {
  CHECK(key("V5.sql") == "5");
  CHECK(description("V5.sql").empty());
  CHECK(key("V1.5.sql") == "1.5");
  CHECK(key("V7__.sql") == "7");
}

TEST_CASE("the suffix may be in any case, the prefix may not") {
  CHECK(key("V1__a.SQL") == "1");
  CHECK(key("V1__a.Sql") == "1");
  CHECK(key("v1__a.sql") == "(none)");
  CHECK(key("r__a.sql") == "(none)");
}

TEST_CASE("files in folders below count, at any depth") {
  CHECK(key("2026/04/V2__orders.sql") == "2");
  CHECK(entry("2026/V2__orders.sql")->id.value == "V2__orders");
}

TEST_CASE("what is no migration of Flyway is none") {
  for (const auto* path : {"beforeMigrate.sql",
                           "afterEachMigrate__x.sql",
                           "afterMigrate.sql",
                           "V2__orders.sql.conf",
                           "V2__orders.sql~",
                           "V2__orders.sql.orig",
                           "V2__orders.sql.rej",
                           ".V2__orders.sql.swp",
                           ".V2__orders.sql",
                           "#V2__orders.sql#",
                           "schema.sql",
                           "structure.sql",
                           "seeds.sql",
                           "V__orders.sql",
                           "Vx__orders.sql",
                           "V1.__orders.sql",
                           "V.1__orders.sql",
                           "V1..2__orders.sql",
                           "V1_orders.sql",
                           "V1a__orders.sql",
                           "V-1__orders.sql",
                           "R1__views.sql",
                           "R_views.sql",
                           "R.sql",
                           "U__orders.sql",
                           "B__orders.sql",
                           "V2__orders.txt",
                           "V2__orders",
                           "V2__orders.java",
                           ".sql",
                           "001_orders.sql",
                           "V2__orders_BACKUP_4711.sql",
                           "V2__orders_REMOTE_4711.sql",
                           "V2__orders.LOCAL.4711.sql",
                           "V2__orders_BASE_1.sql",
                           "README.md"}) {
    CAPTURE(path);
    CHECK(key(path) == "(none)");
  }
}

TEST_CASE("words that a merge uses are words in a migration's name too") {
  CHECK(key("V2__SYNC_REMOTE_2.sql") == "2");
  CHECK(key("V2__sync_REMOTE_2.sql") == "(none)");  // what git mergetool makes of V2__sync.sql
  CHECK(key("V2__drop_BACKUP.sql") == "2");
  CHECK(key("V2__backup_2026.sql") == "2");
  CHECK(key("V2__DATABASE_2.sql") == "2");
}

TEST_CASE("a description longer than the ledger's column ends in dots as it does there") {
  const std::string exact(200, 'x');
  CHECK(description("V1__" + exact + ".sql") == exact);
  CHECK(description("V1__" + exact + "y.sql") == std::string(197, 'x') + "...");
  std::string umlauts;
  for (int i = 0; i < 201; ++i) {
    umlauts += "ü";
  }
  CHECK(description("V1__" + umlauts + ".sql") == umlauts.substr(0, std::size_t{197} * 2) + "...");
  CHECK(key("R__" + exact + "y.sql") == "R__" + std::string(197, 'x') + "...");
}

TEST_CASE("a file too large to be held has the same entry, with nothing to compare") {
  auto expected = *entry("V2__orders.sql");
  expected.checksums = {{}, false};
  const auto entries = find_tool("flyway")->entries_by_name("V2__orders.sql");
  REQUIRE(entries.size() == 1);
  CHECK(entries.front() == expected);
  CHECK(find_tool("flyway")->entries_by_name("notes.sql").front().role == Role::part);
  CHECK(find_tool("flyway")->entries_by_name("notes.md").empty());
}

TEST_CASE("equal versions in two files are one migration and a problem that names both") {
  const std::vector<ScannedFile> files{
      {"V1.0__b.sql", content_of("b"), find_tool("flyway")->entries("V1.0__b.sql", "b")},
      {"V1__a.sql", content_of("a"), find_tool("flyway")->entries("V1__a.sql", "a")},
      {"U1__a.sql", content_of("u"), find_tool("flyway")->entries("U1__a.sql", "u")}};
  const auto catalog = make_catalog("flyway", files);
  REQUIRE(catalog.migrations.size() == 1);
  REQUIRE(catalog.migrations.front().rollback);
  CHECK(catalog.migrations.front().rollback->file == "U1__a.sql");
  CHECK(catalog.problems.size() == 1);
}
