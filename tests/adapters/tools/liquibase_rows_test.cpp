#include <doctest/doctest.h>

#include <algorithm>

#include "adapters/tools/discovery.h"
#include "tests/adapters/tools/polled.h"
#include "tests/adapters/tools/relations.h"
#include "tests/adapters/tools/statements.h"

using namespace tidemark;
using namespace tidemark::test;

namespace {

const TimePoint noon = *parse_time("2026-04-18T12:00:00Z");

const Tool& tool() {
  return *find_tool("liquibase");
}

Relation changelog(const std::string& name = "databasechangelog") {
  return table("public",
               name,
               {"id character varying(255)!",
                "author character varying(255)!",
                "filename character varying(255)!",
                "dateexecuted timestamp without time zone!",
                "orderexecuted integer!",
                "exectype character varying(10)!",
                "md5sum character varying(35)",
                "description character varying(255)",
                "comments character varying(255)",
                "tag character varying(255)",
                "liquibase character varying(20)",
                "contexts character varying(255)",
                "labels character varying(255)",
                "deployment_id character varying(10)"});
}

Relation lock(const std::string& name = "databasechangeloglock") {
  return table("public",
               name,
               {"id integer!",
                "locked boolean!",
                "lockgranted timestamp without time zone",
                "lockedby character varying(255)"},
               {"id"});
}

std::string verdict(const Relation& relation, std::vector<Relation> all) {
  all.push_back(relation);
  const auto [verdict, words] = tool().recognise(relation, all);
  switch (verdict) {
    case Recognition::Verdict::ledger:
      return words;
    case Recognition::Verdict::near_miss:
      return "near miss: " + words;
    case Recognition::Verdict::possible:
      return "possible: " + words;
    case Recognition::Verdict::if_named:
    case Recognition::Verdict::no:
      break;
  }
  return "no";
}

struct Ran {
  std::string id;
  std::string file = "db/a.sql";
  std::optional<std::string> md5sum{};
  std::string type = "EXECUTED";
};

Values values_of(const Ran& ran, int order) {
  const auto run = "2026-04-18 12:00:00 #" + std::to_string(order);
  return {ran.id, "Ana", ran.file, "1776513600000", run, ran.type, ran.md5sum, "sql"};
}

std::vector<Row> rows(const std::vector<Ran>& all) {
  std::vector<Values> values;
  for (const auto& ran : all) {
    values.push_back(values_of(ran, static_cast<int>(values.size()) + 1));
  }
  return rows_of(tool(), std::move(values));
}

std::string sum_of(const Files& files, const std::string& id, char version = '9') {
  for (const auto& migration : catalog_of(tool(), files).migrations) {
    for (const auto& checksum : migration.checksums.accepted) {
      if (migration.id.value == id && checksum.front() == version) {
        return checksum;
      }
    }
  }
  return "";
}

std::string file(const std::string& sets) {
  return "--liquibase formatted sql\n" + sets;
}

}  // namespace

TEST_CASE("Liquibase's table is recognised by its columns, old and new") {
  CHECK(verdict(changelog(), {lock()}) == "the columns of Liquibase");
  CHECK(verdict(changelog("history"), {lock("historylock")}) == "the columns of Liquibase");
  CHECK(verdict(changelog(), {}) ==
        "the columns of Liquibase; without the table of its lock beside it");
  auto old = changelog();
  old.columns.resize(11);
  column(old, "id").type = "character varying(63)";
  old.primary_key = {"id", "author", "filename"};
  CHECK(verdict(old, {lock()}) == "the columns of Liquibase; id is character varying(63)");
}

TEST_CASE("a table that Liquibase made up to version 3.1, with zones in its times, is one") {
  auto old = changelog();
  column(old, "dateexecuted").type = "timestamp with time zone";
  auto old_lock = lock();
  column(old_lock, "lockgranted").type = "timestamp(6) with time zone";
  CHECK(verdict(old, {old_lock}) == "the columns of Liquibase");
  CHECK(verdict(old, {lock()}) == "the columns of Liquibase");
  auto other = changelog();
  column(other, "dateexecuted").type = "time with time zone";
  CHECK(verdict(other, {lock()}).starts_with("near miss: "));
}

TEST_CASE("a table of Liquibase 1 that no later version has run on says what it lacks") {
  auto first = changelog();
  std::erase_if(first.columns, [](const Relation::Column& each) {
    return each.name == "orderexecuted" || each.name == "exectype" || each.name == "contexts" ||
           each.name == "labels" || each.name == "deployment_id";
  });
  column(first, "dateexecuted").type = "timestamp with time zone";
  column(first, "md5sum").type = "character varying(32)";
  CHECK(verdict(first, {lock()}) ==
        "near miss: looks like a Liquibase ledger, but column orderexecuted is missing and column "
        "exectype is missing");
}

TEST_CASE("what only looks like Liquibase's table says why it is none") {
  auto wrong = changelog();
  column(wrong, "orderexecuted").type = "bigint";
  CHECK(verdict(wrong, {lock()}) ==
        "near miss: looks like a Liquibase ledger, but orderexecuted is bigint instead of integer");
  auto view = changelog();
  view.kind = 'v';
  CHECK(verdict(view, {lock()}) ==
        "near miss: has the columns of a Liquibase ledger, but is a view");
  auto mixed = changelog();
  column(mixed, "md5sum").name = "MD5Sum";
  CHECK(verdict(mixed, {lock()}).starts_with("near miss"));
  CHECK(verdict(lock(), {changelog()}) == "no");
  CHECK(verdict(flyway_table(), {}) == "no");
  CHECK(verdict(table("public",
                      "books",
                      {"id integer!", "author text!", "filename text", "description text"}),
                {}) == "no");
}

TEST_CASE("no other tool takes Liquibase's tables for its own") {
  const auto found = recognise_ledgers(std::vector{changelog(), lock()});
  REQUIRE(found.ledgers.size() == 1);
  CHECK(found.ledgers.front().tool == &tool());
  CHECK(found.rejected.empty());
  CHECK(found.unread.empty());
}

TEST_CASE("a row is what ran, by the path that Liquibase compares") {
  const auto all = rows({{"One", "classpath:db\\A.sql", "9:0123456789abcdef0123456789abcdef"},
                         {"2", "db/a.sql", "0123456789abcdef0123456789abcdef", "RERAN"},
                         {"3", "db/a.sql", std::nullopt, "MARK_RAN"},
                         {"4", "db/a.sql", std::nullopt, "FAILED"},
                         {"5", "db/a.sql", std::nullopt, "SKIPPED"}});
  CHECK(all[0].key.value == "db/a.sql::one::ana");
  CHECK(all[0].id.value == "db/A.sql::One::Ana");
  CHECK(all[0].path_in_key == 8);
  CHECK(all[0].checksum == "9:0123456789abcdef0123456789abcdef");
  CHECK(all[0].token == "2026-04-18 12:00:00 #1");
  CHECK(all[0].at == noon);
  CHECK(all[0].description == "sql");
  CHECK_FALSE(all[1].checksum);  // of version 1
  CHECK(all[1].state == Row::State::applied);
  CHECK(all[2].state == Row::State::applied);
  CHECK(all[2].description == "sql (marked as ran, not executed)");
  CHECK(all[3].state == Row::State::failed);
  CHECK(all[4].state == Row::State::undone);
}

TEST_CASE("of several rows of one changeset the last one counts") {
  const auto all = rows({{"1"}, {"1", "/db/a.sql"}, {"2"}, {"1", "DB/A.SQL"}});
  CHECK(all[0].state == Row::State::undone);
  CHECK(all[1].state == Row::State::undone);
  CHECK(all[3].state == Row::State::applied);
}

TEST_CASE("rows of another shape are refused") {
  ResultSet answer;
  answer.rows = {{"1", "a"}};
  CHECK_FALSE(tool().rows(answer));
}

TEST_CASE("what is applied as it stands is verified, whichever version of Liquibase wrote it") {
  Files files{{"db/a.sql",
               file("--changeset Ana:1\nselect 1;\n--changeset Ana:2\nselect 2;\n"
                    "--changeset Ana:3\nselect 3;\n--changeset Ana:4\nselect 4;\n")}};
  const std::string id = "db/a.sql::";
  const auto after = poll(tool(),
                          files,
                          rows({{"1", "db/a.sql", sum_of(files, id + "1::Ana", '9')},
                                {"2", "db/a.sql", sum_of(files, id + "2::Ana", '8')},
                                {"3", "db/a.sql", "1:0123456789abcdef0123456789abcdef"}}));
  CHECK(after.states(Polled::By::id) ==
        "db/a.sql::1::Ana applied, db/a.sql::2::Ana applied, db/a.sql::3::Ana applied, "
        "db/a.sql::4::Ana pending");
  CHECK(after.standing.lines[0].cell.content == ContentVerdict::verified);
  CHECK(after.standing.lines[1].cell.content == ContentVerdict::verified);
  CHECK(after.standing.lines[2].cell.content == ContentVerdict::unverifiable);
  CHECK(after.standing.lines[3].cell.reason.empty());  // a late changeset simply runs
  CHECK(after.findings().empty());
}

TEST_CASE("a changed changeset is drift, unless it is one that runs again") {
  Files files{{"db/a.sql",
               file("--changeset Ana:1\nselect 1;\n--changeset Ana:2 runOnChange:true\n"
                    "select 2;\n")}};
  const std::string other = "9:0123456789abcdef0123456789abcdef";
  const auto after =
      poll(tool(), files, rows({{"1", "db/a.sql", other}, {"2", "db/a.sql", other, "RERAN"}}));
  CHECK(after.states(Polled::By::id) == "db/a.sql::1::Ana drifted, db/a.sql::2::Ana pending");
  CHECK(after.findings(Polled::By::id) == "checksum db/a.sql::1::Ana");
}

TEST_CASE("cleared checksums, rollback blocks, contexts and line endings are no drift") {
  Files files{{"db/a.sql", file("--changeset Ana:1\nselect 1;\n--changeset Ana:2\nselect 2;\n")}};
  const std::string id = "db/a.sql::";
  const auto one = sum_of(files, id + "1::Ana");
  const auto two = sum_of(files, id + "2::Ana");
  const auto records =
      poll(tool(), files, rows({{"1", "db/a.sql", one}, {"2", "db/a.sql", two}})).records;
  REQUIRE(records.size() == 2);
  CHECK(records.front().content.has_value());
  files["db/a.sql"] = file(
      "--changeset Ana:1 context:test\r\n--comment c\r\nselect 1;\r\n"
      "--rollback select 0;\r\n\r\n--changeset Ana:2\r\nselect  2;\r\n");
  const auto cleared = rows({{"1"}, {"2", "db/a.sql", two}});
  const auto after = poll(tool(), files, cleared, records);
  CHECK(after.states(Polled::By::id) == "db/a.sql::1::Ana applied, db/a.sql::2::Ana applied");
  CHECK(after.findings().empty());
  files["db/a.sql"] = file("--changeset Ana:1\nselect 1;\n--changeset Ana:2\nselect 3;\n");
  CHECK(poll(tool(), files, cleared, records).findings(Polled::By::id) ==
        "edited db/a.sql::2::Ana");
}

TEST_CASE("an upgrade that rewrites all checksums is no second application") {
  const Files files{{"db/a.sql", file("--changeset Ana:1\nselect 1;\n")}};
  const std::string id = "db/a.sql::1::Ana";
  const auto before = poll(tool(), files, rows({{"1", "db/a.sql", sum_of(files, id, '8')}}));
  const auto after =
      poll(tool(), files, rows({{"1", "db/a.sql", sum_of(files, id, '9')}}), before.records);
  REQUIRE(after.records.size() == before.records.size() + 1);
  CHECK(after.records.back().reason.starts_with("their ledger's checksum was rewritten"));
  CHECK(after.findings().empty());
}

TEST_CASE("a change that is no SQL is applied and unverifiable whatever its checksum") {
  const Files files{{"c.xml",
                     "<databaseChangeLog><changeSet id=\"1\" author=\"Ana\"><createTable "
                     "tableName=\"t\"/></changeSet></databaseChangeLog>"}};
  const auto after =
      poll(tool(), files, rows({{"1", "c.xml", "9:0123456789abcdef0123456789abcdef"}}));
  CHECK(after.states(Polled::By::id) == "c.xml::1::Ana applied");
  CHECK(after.standing.lines.front().cell.content == ContentVerdict::unverifiable);
  CHECK(after.findings().empty());
}

TEST_CASE("a path that begins elsewhere in the ledger names the same changeset") {
  const Files files{{"src/main/resources/db/changelog.xml",
                     "<databaseChangeLog><include file=\"a.sql\" relativeToChangelogFile=\"true\"/>"
                     "</databaseChangeLog>"},
                    {"src/main/resources/db/a.sql",
                     file("--changeset Ana:1\nselect 1;\n--changeset Ana:2\nselect 2;\n")}};
  const std::string path = "src/main/resources/db/a.sql::";
  const auto after = poll(
      tool(),
      files,
      rows({{"1", "db/a.sql", sum_of(files, path + "1::Ana")}, {"9", "db/a.sql", std::nullopt}}));
  CHECK(after.states(Polled::By::id) ==
        path + "1::Ana applied, " + path + "2::Ana pending, db/a.sql::9::Ana drifted");
  CHECK(after.findings(Polled::By::id) == "foreign db/a.sql::9::Ana");
}

TEST_CASE("a changeset for another database waits for nobody") {
  const Files files{{"db/a.sql", file("--changeset Ana:1 dbms:oracle\nselect 1 from dual;\n")}};
  CHECK(poll(tool(), files, rows({})).states(Polled::By::id) == "db/a.sql::1::Ana not_due skipped");
}

TEST_CASE("what Liquibase's ledger is asked is documented") {
  auto upper = changelog("DATABASECHANGELOG");
  for (auto& each : upper.columns) {
    std::ranges::transform(each.name, each.name.begin(), [](char c) {
      return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    });
  }
  CHECK(verdict(upper, {}).starts_with("the columns of Liquibase"));
  CHECK(tool().lock_table(upper) == "DATABASECHANGELOGLOCK");
  CHECK(tool().lock_table(changelog()) == "databasechangeloglock");
  for (auto relation : {changelog(), upper}) {
    CHECK(is_documented(tool().select_rows(relation)));
    CHECK(is_documented(*tool().select_lock(lock(tool().lock_table(relation)))));
    CHECK_FALSE(tool().select_tail(relation));
    relation.can_select_all = true;
    CHECK(is_documented(*tool().select_tail(relation)));
  }
}

TEST_CASE(
    "a file that an older Liquibase ran as one changeset is applied, with all that is in it") {
  const std::string sets = "--changeset Ana:1\nselect 1;\n--changeset Ana:2\nselect 2;\n";
  for (const std::string heading : {" --liquibase formatted sql\n",
                                    "--liquibase  formatted sql\n",
                                    "--LIQUIBASE FORMATTED SQL\n",
                                    "--liquibaseformatted sql\n",
                                    "\n-- liquibase formatted sql\n"}) {
    CAPTURE(heading);
    const Files files{{"db/a.sql", heading + sets}};
    auto whole = rows({{"raw", "db/a.sql", "8:0123456789abcdef0123456789abcdef"}});
    whole[0].key = {"db/a.sql::raw::includeall"};
    whole[0].id = {"db/a.sql::raw::includeAll"};
    const auto old = poll(tool(), files, whole);
    CHECK(old.states(Polled::By::id) ==
          "db/a.sql::1::Ana applied, db/a.sql::2::Ana applied, db/a.sql::raw::includeAll applied "
          "archived");
    CHECK(old.findings().empty());
    const auto fresh = poll(tool(), files, rows({{"1"}}));
    CHECK(fresh.states(Polled::By::id) == "db/a.sql::1::Ana applied, db/a.sql::2::Ana pending");
  }
  const Files plain{{"db/a.sql", file(sets)}};
  auto foreign = rows({{"raw"}});
  foreign[0].key = {"db/a.sql::raw::includeall"};
  const auto after = poll(tool(), plain, foreign);
  CHECK(after.findings() == "foreign db/a.sql::raw::includeall");
}
