#include <doctest/doctest.h>

#include "adapters/tools/flyway_ledger.h"
#include "tests/adapters/tools/polled.h"

using namespace tidemark;
using namespace tidemark::test;

namespace {

using State = Row::State;

// A row of Flyway's table; the rank is its place in the list.
struct Their {
  std::optional<std::string> version;
  std::string description;
  std::string type = "SQL";
  std::string script;
  std::optional<std::string> checksum = "4711";
  bool success = true;
};

Their sql(std::string version, std::string description = "x") {
  Their row{std::move(version), std::move(description), "SQL", "", "4711", true};
  row.script = "V" + *row.version + "__" + row.description + ".sql";
  return row;
}
Their repeatable(std::string description, std::string checksum = "4711") {
  return {
      std::nullopt, description, "SQL", "R__" + description + ".sql", std::move(checksum), true};
}
Their undo(std::string version) {
  return {version, "x", "UNDO_SQL", "U" + version + "__x.sql", "1", true};
}
Their deleted(std::optional<std::string> version, std::string description = "x") {
  return {std::move(version), std::move(description), "DELETE", "", std::nullopt, true};
}
Their failed(Their row) {
  row.success = false;
  return row;
}
Their of_type(std::string type, Their row) {
  row.type = std::move(type);
  return row;
}

std::vector<Row> read(const std::vector<Their>& theirs) {
  ResultSet answer;
  int rank = 0;
  for (const auto& row : theirs) {
    answer.rows.push_back({std::to_string(++rank),
                           row.version,
                           row.description,
                           row.type,
                           row.script,
                           row.checksum,
                           "ana",
                           "1776522120123",
                           row.success ? "t" : "f"});
  }
  auto rows = flyway_rows(answer);
  REQUIRE(rows);
  return *rows;
}

// "key state" for each row: what most of these sentences are about.
std::vector<std::string> states(const std::vector<Their>& theirs) {
  std::vector<std::string> told;
  for (const auto& row : read(theirs)) {
    told.push_back(row.key.value + " " + std::string(to_string(row.state)));
  }
  return told;
}

using Told = std::vector<std::string>;

}  // namespace

TEST_CASE("a row of type SQL with a version is that migration, applied") {
  const auto rows = read({sql("2", "orders")});
  REQUIRE(rows.size() == 1);
  const Row& row = rows.front();
  CHECK(row.key.value == "2");
  CHECK(row.id.value == "V2__orders");
  CHECK(row.kind == MigrationKind::versioned);
  CHECK(row.version == Version::parse("2"));
  CHECK(row.version_text == "2");
  CHECK(row.description == "orders");
  CHECK(row.state == State::applied);
  CHECK(row.at == parse_time("2026-04-18T14:22:00.123Z"));
  CHECK(row.by == "ana");
  CHECK(row.checksum == "4711");
  CHECK(row.token == "1");
}

TEST_CASE("a row finds its file whatever zeros its version is written with") {
  CHECK(states({sql("1.0")}) == Told{"1 applied"});
  CHECK(states({sql("001")}) == Told{"1 applied"});
  CHECK(read({sql("001")}).front().version_text == "001");
}

TEST_CASE("a row of type SQL without a version is a repeatable, known by its description") {
  const auto rows = read({repeatable("all views")});
  REQUIRE(rows.size() == 1);
  CHECK(rows.front().key.value == "R__all views");
  CHECK(rows.front().kind == MigrationKind::repeatable);
  CHECK(rows.front().version.empty());
  CHECK(rows.front().checksum == "4711");
}

TEST_CASE("a version that is empty text instead of NULL is none") {
  auto row = repeatable("views");
  row.version = "";
  CHECK(states({row}) == Told{"R__views applied"});
}

TEST_CASE("the row that says that Flyway made the schemas is no migration") {
  CHECK(
      states(
          {{std::nullopt, "<< Flyway Schema Creation >>", "SCHEMA", "\"app\"", std::nullopt, true},
           sql("1")}) == Told{"1 applied"});
}

TEST_CASE("a baseline row stands for what is below it and is never a migration's") {
  for (const auto* type : {"BASELINE", "INIT"}) {
    CAPTURE(type);
    const auto rows =
        read({{"3.0", "<< Flyway Baseline >>", type, "<< Flyway Baseline >>", std::nullopt, true},
              sql("3")});
    REQUIRE(rows.size() == 2);
    CHECK(rows[0].key.value == "baseline:3");
    CHECK(rows[0].id.value == "baseline 3.0");
    CHECK(rows[0].kind == MigrationKind::baseline);
    CHECK(rows[0].state == State::baseline);
    CHECK(rows[0].version == Version::parse("3"));
    CHECK_FALSE(rows[0].checksum);
    CHECK(rows[1].state == State::applied);
  }
}

TEST_CASE(
    "a baseline script was applied, and is another migration than the version that it stands for") {
  for (const auto* type : {"SQL_BASELINE", "SQL_STATE_SCRIPT"}) {
    CAPTURE(type);
    const auto rows = read({{"3", "all", type, "B3__all.sql", "99", true}});
    REQUIRE(rows.size() == 1);
    CHECK(rows.front().key.value == "B3");
    CHECK(rows.front().id.value == "B3__all");
    CHECK(rows.front().kind == MigrationKind::baseline);
    CHECK(rows.front().state == State::applied);
    CHECK(rows.front().checksum == "99");
  }
}

TEST_CASE("whatever a baseline was, it stands for what is below it") {
  for (const auto* type : {"SQL_BASELINE",
                           "JDBC_BASELINE",
                           "SCRIPT_BASELINE",
                           "SQL_STATE_SCRIPT",
                           "JDBC_STATE_SCRIPT",
                           "SQL_IBASE",
                           "JDBC_IBASE"}) {
    CAPTURE(type);
    const auto rows = read({{"3", "all", type, "B3__all.sql", "99", true}});
    REQUIRE(rows.size() == 1);
    CHECK(rows.front().key.value == "B3");
    CHECK(rows.front().kind == MigrationKind::baseline);
    CHECK(rows.front().state == State::applied);
    CHECK(rows.front().checksum.has_value() == std::string_view(type).starts_with("SQL"));
    CHECK(states({{"3", "all", type, "", "99", true}, deleted("3")}) == Told{"B3 undone"});
  }
}

TEST_CASE("success = false is failed") {
  CHECK(states({sql("1"), failed(sql("2"))}) == Told{"1 applied", "2 failed"});
  CHECK(states({failed(repeatable("views"))}) == Told{"R__views failed"});
}

TEST_CASE("an undo ends the version that it undid and is no migration itself") {
  CHECK(states({sql("1"), sql("2"), undo("2")}) == Told{"1 applied", "2 undone"});
  for (const auto* type :
       {"UNDO_SQL", "UNDO_JDBC", "UNDO_SPRING_JDBC", "UNDO_SCRIPT", "UNDO_CUSTOM"}) {
    CAPTURE(type);
    CHECK(states({sql("2"), of_type(type, undo("2"))}) == Told{"2 undone"});
  }
}

TEST_CASE("an undo finds its version however that is written") {
  CHECK(states({sql("2.0"), undo("2")}) == Told{"2 undone"});
}

TEST_CASE("a version that was undone and applied again is applied") {
  CHECK(states({sql("2"), undo("2"), sql("2")}) == Told{"2 undone", "2 applied"});
  CHECK(states({sql("2"), undo("2"), sql("2"), undo("2")}) == Told{"2 undone", "2 undone"});
}

TEST_CASE("an undo leaves a repeatable and a baseline alone") {
  CHECK(states({{"2", "b", "SQL_BASELINE", "B2__b.sql", "1", true}, undo("2")}) ==
        Told{"B2 applied"});
  CHECK(states({undo("2"), sql("2")}) == Told{"2 applied"});
}

TEST_CASE("an undo that failed leaves its version failed, and says so") {
  const auto rows = read({sql("1"), sql("2", "orders"), failed(undo("2"))});
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].state == State::applied);
  CHECK(rows[1].state == State::failed);
  CHECK(rows[1].description == "orders (its undo failed: U2__x.sql)");
  CHECK(rows[1].token == "2");
}

TEST_CASE("a failed undo that was tried again with success ends the version") {
  CHECK(states({sql("2"), failed(undo("2")), undo("2")}) == Told{"2 undone"});
  CHECK(states({sql("2"), failed(undo("2")), undo("2"), sql("2")}) ==
        Told{"2 undone", "2 applied"});
}

TEST_CASE("repair's delete marker ends the last run of its version") {
  CHECK(states({sql("1"), sql("2"), deleted("2")}) == Told{"1 applied", "2 undone"});
  CHECK(states({sql("2.0"), deleted("2")}) == Told{"2 undone"});
  CHECK(states({sql("2"), deleted("2"), sql("2")}) == Told{"2 undone", "2 applied"});
}

TEST_CASE("repair's delete marker without a version ends the repeatable of its description") {
  CHECK(states({repeatable("a"), repeatable("b"), deleted(std::nullopt, "a")}) ==
        Told{"R__a undone", "R__b applied"});
  CHECK(states({repeatable("a"), repeatable("a"), deleted(std::nullopt, "a")}) ==
        Told{"R__a undone", "R__a undone"});
}

TEST_CASE("a delete marker ends a baseline script too, but not a baseline") {
  CHECK(states({{"2", "b", "SQL_BASELINE", "B2__b.sql", "1", true}, deleted("2")}) ==
        Told{"B2 undone"});
  CHECK(states({{"2", "", "BASELINE", "", std::nullopt, true}, deleted("2")}) ==
        Told{"baseline:2 baseline"});
  CHECK(states({{"2", "b", "SQL_BASELINE", "B2__b.sql", "1", true}, sql("2"), deleted("2")}) ==
        Told{"B2 applied", "2 undone"});
}

TEST_CASE("a delete marker speaks of what still counts, not of what was undone before") {
  const Their baseline{"2", "b", "SQL_BASELINE", "B2__b.sql", "1", true};
  CHECK(states({baseline, sql("2"), undo("2"), deleted("2")}) == Told{"B2 undone", "2 undone"});
}

TEST_CASE("a delete marker that speaks of nothing is no trouble") {
  CHECK(states({deleted("9"), sql("1"), deleted(std::nullopt, "z")}) == Told{"1 applied"});
  CHECK(states({sql("1"), failed(deleted("1"))}) == Told{"1 applied"});
}

TEST_CASE("only the last run of a repeatable counts") {
  const auto rows = read({repeatable("views", "1"), sql("1"), repeatable("views", "2")});
  REQUIRE(rows.size() == 3);
  CHECK(rows[0].state == State::undone);
  CHECK(rows[2].state == State::applied);
  CHECK(rows[2].checksum == "2");
  CHECK(rows[2].token == "3");
}

TEST_CASE("a repeatable that failed on its second run is failed") {
  CHECK(states({repeatable("views"), failed(repeatable("views"))}) ==
        Told{"R__views undone", "R__views failed"});
}

TEST_CASE("of two rows of one version the newer counts") {
  CHECK(states({failed(sql("2")), sql("2")}) == Told{"2 undone", "2 applied"});
}

TEST_CASE("rows stay in the order of their rank, also when a lower version came later") {
  CHECK(states({sql("1"), sql("3"), sql("2")}) == Told{"1 applied", "3 applied", "2 applied"});
}

TEST_CASE("a checksum that is NULL is none") {
  auto row = sql("1");
  row.checksum.reset();
  CHECK_FALSE(read({row}).front().checksum);
}

TEST_CASE("the checksum of what was no SQL file is not compared with one") {
  for (const auto* type : {"JDBC", "SPRING_JDBC", "SCRIPT", "CUSTOM", "SOMETHING_NEW"}) {
    CAPTURE(type);
    const auto rows = read({of_type(type, sql("1"))});
    CHECK(rows.front().state == State::applied);
    CHECK_FALSE(rows.front().checksum);
  }
}

TEST_CASE("what a class applied later makes a file of SQL late, and is no line of its own") {
  auto rows = read({sql("1"), of_type("JDBC", sql("5"))});
  rows.front().checksum.reset();
  const Files files{{"V1__x.sql", "a"}, {"V4__b.sql", "b"}};
  CHECK(poll(*find_tool("flyway"), files, std::move(rows)).states() ==
        "1 applied, 4 pending out_of_order");
}

TEST_CASE("a row is called what its script was called, without folders and suffix") {
  const auto id = [](std::string script, std::string type = "SQL") {
    Their row = sql("147", "hotfix idx");
    row.script = std::move(script);
    row.type = std::move(type);
    return read({row}).front().id.value;
  };
  CHECK(id("V147__hotfix_idx.sql") == "V147__hotfix_idx");
  CHECK(id("2026/04/V147__hotfix_idx.sql") == "V147__hotfix_idx");
  CHECK(id("db\\migration\\V147__hotfix_idx.SQL") == "V147__hotfix_idx");
  CHECK(id("V0147__hotfix_idx.sql") == "V0147__hotfix_idx");
  CHECK(id("db.migration.V147__hotfix_idx", "JDBC") == "V147__hotfix_idx");
  CHECK(id("V147__hotfix_idx.sh", "SCRIPT") == "V147__hotfix_idx");
}

TEST_CASE("a row whose description `repair` took from a renamed file is called as that is") {
  auto row = sql("147", "hotfix index");
  row.script = "V147__hotfix_idx.sql";
  CHECK(read({row}).front().id.value == "V147__hotfix_index");
  row.script = "V0147__hotfix_index.sql";
  CHECK(read({row}).front().id.value == "V0147__hotfix_index");
}

TEST_CASE("a row without a script that says so is called by its version and description") {
  const auto id = [](Their row, std::string script) {
    row.script = std::move(script);
    return read({row}).front().id.value;
  };
  CHECK(id(sql("147", "hotfix idx"), "") == "V147__hotfix_idx");
  CHECK(id(sql("147", "hotfix idx"), "migrate/0147.sql") == "V147__hotfix_idx");
  CHECK(id(sql("147", "hotfix idx"), "V146__other.sql") == "V147__hotfix_idx");
  CHECK(id(sql("147", ""), "") == "V147");
  CHECK(id(repeatable("all views"), "") == "R__all_views");
}

TEST_CASE("a version that is none to Flyway keeps its row, and the others") {
  const auto rows = read({sql("1"), sql("2026-hotfix"), sql("abc"), sql("2")});
  REQUIRE(rows.size() == 4);
  CHECK(rows[1].key.value == "2026-hotfix");
  CHECK(rows[2].key.value == "abc");
  CHECK(rows[2].version.empty());
  CHECK(rows[3].key.value == "2");
}

TEST_CASE("a row without a time or with one that is none has no time") {
  ResultSet answer;
  answer.rows.push_back({"1", "1", "x", "SQL", "", "1", "ana", std::nullopt, "t"});
  answer.rows.push_back({"2", "2", "x", "SQL", "", "1", "ana", "soon", "t"});
  const auto rows = flyway_rows(answer);
  REQUIRE(rows);
  CHECK_FALSE(rows->at(0).at);
  CHECK_FALSE(rows->at(1).at);
}

TEST_CASE("a row whose time no date can be written for has no time") {
  for (const auto& [on_ms, told] : {std::pair{"253402300799999", true},  // the end of 9999
                                    std::pair{"253402300800000", false},
                                    std::pair{"17000000000000001", false},
                                    std::pair{"9223372036854775807", false},
                                    std::pair{"-62167219200000", true},  // the begin of 0000
                                    std::pair{"-62167219200001", false},
                                    std::pair{"-9223372036854775808", false}}) {
    INFO(on_ms);
    ResultSet answer;
    answer.rows.push_back({"1", "1", "x", "SQL", "V1__x.sql", "4711", "ana", on_ms, "t"});
    const auto rows = flyway_rows(answer);
    REQUIRE(rows);
    CHECK(rows->front().at.has_value() == told);
    CHECK((!told || parse_time(format_time(*rows->front().at)) == rows->front().at));
  }
}

TEST_CASE("an empty ledger has no rows") {
  CHECK(read({}).empty());
}

TEST_CASE("an answer of another width is an error and not a guess") {
  ResultSet answer;
  answer.rows.push_back({"1", "1", "x"});
  const auto rows = flyway_rows(answer);
  REQUIRE_FALSE(rows);
  CHECK(rows.error().code == Errc::broken);
}
