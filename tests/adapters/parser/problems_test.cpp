// What is wrong with a file, as the whole way through the parser tells it.

#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "tests/adapters/parser/parsing.h"

using namespace tidemark;
using test::parsed;
using test::problems;

namespace {

using Words = std::vector<std::string>;

std::vector<std::string> kinds(const Script& script) {
  std::vector<std::string> all;
  for (const auto& each : script.statements) {
    all.push_back(each.kind);
  }
  return all;
}

}  // namespace

TEST_CASE("a file in BEGIN and COMMIT is what stands between them") {
  const auto script = parsed("-- V1\nBEGIN;\nCREATE TABLE a ();\nCREATE TABLE b ();\nCOMMIT;\n");
  CHECK(script.wrapped);
  CHECK(kinds(script) == Words{"CREATE TABLE", "CREATE TABLE"});
  CHECK(script.problems.empty());
  CHECK(parsed("start transaction; select 1; end;").wrapped);
}

TEST_CASE("transaction control elsewhere is refused with its place") {
  CHECK(problems(parsed("SELECT 1;\n  COMMIT;")) == Words{"transaction_control 2:3"});
  CHECK(problems(parsed("BEGIN;\nSAVEPOINT a;\nCOMMIT;")) == Words{"transaction_control 2:1"});
  CHECK(problems(parsed("BEGIN ISOLATION LEVEL SERIALIZABLE;\nSELECT 1;\nCOMMIT;")) ==
        Words{"transaction_control 1:1", "transaction_control 3:1"});
}

TEST_CASE("an index that is built concurrently goes with no transaction of the file's own") {
  const auto script = parsed("BEGIN;\nCREATE INDEX CONCURRENTLY i ON t (a);\nCOMMIT;");
  CHECK(problems(script) == Words{"needs_no_transaction 2:1"});
  CHECK(script.problems[0].message ==
        "CREATE INDEX CONCURRENTLY cannot run in a transaction (it works in several transactions "
        "of its own), and this file begins one in line 1: remove BEGIN and COMMIT, or give it a "
        "file of its own");
  const auto alone = parsed("CREATE TABLE t (a int);\nCREATE INDEX CONCURRENTLY i ON t (a);");
  CHECK(alone.problems.empty());
  CHECK(!alone.transactional());
}

TEST_CASE("what psql would do is refused, and the SQL beside it is read all the same") {
  const auto script = parsed("\\set ON_ERROR_STOP on\nSELECT 1;\n\\connect shop\nSELECT 2;");
  CHECK(problems(script) == Words{"meta_command 1:1", "meta_command 3:1"});
  CHECK(kinds(script) == Words{"SELECT", "SELECT"});
  CHECK(script.statements[1].line == 4);
}

TEST_CASE("COPY with its data is refused, and the SQL beside it is read all the same") {
  const auto script = parsed("COPY t (a) FROM stdin;\n1\\t'\n\\.\n\nSELECT 2;\nCOPY t FROM STDIN;");
  CHECK(problems(script) == Words{"copy_from_stdin 1:1", "copy_from_stdin 6:1"});
  CHECK(kinds(script) == Words{"COPY", "SELECT", "COPY"});
}

TEST_CASE("a grammar that is newer than the parser's is not analysed, with its place") {
  const auto newer = [](std::string_view file) { return parsed(file).unanalysed; };
  CHECK(newer("SELECT 1;\nCREATE TABLE é (a int,\n  b int GENERATED ALWAYS AS (a) VIRTUAL);") ==
        Unanalysed{{3, 33}, "syntax error", "VIRTUAL"});
  CHECK(newer("MERGE INTO a USING b ON true WHEN MATCHED THEN DELETE RETURNING *")->near ==
        "RETURNING");
  CHECK(newer("SELECT JSON_OBJECT('a': 1)")->near == ":");
  CHECK(newer("SELECT * FROM JSON_TABLE('[]', '$[*]' COLUMNS (a int PATH '$'))").has_value());
  CHECK(newer("ALTER TABLE t ADD CONSTRAINT c NOT NULL a NOT VALID").has_value());
  CHECK(newer("SELEC 3")->place == SqlPlace{1, 1});
  CHECK(newer("SELECT 1 FROM") == Unanalysed{{1, 14}, "syntax error at end of input", ""});
  CHECK(newer("SELECT 'é', 'a\n") == Unanalysed{{1, 13}, "unterminated quoted string", "'a\n"});
  CHECK(newer("INSERT INTO t VALUES (:v)")->near == ":");
  CHECK(newer("CREATE TABLE ${schema}.t ()")->near == "$");
}

TEST_CASE("what is not analysed keeps what was told without the parser") {
  const auto script = parsed("\\x\nSELEC 1;");
  CHECK(problems(script) == Words{"meta_command 1:1"});
  CHECK(script.unanalysed->place == SqlPlace{2, 1});
}

TEST_CASE("bytes that are no UTF-8 are read as they are") {
  CHECK(kinds(parsed("SELECT '\xE9\xFF';\nSELECT \"\xE9\" FROM t;")) == Words{"SELECT", "SELECT"});
}
