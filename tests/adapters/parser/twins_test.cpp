#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/adapters/parser/parsing.h"

using namespace tidemark;
using namespace tidemark::test;

namespace {

Twin only_twin(std::string_view file) {
  const auto all = statement(file).twins;
  CAPTURE(file);
  REQUIRE(all.size() == 1);
  return all[0];
}

// What makes it, without the line break that ends the words of the file.
std::string sql(std::string_view file) {
  auto text = only_twin(file).sql;
  for (auto at = text.find('\n'); at != std::string::npos; at = text.find('\n')) {
    text.erase(at, 1);
  }
  return text;
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("what does not skip has no twin") {
  CHECK(statement("CREATE TABLE t (a int)").twins.empty());
  CHECK(statement("ALTER TABLE t ADD a int").twins.empty());
  CHECK(statement("DROP TABLE IF EXISTS t").twins.empty());
}

TEST_CASE("the twin of a table is a temporary one, of the same words") {
  CHECK(sql("CREATE TABLE IF NOT EXISTS t (a int)") == "CREATE TEMP TABLE tidemark_twin (a int)");
  CHECK(sql("CREATE UNLOGGED TABLE IF NOT EXISTS \"S\" . /* ( */ \"a\"\"b\"(a int) WITH (x = 1)") ==
        "CREATE TEMP TABLE tidemark_twin(a int) WITH (x = 1)");
  const auto script = parsed("SELECT 'é'; -- é\nCREATE TABLE IF NOT EXISTS t OF kind; SELECT 2");
  REQUIRE(script.statements.size() == 3);
  REQUIRE(script.statements[1].twins.size() == 1);
  CHECK(script.statements[1].twins[0].sql == "CREATE TEMP TABLE tidemark_twin OF kind\n");
  const auto unlogged = only_twin("CREATE UNLOGGED TABLE IF NOT EXISTS s.t ()");
  CHECK(unlogged.unlogged);
  CHECK(unlogged.object == SqlObject{"table", "s", "t", ""});
  CHECK(only_twin("CREATE TEMP TABLE IF NOT EXISTS t ()").object ==
        SqlObject{"table", "pg_temp", "t", ""});
}

TEST_CASE("what a table refers to has a temporary table to stand for it") {
  const auto twin = only_twin(
      "CREATE TABLE IF NOT EXISTS s.t (a int REFERENCES s.t, b int REFERENCES \"B\" (x) ON DELETE "
      "CASCADE, c int, FOREIGN KEY (c) REFERENCES s . c, FOREIGN KEY (c) REFERENCES \"B\")");
  CHECK(twin.references == Names{"\"B\"", "\"s\".\"c\""});
  CHECK(twin.sql ==
        "CREATE TEMP TABLE tidemark_reference_1 (LIKE \"B\" INCLUDING INDEXES); "
        "CREATE TEMP TABLE tidemark_reference_2 (LIKE \"s\".\"c\" INCLUDING INDEXES); "
        "CREATE TEMP TABLE tidemark_twin (a int REFERENCES pg_temp.tidemark_twin, b int REFERENCES "
        "pg_temp.tidemark_reference_1 (x) ON DELETE CASCADE, c int, FOREIGN KEY (c) REFERENCES "
        "pg_temp.tidemark_reference_2, FOREIGN KEY (c) REFERENCES pg_temp.tidemark_reference_1)\n");
}

TEST_CASE("the twin of an index is one of a temporary table like its own") {
  CHECK(
      sql("CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS i ON ONLY s.t USING hash (a) WHERE b") ==
      "CREATE TEMP TABLE tidemark_base (LIKE \"s\".\"t\"); CREATE UNIQUE INDEX tidemark_twin ON "
      "pg_temp.tidemark_base USING hash (a) WHERE b");
  CHECK(only_twin("CREATE INDEX IF NOT EXISTS i ON s.t (a)").object ==
        SqlObject{"index", "s", "i", "t"});
  CHECK_FALSE(only_twin("CREATE INDEX IF NOT EXISTS i ON ONLY (t) (a)").cannot.empty());
}

TEST_CASE("the twin of a column is one of the table without it") {
  const std::string file =
      "ALTER TABLE t ADD COLUMN IF NOT EXISTS a numeric(1,2) DEFAULT (ARRAY[1,2])[1] CHECK (a > "
      "0), "
      "ADD IF NOT EXISTS \"B\" text DEFAULT ',' REFERENCES t -- a, b\n";
  const auto altered = statement(file);
  CHECK_FALSE(altered.does_more);
  REQUIRE(altered.twins.size() == 2);
  const std::string base =
      "CREATE TEMP TABLE tidemark_base (LIKE \"t\"); ALTER TABLE pg_temp.tidemark_base DROP "
      "COLUMN ";
  const std::string twin = "; CREATE TEMP TABLE tidemark_twin (LIKE pg_temp.tidemark_base, ";
  CHECK(altered.twins[0].sql ==
        base + "\"a\"" + twin + "a numeric(1,2) DEFAULT (ARRAY[1,2])[1] CHECK (a > 0)\n)");
  CHECK(altered.twins[1].sql ==
        "CREATE TEMP TABLE tidemark_reference_1 (LIKE \"t\" INCLUDING INDEXES); " + base + "\"B\"" +
            twin + "\"B\" text DEFAULT ',' REFERENCES pg_temp.tidemark_reference_1\n)");
  CHECK(altered.twins[1].object == SqlObject{"column", "", "B", "t"});
}

TEST_CASE("an ALTER TABLE that does more says so, and of what it alters again there is no twin") {
  const auto more = statement("ALTER TABLE t ADD COLUMN IF NOT EXISTS a int, ALTER a SET NOT NULL");
  CHECK(more.does_more);
  REQUIRE(more.twins.size() == 1);
  CHECK(more.twins[0].sql.empty());
  CHECK_FALSE(more.twins[0].cannot.empty());
  CHECK(statement("ALTER TABLE t ADD COLUMN IF NOT EXISTS a int, ADD b int").does_more);
  std::string many = "ALTER TABLE t ADD IF NOT EXISTS c0 int";
  for (int k = 1; k < 300; ++k) {
    many += ", ADD IF NOT EXISTS c" + std::to_string(k) + " int";
  }
  const auto twins = statement(many).twins;
  REQUIRE(twins.size() == 201);
  CHECK(twins[199].cannot.empty());
  CHECK_FALSE(twins[200].cannot.empty());
  CHECK(twins[200].sql.empty());
}

TEST_CASE("a table that refers to very many others has no twin, and does not take long") {
  std::string many = "CREATE TABLE IF NOT EXISTS t (c int";
  for (int k = 0; k < 20'000; ++k) {
    many += ", FOREIGN KEY (c) REFERENCES other" + std::to_string(k);
  }
  const auto twin = only_twin(many + ")");
  CHECK(twin.references.empty());
  CHECK_FALSE(twin.cannot.empty());
}

TEST_CASE("what would be locked, or is not understood, has no twin and a reason") {
  for (const auto* file : {"CREATE TABLE IF NOT EXISTS t PARTITION OF p DEFAULT",
                           "CREATE TABLE IF NOT EXISTS t () INHERITS (p)",
                           "CREATE TABLE IF NOT EXISTS db.s.t ()",
                           "CREATE TABLE IF NOT EXISTS U&\"t\" ()",
                           "CREATE TABLE IF NOT EXISTS t AS SELECT 1",
                           "CREATE SEQUENCE IF NOT EXISTS s",
                           "CREATE EXTENSION IF NOT EXISTS e VERSION '1'"}) {
    CAPTURE(file);
    const auto twin = only_twin(file);
    CHECK(twin.sql.empty());
    CHECK_FALSE(twin.cannot.empty());
  }
}

TEST_CASE("of what has nothing but a name that is all") {
  for (const auto* file : {"CREATE SCHEMA IF NOT EXISTS s",
                           "CREATE EXTENSION IF NOT EXISTS e",
                           "ALTER TYPE t ADD VALUE IF NOT EXISTS 'x'"}) {
    CAPTURE(file);
    const auto twin = only_twin(file);
    CHECK(twin.sql.empty());
    CHECK(twin.cannot.empty());
  }
}

TEST_CASE("a file of very many tables has an answer, and twins of the first ones") {
  const std::string one =
      "CREATE TABLE IF NOT EXISTS t (a text DEFAULT '" + std::string(1'000'000, 'x') + "');\n";
  const auto script = parsed(repeated(one, 8));
  REQUIRE(script.statements.size() == 8);
  CHECK(script.statements[3].twins.at(0).cannot.empty());
  CHECK(script.statements[4].twins.at(0).sql.empty());
  CHECK_FALSE(script.statements[4].twins.at(0).cannot.empty());
}
