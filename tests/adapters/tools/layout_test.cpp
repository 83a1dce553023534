#include <doctest/doctest.h>

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
  CHECK(choice.considered == std::vector<std::string>{"own: 1 file"});
  CHECK(choice.trouble.empty());
}

TEST_CASE("two layouts in one directory are an ambiguity that names both and the setting") {
  const auto choice = chosen("auto", {"V1__a.sql", "V2__b.sql", "144_a.sql"});
  CHECK(choice.tool == nullptr);
  CHECK(choice.considered == std::vector<std::string>{"flyway: 2 files", "own: 1 file"});
  CHECK(choice.trouble ==
        "files of more than one layout lie here (flyway: 2 files, own: 1 file): say which one "
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

TEST_CASE("a layout that nobody knows is an error that lists those that are known") {
  const auto choice = chosen("laravel", {"V1__a.sql"});
  CHECK(choice.tool == nullptr);
  CHECK(choice.trouble.starts_with(
      "repo.layout: 'laravel' is no layout that tidemark knows; it is one of auto, "));
  CHECK(choice.trouble.find(", flyway") != std::string::npos);
}
