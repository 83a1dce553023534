#include <string>

#include "adapters/tools/tool.h"
#include "tests/adapters/tools/bench.h"

using namespace tidemark;
using namespace tidemark::test;

namespace {

const std::string ddl =
    "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL,"
    " CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num));";

std::string head(const std::string& revision) {
  return "INSERT INTO alembic_version (version_num) VALUES ('" + revision + "');";
}

}  // namespace

TEST_SUITE_BEGIN("Alembic on a server" * doctest::skip(!PostgresServer::available()));

TEST_CASE("Alembic: the ledger is recognised, and its rows are the heads") {
  Bench bench;
  bench.sql(ddl);
  const auto base = bench.see();
  CHECK(base.ledger == Observation::Ledger::read);
  CHECK(base.tool == "alembic");
  CHECK(base.table == "public.alembic_version");
  CHECK(base.rows.empty());
  bench.sql(head("ae1027a6acf") + head("1975ea83b712"));
  const auto seen = bench.see();
  REQUIRE(seen.rows.size() == 2);
  CHECK(seen.rows[0].key.value == "1975ea83b712");
  CHECK(seen.rows[1].key.value == "ae1027a6acf");
  CHECK(seen.rows[0].reach == Row::Reach::ancestors);
}

TEST_CASE(
    "Alembic: a step rewrites the row, and it is not another application of what was before") {
  Bench bench;
  bench.sql(ddl + head("a"));
  const auto before = bench.see();
  bench.sql("UPDATE alembic_version SET version_num = 'b' WHERE version_num = 'a'");
  const auto after = bench.see();
  REQUIRE(after.rows.size() == 1);
  CHECK(after.rows[0].key.value == "b");
  CHECK(after.rows[0].token == before.rows[0].token);
}

TEST_CASE("Alembic: widened, without a key, of another name in another schema, or as text") {
  for (const std::string type : {"varchar(255)", "varchar", "text"}) {
    CAPTURE(type);
    Bench bench;
    bench.sql("CREATE SCHEMA shop; CREATE TABLE shop.shop_version (version_num " + type +
              " NOT NULL); INSERT INTO shop.shop_version VALUES ('a')");
    const auto seen = bench.see();
    CHECK(seen.tool == "alembic");
    CHECK(seen.table == "shop.shop_version");
    CHECK(seen.rows.size() == 1);
  }
}

TEST_SUITE_END();
