#include <doctest/doctest.h>

#include <algorithm>

#include "adapters/tools/layout.h"

using namespace tidemark;

namespace {

LayoutChoice chosen(std::string_view setting, std::vector<std::string> paths) {
  return choose_layout(setting, {paths, [](const std::string&) { return std::string(); }});
}

std::string name_of(const LayoutChoice& choice) {
  return choice.tool == nullptr ? "(none)" : std::string(choice.tool->name());
}

}  // namespace

TEST_CASE("a directory with Flyway's names is Flyway's") {
  const auto choice = chosen("auto", {"V1__a.sql", "R__b.sql", "beforeMigrate.sql", "README.md"});
  CHECK(name_of(choice) == "flyway");
  CHECK(choice.considered == std::vector<std::string>{"flyway: 2 files"});
  CHECK(choice.trouble.empty());
}

TEST_CASE("a directory with numbered files is our own") {
  const auto choice = chosen("auto", {"144_a.sql", "144_a.rollback.sql"});
  CHECK(name_of(choice) == "own");
  CHECK(choice.considered == std::vector<std::string>{"sqlx: 2 files", "own: 1 file"});
  CHECK(choice.trouble.empty());
}

TEST_CASE("two layouts in one directory are an ambiguity that names both and the setting") {
  const auto choice = chosen("auto", {"V1__a.sql", "V2__b.sql", "144_a.sql"});
  CHECK(choice.tool == nullptr);
  CHECK(choice.considered ==
        std::vector<std::string>{"flyway: 2 files", "sqlx: 1 file", "own: 1 file"});
  CHECK(choice.trouble ==
        "files of more than one layout lie here (flyway: 2 files, sqlx: 1 file, own: 1 file): say "
        "which one "
        "counts with "
        "repo.layout: NAME");
}

TEST_CASE("the setting decides where two layouts lie in one directory") {
  CHECK(name_of(chosen("own", {"V1__a.sql", "144_a.sql"})) == "own");
  CHECK(name_of(chosen("flyway", {"V1__a.sql", "144_a.sql"})) == "flyway");
  CHECK(chosen("flyway", {"V1__a.sql", "144_a.sql"}).trouble.empty());
}

TEST_CASE("our own ledger says nothing of the layout, for it reads any") {
  const std::vector<std::string> paths{"144_a.sql", "V1__a.sql"};
  const DirectoryView directory{paths, [](const std::string&) { return std::string(); }};
  CHECK(choose_layout("auto", directory, "flyway").tool == find_tool("flyway"));
  CHECK(choose_layout("auto", directory, "own").tool == nullptr);
}

TEST_CASE("an empty directory is our own, with no migrations and no trouble") {
  CHECK(name_of(chosen("auto", {})) == "own");
  CHECK(chosen("auto", {"README.md", "schema.sql"}).trouble.empty());
}

TEST_CASE("SQL files that no layout knows are told, not passed over") {
  const auto choice = chosen("auto", {"orders.sql", "users.sql"});
  CHECK(name_of(choice) == "own");
  CHECK(choice.trouble.starts_with(
      "none of 2 files ending in .sql is of a layout that tidemark knows: "));
  CHECK(choice.trouble.find("own (144_name.sql)") != std::string::npos);
}

TEST_CASE("files of a tool that is not read are told with its name") {
  const auto named = [](std::vector<std::string> paths, std::string head = "") {
    std::ranges::sort(paths);
    const auto choice = choose_layout("auto", {paths, [head](const std::string&) { return head; }});
    CHECK(name_of(choice) == "own");
    const auto begin = choice.trouble.find(" like ");
    if (begin == std::string::npos) {
      return std::string();
    }
    return choice.trouble.substr(begin + 6, choice.trouble.find("'s, which") - begin - 6);
  };
  CHECK(named({"2024_01_01_000000_create_users.php"}) == "Laravel");
  CHECK(named({"Version20240101000000.php"}) == "Doctrine Migrations");
  CHECK(named({"20240101000000_Init.cs", "20240101000000_Init.Designer.cs"}) == "EF Core");
  CHECK(named({"Migration20240101000000.ts", ".snapshot-shop.json"}) == "MikroORM");
  CHECK(named({"Migration20240101000000_x.js"}) == "MikroORM");
  CHECK(named({"1528653893000_users.js"}) == "node-pg-migrate");
  CHECK(named({"20240101000000123_users.ts"}) == "node-pg-migrate");
  CHECK(named({"committed/000001.sql", "committed/000002-tax.sql", "current.sql"},
              "--! Previous: -\n") == "graphile-migrate");
  CHECK(named({"migrations/default/1528653893000_users/up.sql"}) == "Hasura CLI");
  CHECK(named({"20240101_x/migration.json", "20240101_x/ops.json"}) == "Prisma Next");
  CHECK(named({"20240101_x/ops.json", "Properties/Resources.Designer.cs"}).empty());
  CHECK(named({"V1__initial.rs"}) == "refinery");
  CHECK(named({"001_users.sql"}, "CREATE TABLE a();\n---- create above / drop below ----\n") ==
        "tern");
  CHECK(named({"1_users.sql"}, "-- +migrate Up\n") == "sql-migrate");
  CHECK(named({"001_users.rb"}, "Sequel.migration do\n") == "Sequel");
  CHECK(named({"index.php", "Version2.php", "a.cs", "Migration1.ts", "15286538930_x.js"}).empty());
  CHECK(chosen("auto", {"2024_01_01_000000_a.php", "2024_01_02_000000_b.php"}).trouble ==
        "2 files look like Laravel's, which tidemark does not read yet: its migrations are not "
        "shown");
  CHECK(chosen("auto", {"2024_01_01_000000_a.php", "V1__a.sql"}).trouble.empty());
}

TEST_CASE("a layout that nobody knows is an error that lists those that are known") {
  const auto choice = chosen("laravel", {"V1__a.sql"});
  CHECK(choice.tool == nullptr);
  CHECK(choice.trouble.starts_with(
      "repo.layout: 'laravel' is no layout that tidemark knows; it is one of auto, "));
  CHECK(choice.trouble.find(", flyway") != std::string::npos);
}
