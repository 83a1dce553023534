#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "tests/adapters/parser/parsing.h"

using namespace tidemark;
using test::parsed;
using test::statement;

namespace {

using Words = std::vector<std::string>;

std::vector<std::string> texts(std::string_view file) {
  std::vector<std::string> all;
  for (const auto& each : parsed(file).statements) {
    all.emplace_back(file.substr(each.offset, each.size));
  }
  return all;
}

// "table shop.orders", "column shop.orders.total"
Words objects(std::string_view file) {
  Words all;
  for (const auto& each : statement(file).objects) {
    all.push_back(each.kind + " " + (each.schema.empty() ? "" : each.schema + ".") +
                  (each.table.empty() ? "" : each.table + ".") + each.name);
  }
  return all;
}

}  // namespace

TEST_CASE("a statement is its text without blanks, comments and semicolon around it") {
  CHECK(texts("-- first\nSELECT 1; /* é */ SELECT 'ü;' -- in it\n, 2 ;; -- last\nSELECT 3") ==
        Words{"SELECT 1", "SELECT 'ü;' -- in it\n, 2", "SELECT 3"});
  CHECK(texts("SELECT 1 -- one\n").front() == "SELECT 1");
  CHECK(texts("").empty());
  CHECK(texts(" ; -- nothing\n;").empty());
}

TEST_CASE("semicolons within a statement do not end it") {
  CHECK(texts("CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2); SELECT 3").size() == 2);
  CHECK(texts("CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END; SELECT 3")
            .size() == 2);
  CHECK(texts("DO $$ BEGIN COMMIT; END $$; SELECT 3").size() == 2);
}

TEST_CASE("lines are those of the file, with a byte order mark and line ends of Windows, too") {
  const auto script = parsed("\xEF\xBB\xBF-- é\r\nSELECT 1;\r\n\r\nSELECT\r\n 2;");
  REQUIRE(script.statements.size() == 2);
  CHECK(script.statements[0].line == 2);
  CHECK(script.statements[1].line == 4);
  CHECK(script.statements[0].offset == 10);
  CHECK(script.problems.empty());
}

TEST_CASE("the kind of a statement is what PostgreSQL calls the command") {
  CHECK(statement("CREATE TABLE t (a int)").kind == "CREATE TABLE");
  CHECK(statement("CREATE UNIQUE INDEX CONCURRENTLY i ON t (a)").kind ==
        "CREATE INDEX CONCURRENTLY");
  CHECK(statement("DROP INDEX CONCURRENTLY i").kind == "DROP INDEX CONCURRENTLY");
  CHECK(statement("REINDEX INDEX CONCURRENTLY i").kind == "REINDEX CONCURRENTLY");
  CHECK(statement("REFRESH MATERIALIZED VIEW CONCURRENTLY m").kind ==
        "REFRESH MATERIALIZED VIEW CONCURRENTLY");
  CHECK(statement("ALTER TABLE t RENAME COLUMN a TO b").kind == "ALTER TABLE");
  CHECK(statement("ALTER INDEX i RENAME TO j").kind == "ALTER INDEX");
  CHECK(statement("SELECT 1 INTO t").kind == "SELECT INTO");
  CHECK(statement("WITH x AS (SELECT 1) SELECT * FROM x").kind == "SELECT");
  CHECK(statement("VALUES (1)").kind == "SELECT");
  CHECK(statement("DROP FOREIGN DATA WRAPPER f").kind == "DROP FOREIGN DATA WRAPPER");
  CHECK(statement("SAVEPOINT s").kind == "SAVEPOINT");
  CHECK(statement("END").kind == "COMMIT");
  CHECK(statement("ABORT").kind == "ROLLBACK");
  CHECK(statement("SET search_path = x").kind == "SET");
  CHECK(statement("RESET ALL").kind == "RESET");
  CHECK(statement("DISCARD PLANS").kind == "DISCARD PLANS");
  CHECK(statement("COMMENT ON TABLE t IS 'x'").kind == "COMMENT");
  CHECK(statement("DO 'BEGIN END'").kind == "DO");
}

TEST_CASE("what a statement is about comes first, then what else it names") {
  CHECK(objects("CREATE TABLE shop.orders (id int REFERENCES users, b int, "
                "FOREIGN KEY (b) REFERENCES crm.people)") ==
        Words{"table shop.orders", "table users", "table crm.people"});
  CHECK(objects("CREATE INDEX by_total ON shop.orders (total)") ==
        Words{"index shop.by_total", "table shop.orders"});
  CHECK(objects("CREATE INDEX ON orders (total)") == Words{"table orders"});
  CHECK(objects("ALTER TABLE shop.orders ADD total int, DROP COLUMN sum, ALTER note SET NOT NULL, "
                "ADD CONSTRAINT c CHECK (total > 0), VALIDATE CONSTRAINT d") ==
        Words{"table shop.orders",
              "column shop.orders.total",
              "column shop.orders.sum",
              "column shop.orders.note",
              "constraint shop.orders.c",
              "constraint shop.orders.d"});
  CHECK(objects("DROP TABLE a, shop.b") == Words{"table a", "table shop.b"});
  CHECK(objects("DROP TRIGGER touch ON shop.orders") == Words{"trigger shop.orders.touch"});
  CHECK(objects("DROP FUNCTION shop.f(int), g") == Words{"function shop.f", "function g"});
  CHECK(objects("DROP TYPE shop.mood") == Words{"type shop.mood"});
  CHECK(objects("DROP SCHEMA shop") == Words{"schema shop"});
  CHECK(objects("DROP OPERATOR CLASS shop.c USING btree") == Words{"operator class shop.c"});
  CHECK(objects("DROP CAST (int AS text)").empty());
  CHECK(objects("CREATE TRIGGER touch BEFORE UPDATE ON shop.orders EXECUTE FUNCTION crm.stamp()") ==
        Words{"trigger shop.orders.touch", "table shop.orders", "function crm.stamp"});
  CHECK(objects("CREATE POLICY own ON orders USING (true)") ==
        Words{"policy orders.own", "table orders"});
  CHECK(
      objects("CREATE OR REPLACE VIEW shop.v AS SELECT * FROM orders JOIN crm.people USING (id)") ==
      Words{"view shop.v", "relation orders", "relation crm.people"});
  CHECK(objects("CREATE MATERIALIZED VIEW m AS SELECT * FROM a") ==
        Words{"materialized view m", "relation a"});
  CHECK(objects("CREATE TABLE t AS SELECT * FROM a") == Words{"table t", "relation a"});
  CHECK(objects("SELECT * INTO t FROM a") == Words{"table t", "relation a"});
  CHECK(objects("INSERT INTO shop.a SELECT * FROM b, (SELECT * FROM c) x") ==
        Words{"relation shop.a", "relation b", "relation c"});
  CHECK(objects("WITH b AS (SELECT * FROM a) UPDATE c SET x = 1 FROM b WHERE b.id = c.id") ==
        Words{"relation c", "relation a"});
  CHECK(objects("COMMENT ON COLUMN shop.orders.total IS 'x'") == Words{"column shop.orders.total"});
  CHECK(objects("GRANT SELECT ON shop.a, b TO c") == Words{"table shop.a", "table b"});
  CHECK(objects("GRANT SELECT ON ALL TABLES IN SCHEMA shop TO c") == Words{"schema shop"});
  CHECK(objects("ALTER TABLE shop.a RENAME TO b") == Words{"table shop.a", "table shop.b"});
  CHECK(objects("ALTER TABLE a RENAME COLUMN b TO c") ==
        Words{"column a.b", "column a.c", "table a"});
  CHECK(objects("ALTER SCHEMA a RENAME TO b") == Words{"schema a", "schema b"});
  CHECK(objects("ALTER TYPE shop.mood ADD VALUE 'fine'") == Words{"type shop.mood"});
  CHECK(objects("CREATE FUNCTION shop.f() RETURNS int LANGUAGE sql AS 'SELECT 1'") ==
        Words{"function shop.f"});
  CHECK(objects("CREATE PROCEDURE p() LANGUAGE sql AS 'SELECT 1'") == Words{"procedure p"});
  CHECK(objects("CREATE SEQUENCE shop.s") == Words{"sequence shop.s"});
  CHECK(objects("CREATE EXTENSION pgcrypto") == Words{"extension pgcrypto"});
  CHECK(objects("CREATE ROLE reader") == Words{"role reader"});
  CHECK(objects("ALTER ROLE reader SET a = 1") == Words{"role reader"});
  CHECK(objects("TRUNCATE a, shop.b") == Words{"table a", "table shop.b"});
  CHECK(objects("VACUUM a, shop.b") == Words{"table a", "table shop.b"});
  CHECK(objects("REINDEX INDEX shop.i") == Words{"index shop.i"});
  CHECK(objects("REINDEX SCHEMA shop") == Words{"schema shop"});
  CHECK(objects("REFRESH MATERIALIZED VIEW m") == Words{"materialized view m"});
  CHECK(objects("CREATE FOREIGN TABLE shop.f (a int) SERVER s") == Words{"foreign table shop.f"});
  CHECK(objects("CREATE STATISTICS shop.s ON a, b FROM t") ==
        Words{"statistics shop.s", "relation t"});
  CHECK(objects("ALTER TABLE a ATTACH PARTITION b DEFAULT") == Words{"table a", "relation b"});
  CHECK(objects("SELECT 1").empty());
}

TEST_CASE("names are as PostgreSQL has them") {
  CHECK(objects("CREATE TABLE Shop.\"Größe; \"\"x\"\"\" ()") == Words{"table shop.Größe; \"x\""});
  CHECK(objects("CREATE TABLE \"a\xE9\" ()") == Words{"table a\xEF\xBF\xBD"});
}

TEST_CASE("what skips the things that are there already is marked") {
  for (const std::string text : {"CREATE TABLE IF NOT EXISTS t ()",
                                 "CREATE TABLE IF NOT EXISTS t AS SELECT 1",
                                 "CREATE INDEX IF NOT EXISTS i ON t (a)",
                                 "CREATE SCHEMA IF NOT EXISTS s",
                                 "CREATE SEQUENCE IF NOT EXISTS s",
                                 "CREATE EXTENSION IF NOT EXISTS e",
                                 "CREATE MATERIALIZED VIEW IF NOT EXISTS m AS SELECT 1",
                                 "CREATE FOREIGN TABLE IF NOT EXISTS f () SERVER s",
                                 "ALTER TABLE t ADD a int, ADD COLUMN IF NOT EXISTS b int",
                                 "ALTER TYPE t ADD VALUE IF NOT EXISTS 'x'"}) {
    CAPTURE(text);
    CHECK(statement(text).if_not_exists);
  }
  for (const std::string text : {"CREATE TABLE t ()",
                                 "DROP TABLE IF EXISTS t",
                                 "ALTER TABLE IF EXISTS t ADD a int",
                                 "ALTER TABLE t DROP COLUMN IF EXISTS a",
                                 "CREATE OR REPLACE VIEW v AS SELECT 1"}) {
    CAPTURE(text);
    CHECK(!statement(text).if_not_exists);
  }
}

TEST_CASE("only COPY from the client's own data is marked") {
  CHECK(statement("COPY t FROM STDIN").copy_from_stdin);
  CHECK(!statement("COPY t TO STDOUT").copy_from_stdin);
  CHECK(!statement("COPY t FROM '/srv/data'").copy_from_stdin);
  CHECK(!statement("COPY t FROM PROGRAM 'cat'").copy_from_stdin);
}

TEST_CASE("code that is not looked into may lock anything") {
  for (const std::string text : {"DO 'BEGIN END'",
                                 "CALL p()",
                                 "SELECT create_hypertable('t')",
                                 "SELECT * FROM shop.f(1)",
                                 "EXECUTE p",
                                 "CREATE EXTENSION e",
                                 "DROP EXTENSION e"}) {
    CAPTURE(text);
    CHECK(statement(text).lock == LockClass::unknown);
  }
  CHECK(statement("SELECT count(*), now()").lock == LockClass::none);
  CHECK(statement("SELECT pg_catalog.set_config('search_path', '', false)").lock ==
        LockClass::none);
}

TEST_CASE("transaction control is told apart") {
  using Control = TransactionControl;
  CHECK(statement("BEGIN").control == Control::begin);
  CHECK(statement("START TRANSACTION").control == Control::begin);
  CHECK(statement("BEGIN READ ONLY").control == Control::begin_with_modes);
  CHECK(statement("COMMIT WORK").control == Control::commit);
  CHECK(statement("COMMIT AND CHAIN").control == Control::commit_and_chain);
  CHECK(statement("ROLLBACK").control == Control::rollback);
  CHECK(statement("SAVEPOINT a").control == Control::savepoint);
  CHECK(statement("RELEASE a").control == Control::savepoint);
  CHECK(statement("ROLLBACK TO a").control == Control::savepoint);
  CHECK(statement("PREPARE TRANSACTION 'a'").control == Control::prepared);
  CHECK(statement("COMMIT PREPARED 'a'").control == Control::prepared);
  CHECK(statement("SELECT 1").control == Control::none);
}
