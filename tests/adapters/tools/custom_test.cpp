#include "adapters/tools/custom.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "adapters/tools/hash.h"
#include "tests/adapters/tools/polled.h"
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

const CustomColumns mark{.key = "version",
                         .version = "",
                         .checksum = "",
                         .algorithm = "",
                         .applied_at = "",
                         .applied_by = "",
                         .success_column = "",
                         .success_equals = "",
                         .rows = CustomColumns::Rows::last};

const Files numbered{{"001_users.sql", "1"}, {"002_orders.sql", "2"}, {"010_tax.sql", "10"}};

// Rows of a table with a mark in it, as the server answers: "7", or "7 2026-04-18".
std::vector<Row> marks(const Strings& texts, const CustomColumns& columns = mark) {
  std::vector<Values> values;
  for (const auto& text : texts) {
    const auto blank = text.find(' ');
    const auto time =
        blank == std::string::npos ? std::nullopt : std::optional(text.substr(blank + 1));
    values.push_back({text.substr(0, blank), {}, {}, time, {}, {}, std::to_string(values.size())});
  }
  return rows_of(*custom_ledger(columns), std::move(values));
}

Polled polled(std::vector<Row> rows,
              std::vector<Record> records = {},
              const Files& files = numbered) {
  return poll(*find_tool("own"), files, std::move(rows), std::move(records));
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
        "has no column name, which key names and has the sha256 of a file expected in column sha, "
        "which checksum names, and it is boolean and has a time expected in column ts, which "
        "applied_at names, and it is text");
}

TEST_CASE("each role has its types, and what people made themselves may be of any") {
  const auto words = [](const CustomColumns& columns, std::string_view name, std::string type) {
    auto relation = changes();
    column(relation, name).type = std::move(type);
    const auto recognition = custom_ledger(columns)->recognise(relation, {});
    return recognition.verdict == Recognition::Verdict::ledger ? "" : recognition.words;
  };
  const auto of = [](std::string algorithm) {
    auto columns = all;
    columns.algorithm = std::move(algorithm);
    return columns;
  };
  for (const std::string type : {"text",
                                 "character varying(80)",
                                 "character(80)",
                                 "name",
                                 "bigint",
                                 "smallint",
                                 "numeric(20,0)",
                                 "uuid",
                                 "public.citext",
                                 "ops.step"}) {
    CHECK(words(all, "name", type).empty());
    CHECK(words(all, "rev", type).empty());
  }
  for (const std::string type :
       {"boolean", "timestamp with time zone", "date", "jsonb", "bytea", "text[]"}) {
    CHECK(words(all, "name", type) ==
          "has a name or a number expected in column name, which key names, and it is " + type);
    CHECK(words(all, "rev", type) ==
          "has a version expected in column rev, which version names, and it is " + type);
  }
  for (const std::string type : {"text", "character(64)", "bytea", "ops.sha"}) {
    for (const auto algorithm : custom_algorithms()) {
      CHECK(words(of(std::string(algorithm)), "sha", type).empty());
    }
  }
  for (const std::string type : {"bigint", "integer", "numeric"}) {
    CHECK(words(of("crc32"), "sha", type).empty());
    CHECK(words(all, "sha", type) ==
          "has the sha256 of a file expected in column sha, which checksum names, and it is " +
              type);
  }
  CHECK(words(of("md5"), "sha", "uuid").empty());
  CHECK_FALSE(words(of("sha1"), "sha", "uuid").empty());
  for (const std::string type : {"timestamp(3) without time zone", "date", "ops.moment"}) {
    CHECK(words(all, "ts", type).empty());
  }
  CHECK_FALSE(words(all, "ts", "bigint").empty());
}

TEST_CASE("a boolean says true or false, and no other word") {
  auto relation = changes();
  column(relation, "status").type = "boolean";
  auto columns = all;
  CHECK(custom_ledger(columns)->recognise(relation, {}).words ==
        "has a boolean in column status, which success names, so that equals is true or false and "
        "not ok");
  for (const std::string word : {"true", "false"}) {
    columns.success_equals = word;
    CHECK(custom_ledger(columns)->recognise(relation, {}).verdict == Recognition::Verdict::ledger);
  }
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
  const std::string upper(64, 'A');
  const auto row = rows(
      all,
      {"144_tax.sql", "144", "\\x" + upper, "2026-04-18T14:22:00.5+02:00", "ana", "ok", "777"})[0];
  CHECK(row.key == Key{"144_tax.sql"});
  CHECK(row.any_name);
  CHECK(row.version == Version::parse("144"));
  CHECK(row.checksum == "sha256:" + std::string(64, 'a'));
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

TEST_CASE("a CRC-32 may be kept in its eight digits") {
  auto columns = all;
  columns.algorithm = "crc32";
  const auto of_file = custom_checksums("crc32", "a");  // 0xE8B7BE43
  for (const std::string stored : {"e8b7be43", "E8B7BE43", "\\xe8b7be43"}) {
    const auto row = rows(columns, {"1", "", stored, "", "", "ok", ""})[0];
    REQUIRE(row.checksum);
    CHECK(std::ranges::find(of_file, *row.checksum) != of_file.end());
  }
}

TEST_CASE("a CRC-32 may be kept without the zeros in front of its digits") {
  auto columns = all;
  columns.algorithm = "crc32";
  const auto accepts = [&](const std::string& bytes, const std::string& stored) {
    const auto of_file = custom_checksums("crc32", bytes);
    const auto row = rows(columns, {"1", "", stored, "", "", "ok", ""})[0];
    return row.checksum && std::ranges::find(of_file, *row.checksum) != of_file.end();
  };
  const std::string text = "file 1";
  REQUIRE(crc32_of(text) == 0x00FB3D30);
  CHECK(accepts(text, "fb3d30"));
  CHECK(accepts(text, "FB3D30"));
  CHECK(accepts(text, "00fb3d30"));
  CHECK_FALSE(accepts(text, "fb3d31"));
  CHECK(accepts("", "0"));
  CHECK(accepts("", "00000000"));
}

TEST_CASE("what types of a fixed length put behind a value is no part of it") {
  const std::string sha(64, 'b');
  const auto row = rows(all, {"1.sql   ", "1  ", sha + "  ", "", "ana ", "ok  ", "7"})[0];
  CHECK(row.key.value == "1.sql");
  CHECK(row.id.value == "1.sql");
  CHECK(row.version_text == "1");
  CHECK(row.checksum == "sha256:" + sha);
  CHECK(row.by == "ana");
  CHECK(row.state == Row::State::applied);
}

TEST_CASE("an MD5 may be kept as a uuid") {
  auto columns = all;
  columns.algorithm = "md5";
  CHECK(rows(columns, {"1", "", "d41d8cd9-8f00-b204-e980-0998ecf8427e", "", "", "ok", ""})[0]
            .checksum == custom_checksums("md5", "")[0]);
}

TEST_CASE("checksums of another algorithm are a clear error, odd ones and a single one are none") {
  const std::string md5 = "d41d8cd98f00b204e9800998ecf8427e";
  const std::string sha(64, 'c');
  const auto read = [](const CustomColumns& columns, const Strings& stored) {
    ResultSet answer;
    for (const auto& each : stored) {
      answer.rows.push_back({"1", "", each, std::nullopt, std::nullopt, "ok", each});
    }
    return custom_ledger(columns)->rows(answer);
  };
  const auto wrong = read(all, {md5, ""});
  REQUIRE_FALSE(wrong);
  CHECK(wrong.error().code == Errc::invalid);
  CHECK(wrong.error().detail ==
        "by the config column sha has the sha256 of a file, of 64 digits, and no row has one: 32 "
        "digits are the most, as of md5");
  CHECK_FALSE(read(all, {"none", md5}));
  CHECK_FALSE(read(all, {std::string(32, 'z'), md5}));
  for (const std::string odd : {"none", "manual", "not a hash at all", "abc"}) {
    CAPTURE(odd);
    const auto unknown = read(all, {odd});
    REQUIRE(unknown);
    CHECK_FALSE(unknown->front().checksum);
  }
  CHECK(read(all, {std::string(32, 'z')}));  // as long as an MD5 is
  CHECK(read(all, {"", ""}));
  CHECK(read(all, {}));
  const auto mixed = read(all, {md5, sha});
  REQUIRE(mixed);
  CHECK(std::ranges::count_if(*mixed, [](const Row& row) { return !row.checksum; }) == 1);
  auto md5s = all;
  md5s.algorithm = "md5";
  CHECK(read(md5s, {md5}));
  CHECK_FALSE(read(md5s, {sha}));
  auto crc = all;
  crc.algorithm = "crc32";
  CHECK_FALSE(read(crc, {sha}));
  CHECK(read(crc, {"7"}));
  auto none = all;
  none.checksum = none.algorithm = "";
  CHECK(read(none, {""}));
}

TEST_CASE("a mark that an editor put in front of a file, or took away, is no other content") {
  const std::string text = "SELECT 1;\nSELECT 2;\n";
  const std::string bom = "\xEF\xBB\xBF";
  for (const auto algorithm : custom_algorithms()) {
    CAPTURE(algorithm);
    for (const auto& stored : {text, with_crlf(text), bom + text, bom + with_crlf(text)}) {
      const auto checksum = custom_checksums(algorithm, stored)[0];
      for (const auto& here : {text, with_crlf(text), bom + text, bom + with_crlf(text)}) {
        const auto all_of = custom_checksums(algorithm, here);
        CHECK(std::ranges::find(all_of, checksum) != all_of.end());
      }
      const auto other = custom_checksums(algorithm, "SELECT 3;\n");
      CHECK(std::ranges::find(other, checksum) == other.end());
    }
  }
}

TEST_CASE("every algorithm that the config may name is the one of that name") {
  // Of "SELECT 1;\n", by sha1sum and its like; the one of 96 digits is what sqlx stores of it.
  const std::map<std::string_view, std::string> known{
      {"sha256", "b4e0497804e46e0a0b0b8c31975b062152d551bac49c3c2e80932567b4085dcd"},
      {"sha1", "d30d858bf9fa5d8979af2d32c3be5e09b07da877"},
      {"md5", "2bdf1665f56c0ce5b966d9c60a7f7eac"},
      {"sha224", "8e37c25732cca71398052edbae30f03979d2b025c8661c2ef0d89532"},
      {"sha384",
       "24454095d8d7876ca8e842f34296ca645c83e0f7b50f048c99db4b2ff4da659267afc4ef3e994f3d74e18c74116"
       "5"
       "d931"},
      {"sha512",
       "9dfa6bb6c5def5afd83b8b6ed8de845c299eba7687e1aadaa8b862d18a762056887b3e4bb3f6bd42567a934c0fb"
       "a"
       "556cdee490ad79ad7a31c383069b2f1ff51a"},
      {"crc32", "1343138175"}};
  CHECK(custom_algorithms().size() == known.size());
  for (const auto algorithm : custom_algorithms()) {
    CAPTURE(algorithm);
    REQUIRE(known.contains(algorithm));
    CHECK(custom_checksums(algorithm, "SELECT 1;\n")[0] ==
          std::string(algorithm) + ":" + known.at(algorithm));
  }
}

TEST_CASE("what sqlx stores of a file is found where a ledger of its kind is named") {
  const auto of_sqlx = [](const std::string& bytes, const std::string& stored) {
    const auto checksums = custom_checksums("sha384", bytes);
    return std::ranges::find(checksums, "sha384:" + stored) != checksums.end();
  };
  const std::string lf =
      "24454095d8d7876ca8e842f34296ca645c83e0f7b50f048c99db4b2ff4da659267afc4ef3e994f3d74e18c741165"
      "d931";
  const std::string crlf =
      "17397e2e60835e677161a3f8f86849089bb0b9ac29484fca0511f769d62d8c2e143ab512c903b43a60a01ad7452c"
      "86c6";
  for (const auto* bytes : {"SELECT 1;\n", "SELECT 1;\r\n"}) {
    CHECK(of_sqlx(bytes, lf));
    CHECK(of_sqlx(bytes, crlf));
  }
  CHECK(
      of_sqlx("",
              "38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da274edebfe76f65fbd51a"
              "d2f14898b95b"));
}

TEST_CASE("where the last row is a mark, everything up to it is applied") {
  for (const auto* text : {"2", "002", "002_orders", "002_orders.sql"}) {
    CAPTURE(text);
    const auto after = polled(marks({text}));
    CHECK(after.states() == "001 applied, 002 applied, 010 pending");
    CHECK(after.findings().empty());
  }
  CHECK(polled(marks({"10"})).states() == "001 applied, 002 applied, 010 applied");
  CHECK(polled(marks({})).states() == "001 pending, 002 pending, 010 pending");
}

TEST_CASE("a mark at 0 or below it has applied nothing, unless a file has that number") {
  for (const auto* text : {"0", "000", "-1"}) {
    CAPTURE(text);
    const auto after = polled(marks({text}));
    CHECK(after.states() == "001 pending, 002 pending, 010 pending");
    CHECK(after.findings().empty());
  }
  const Files from_zero{{"000_init.sql", "0"}, {"001_users.sql", "1"}};
  CHECK(polled(marks({"0"}), {}, from_zero).states() == "000 applied, 001 pending");
}

TEST_CASE("of several marks the last that was written counts, else the highest") {
  auto timed = mark;
  timed.applied_at = "ts";
  CHECK(polled(marks({"10 2026-04-01", "2 2026-04-02"}, timed)).states() ==
        "001 applied, 002 applied, 010 pending");
  CHECK(polled(marks({"10", "2"})).states() == "001 applied, 002 applied, 010 applied");
}

TEST_CASE("a mark that moves up teaches what is new, and one that moves down is told") {
  const auto before = polled(marks({"1"}));
  const auto above = polled(marks({"10"}), before.records);
  CHECK(above.records.size() == 3);
  CHECK(polled(marks({"10"}), above.records).records.size() == 3);
  CHECK(polled(marks({"2"}), above.records).findings() == "vanished 010");
}

TEST_CASE("a file that comes late, below a mark that was seen, is skipped for ever") {
  const auto before = polled(marks({"10"}));
  auto files = numbered;
  files["005_late.sql"] = "5";
  const auto after = polled(marks({"10"}), before.records, files);
  CHECK(after.states() == "001 applied, 002 applied, 005 not_due skipped, 010 applied");
}

TEST_CASE("a mark of a version that no file has was applied from elsewhere") {
  const auto after = polled(marks({"7"}));
  CHECK(after.states() == "001 applied, 002 applied, 7 drifted, 010 pending");
  CHECK(after.findings() == "foreign 7");
}

TEST_CASE("a mark that is neither a number nor a file says nothing of the others") {
  const auto before = polled(marks({"2"}));
  const auto after = polled(marks({"hotfix"}), before.records);
  CHECK(after.states() == "001 applied, 002 applied, 010 unknown ahead_of_files, hotfix drifted");
  CHECK(after.findings() == "foreign hotfix");
}
