#include "adapters/tools/custom.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/adapters/tools/relations.h"
#include "tests/adapters/tools/statements.h"

using namespace tidemark;
using namespace tidemark::test;

namespace {

const CustomColumns all{.key = "name",
                        .version = "rev",
                        .checksum = "sha",
                        .algorithm = "sha256",
                        .applied_at = "ts",
                        .applied_by = "who",
                        .success_column = "status",
                        .success_equals = "ok"};

Relation changes() {
  return table("ops",
               "changes",
               {"name text!",
                "rev integer",
                "sha bytea",
                "ts timestamp with time zone",
                "who text",
                "status text"});
}

std::vector<Row> rows(const CustomColumns& columns, const std::vector<std::string>& values) {
  ResultSet answer;
  answer.rows.emplace_back(values.begin(), values.end());
  return *custom_ledger(columns)->rows(answer);
}

}  // namespace

TEST_CASE("a table with the columns that the config names is the ledger") {
  const auto recognition = custom_ledger(all)->recognise(changes(), {});
  CHECK(recognition.verdict == Recognition::Verdict::ledger);
  CHECK(recognition.words == "its columns are those that the config names");
}

TEST_CASE("a column that is not there, or cannot be what it is said to be, is told") {
  auto table = changes();
  table.columns[0].name = "Name";
  column(table, "ts").type = "text";
  column(table, "sha").type = "boolean";
  const auto recognition = custom_ledger(all)->recognise(table, {});
  CHECK(recognition.verdict == Recognition::Verdict::near_miss);
  CHECK(recognition.words ==
        "has no column name, which key names and has a checksum expected in column sha, which "
        "checksum names, and it is boolean and has a time expected in column ts, which applied_at "
        "names, and it is text");
}

TEST_CASE("the names of the columns are values beside a statement that is documented") {
  const auto tool = custom_ledger(all);
  auto relation = changes();
  const auto query = tool->select_rows(relation);
  CHECK(query.values ==
        std::vector<std::optional<std::string>>{"name", "rev", "sha", "ts", "who", "status"});
  CHECK(is_documented(query));
  CHECK_FALSE(tool->select_tail(relation));
  relation.can_select_all = true;
  CHECK(is_documented(*tool->select_tail(relation)));
  relation.kind = 'v';
  CHECK(is_documented(tool->select_rows(relation)));
  CHECK_FALSE(tool->select_tail(relation));
}

TEST_CASE("a row says what its columns say") {
  const auto row = rows(
      all, {"144_tax.sql", "144", "\\xABCD", "2026-04-18T14:22:00.5+02:00", "ana", "ok", "777"})[0];
  CHECK(row.key == Key{"144_tax.sql"});
  CHECK(row.any_name);
  CHECK(row.version == Version::parse("144"));
  CHECK(row.checksum == "sha256:abcd");
  CHECK(row.at == parse_time("2026-04-18T12:22:00.5Z"));
  CHECK(row.by == "ana");
  CHECK(row.state == Row::State::applied);
  CHECK(row.token == "777");
}

TEST_CASE("a row whose status is another one has failed") {
  CHECK(rows(all, {"1", "", "", "", "", "broken", ""})[0].state == Row::State::failed);
  auto always = all;
  always.success_column.clear();
  CHECK(rows(always, {"1", "", "", "", "", "broken", ""})[0].state == Row::State::applied);
}

TEST_CASE("a time without a zone is taken for UTC, and what is no time for none") {
  const auto at = [](const std::string& text) {
    return rows(all, {"1", "", "", text, "", "ok", ""})[0].at;
  };
  CHECK(at("2026-04-18T14:22:00") == parse_time("2026-04-18T14:22:00Z"));
  CHECK(at("2026-04-18") == parse_time("2026-04-18T00:00:00Z"));
  CHECK_FALSE(at("infinity"));
}

TEST_CASE("rows come in the order in which they were applied, otherwise by version") {
  ResultSet answer;
  for (const auto* version : {"10", "9"}) {
    answer.rows.push_back({version, version, std::nullopt, std::nullopt, std::nullopt, "ok", ""});
  }
  answer.rows.push_back({std::nullopt, "1", std::nullopt, std::nullopt, std::nullopt, "ok", ""});
  const auto sorted = *custom_ledger(all)->rows(answer);
  REQUIRE(sorted.size() == 2);  // what names nothing is no migration
  CHECK(sorted[0].key.value == "9");
  CHECK_FALSE(sorted[0].checksum);
}

TEST_CASE("a file's checksum may be of any line endings, and of a file without its mark") {
  const auto sha256_of = [](const std::string& text) { return "sha256:" + sha256(text).hex(); };
  const auto checksums = custom_checksums("sha256",
                                          "\xEF\xBB\xBF"
                                          "a\r\nb\n");
  for (const std::string form : {"\xEF\xBB\xBF"
                                 "a\r\nb\n",
                                 "a\r\nb\n",
                                 "a\nb\n",
                                 "a\r\nb\r\n"}) {
    CHECK(std::ranges::find(checksums, sha256_of(form)) != checksums.end());
  }
  CHECK(custom_checksums("md5", "")[0] == "md5:d41d8cd98f00b204e9800998ecf8427e");
  CHECK(custom_checksums("sha1", "abc")[0] == "sha1:a9993e364706816aba3e25717850c26c9cd0d89d");
}

TEST_CASE("a CRC-32 may be kept with a sign or without") {
  auto columns = all;
  columns.algorithm = "crc32";
  const auto of_file = custom_checksums("crc32", "a");
  CHECK(of_file[0] == "crc32:3904355907");
  CHECK(rows(columns, {"1", "", "3904355907", "", "", "ok", ""})[0].checksum == of_file[0]);
  CHECK(rows(columns, {"1", "", "-390611389", "", "", "ok", ""})[0].checksum == of_file[0]);
}

TEST_CASE("every algorithm that the config may name computes something") {
  for (const auto algorithm : custom_algorithms()) {
    CAPTURE(algorithm);
    CHECK(custom_checksums(algorithm, "x").size() == 1);
  }
}
