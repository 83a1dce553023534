// What of a file tidemark would send to the server.

#include <doctest/doctest.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "adapters/tools/sections.h"
#include "adapters/tools/tool.h"

using namespace tidemark;

namespace {

using Action = Attempt::Action;

Result<ScriptText> script(const char* tool, std::string_view bytes, Action action = Action::apply) {
  return find_tool(tool)->script(bytes, action);
}

// Without what is blank at either end.
std::string runs(const char* tool, std::string_view bytes, Action action = Action::apply) {
  const auto made = script(tool, bytes, action);
  REQUIRE_MESSAGE(made, made.error().detail);
  CHECK(made->text.size() == bytes.size());  // every offset stays
  CHECK(std::ranges::count(made->text, '\n') == std::ranges::count(bytes, '\n'));
  const auto from = std::min(made->text.find_first_not_of(" \n"), made->text.size());
  return made->text.substr(from, made->text.find_last_not_of(" \n") + 1 - from);
}

std::string refused(const char* tool, std::string_view bytes, Action action = Action::apply) {
  const auto made = script(tool, bytes, action);
  REQUIRE_FALSE(made);
  CHECK(made.error().code == Errc::invalid);
  return made.error().detail;
}

constexpr std::string_view dbmate_file =
    "-- migrate:up\nCREATE TABLE a ();\n\n-- migrate:down\nDROP TABLE a;\n";
constexpr std::string_view goose_file =
    "-- about it\n-- +goose Up\n-- +goose StatementBegin\nCREATE TABLE a ();\n"
    "-- +goose StatementEnd\n-- +goose Down\nDROP TABLE a;\n";

}  // namespace

TEST_CASE("a file that is SQL is sent as it stands") {
  for (const auto* tool :
       {"own", "golang-migrate", "prisma", "supabase", "atlas", "flyway", "sqlx", "diesel"}) {
    CHECK(runs(tool, "CREATE TABLE a ();\n") == "CREATE TABLE a ();");
    CHECK_FALSE(script(tool, "SELECT 1")->outside_transaction);
  }
}

TEST_CASE("a file with another tool's sections is never sent whole") {
  const std::vector<std::pair<std::string_view, std::string_view>> lines{
      {"dbmate", "-- migrate:up"},
      {"dbmate", "--migrate:down transaction:false"},
      {"goose", "-- +goose Up"},
      {"goose", "  --+goose DOWN\r"},
      {"sql-migrate", "-- +migrate Down notransaction"},
      {"micrate", "-- +micrate Up"},
      {"tern", "---- create above / drop below ----"}};
  for (const auto* tool :
       {"own", "golang-migrate", "prisma", "supabase", "atlas", "flyway", "sqlx", "diesel"}) {
    for (const auto& [whose, line] : lines) {
      CAPTURE(line);
      const auto why =
          refused(tool, "CREATE TABLE a ();\n\n" + std::string(line) + "\nDROP TABLE a;\n");
      CHECK(why ==
            "line 3 begins a section of " + std::string(whose) +
                ": as plain SQL all sections would run one after the other; repo.layout: says "
                "whose files these are");
      const auto at_once = refused(tool, "\xEF\xBB\xBF" + std::string(line));
      CHECK(at_once.starts_with("line 1 begins "));
    }
  }
}

TEST_CASE("what only speaks of another tool's sections is SQL as it stands") {
  for (const std::string bytes : {"SELECT 1; -- +goose Down\n",
                                  "-- see -- migrate:down\n",
                                  "-- migrate:upwards\n",
                                  "-- +goose StatementBegin\n",
                                  "-- +migrated Up\n",
                                  "SELECT '-- migrate:up';\n",
                                  "---- create above / drop below ---- as tern has it\n"}) {
    CAPTURE(bytes);
    CHECK(script("own", bytes)->text == bytes);
  }
}

TEST_CASE("of a file with both ways only the section is sent, in its lines") {
  CHECK(runs("dbmate", dbmate_file) == "CREATE TABLE a ();");
  CHECK(runs("dbmate", dbmate_file, Action::rollback) == "DROP TABLE a;");
  CHECK(runs("goose", goose_file) == "CREATE TABLE a ();");
  CHECK(runs("goose", goose_file, Action::rollback) == "DROP TABLE a;");
}

TEST_CASE("goose reads what is written for it in either case") {
  const auto lower = "-- +goose up\nCREATE TABLE a ();\n-- +goose down\nDROP TABLE a;\n";
  CHECK(runs("goose", lower) == "CREATE TABLE a ();");
  CHECK(runs("goose", lower, Action::rollback) == "DROP TABLE a;");
  CHECK(find_tool("goose")->entries("1_a.sql", lower).front().rolls_back);
  CHECK(script("goose", "-- +goose no transaction\n-- +goose up\nVACUUM;")->outside_transaction);
  CHECK(refused("goose", "-- +goose Up\n--+goose envsub on\nSELECT '${A}'").find("ENVSUB") !=
        std::string::npos);
}

TEST_CASE("a file that asks for no transaction gets none") {
  CHECK(script("dbmate", "-- migrate:up transaction:false\nVACUUM;")->outside_transaction);
  CHECK_FALSE(script("dbmate", "-- migrate:up\nVACUUM;\n-- migrate:down transaction:false\n")
                  ->outside_transaction);
  CHECK(script("goose", "-- +goose NO TRANSACTION\n-- +goose Up\nVACUUM;")->outside_transaction);
  CHECK(script("sqlx", "-- no-transaction\nVACUUM;")->outside_transaction);
  CHECK(script("sqlx", "-- no-transaction: why\r\nVACUUM;", Action::rollback)->outside_transaction);
  CHECK_FALSE(script("sqlx", "\n-- no-transaction\nVACUUM;")->outside_transaction);
  CHECK_FALSE(script("sqlx", "\xEF\xBB\xBF-- no-transaction\nVACUUM;")->outside_transaction);
  CHECK(script("atlas", "-- atlas:txmode none\n\nVACUUM;")->outside_transaction);
}

TEST_CASE("what only its own tool can make SQL of is refused with the reason") {
  CHECK(refused("flyway", "CREATE TABLE ${name} ()").find("placeholders") != std::string::npos);
  CHECK(refused("goose", "-- +goose ENVSUB ON\n-- +goose Up\nSELECT 1").find("ENVSUB") !=
        std::string::npos);
  CHECK(refused("atlas", "-- atlas:txtar\n\n-- migration.sql --\nSELECT 1").find("archive") !=
        std::string::npos);
  CHECK(refused("atlas", "-- atlas:delimiter \\n\\n\nSELECT 1").find("delimiter") !=
        std::string::npos);
  for (const auto* tool : {"rails", "django", "liquibase", "alembic", "knex", "sqitch", "ecto"}) {
    CHECK(refused(tool, "SELECT 1") == std::string("tidemark watches what ") + tool +
                                           " applies, and cannot apply it: its files are no SQL "
                                           "as they stand");
  }
}

TEST_CASE("a file without the section is refused, and one with two") {
  CHECK(refused("dbmate", "SELECT 1") == "it has no section for up");
  CHECK(refused("goose", "-- +goose Up\nSELECT 1", Action::rollback) ==
        "it has no section for down");
  CHECK(refused("dbmate", "-- migrate:up\n-- migrate:down\n-- migrate:up\n") ==
        "it has several sections for up: make it one");
}

TEST_CASE("a file that says what takes it back has a rollback") {
  for (const auto& [tool, name, text] : {std::tuple{"dbmate", "20260101000000_a.sql", dbmate_file},
                                         std::tuple{"goose", "00001_a.sql", goose_file}}) {
    const auto entries = find_tool(tool)->entries(name, text);
    REQUIRE(entries.size() == 1);
    CHECK(entries.front().rolls_back);
    const ScannedFile file{name, content_of(text), entries};
    const auto catalog = make_catalog(tool, std::span(&file, 1));
    REQUIRE(catalog.migrations.front().rollback);
    CHECK(catalog.migrations.front().rollback->file == name);
    const auto without = find_tool(tool)->entries(name, text.substr(0, text.find("DROP") - 20));
    CHECK_FALSE(without.front().rolls_back);
  }
}
