#include "adapters/postgres/schema_questions.h"

#include <doctest/doctest.h>

#include "tests/adapters/postgres/asking.h"

namespace tidemark::test {

TEST_CASE("a database is empty until somebody puts something of their own into it") {
  if (!PostgresServer::available()) {
    return;
  }
  Asking asking;
  const auto empty = [&](const std::string& schema = "") {
    return asking.ask(is_empty(*asking.other, schema));
  };
  CHECK(empty());
  asking.run("CREATE SCHEMA shop; CREATE TEMP TABLE t (id serial PRIMARY KEY)");
  CHECK(empty());
  CHECK(empty("shop"));
  for (const auto& [make, unmake] :
       {std::pair("CREATE TABLE shop.t ()", "DROP TABLE shop.t"),
        std::pair("CREATE VIEW shop.t AS SELECT 1", "DROP VIEW shop.t"),
        std::pair("CREATE SEQUENCE shop.t", "DROP SEQUENCE shop.t"),
        std::pair("CREATE TYPE shop.t AS ENUM ('a')", "DROP TYPE shop.t"),
        std::pair("CREATE TYPE shop.t AS (a int)", "DROP TYPE shop.t"),
        std::pair("CREATE TYPE shop.t AS RANGE (SUBTYPE = int)", "DROP TYPE shop.t"),
        std::pair("CREATE DOMAIN shop.t AS int", "DROP DOMAIN shop.t"),
        std::pair("CREATE FUNCTION shop.t() RETURNS int LANGUAGE sql AS 'SELECT 1'",
                  "DROP FUNCTION shop.t()")}) {
    CAPTURE(make);
    asking.run(make);
    CHECK(!empty());
    CHECK(!empty("shop"));
    CHECK(empty("public"));
    asking.run(unmake);
    CHECK(empty());
  }
}

TEST_CASE("what an extension brings along does not count") {
  if (!PostgresServer::available()) {
    return;
  }
  Asking asking;
  // Any table, type and function can be made a member.
  asking.run(
      "CREATE TABLE t (id serial PRIMARY KEY, a text, UNIQUE (a)); CREATE INDEX ON t (id, a);"
      "CREATE TYPE e AS ENUM ('a'); CREATE TYPE r AS RANGE (SUBTYPE = int);"
      "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'");
  CHECK(!asking.ask(is_empty(*asking.other, "public")));
  asking.run(
      "ALTER EXTENSION plpgsql ADD TABLE t; ALTER EXTENSION plpgsql ADD SEQUENCE t_id_seq;"
      "ALTER EXTENSION plpgsql ADD TYPE e; ALTER EXTENSION plpgsql ADD TYPE r;"
      "ALTER EXTENSION plpgsql ADD FUNCTION f()");
  CHECK(asking.ask(is_empty(*asking.other, "public")));
  CHECK(asking.ask(is_empty(*asking.other, "")));
}

TEST_CASE("an index is there, there and invalid, or not there") {
  if (!PostgresServer::available()) {
    return;
  }
  Asking asking;
  const auto state = [&](const std::string& schema, const std::string& name) {
    return asking.ask(index_state(*asking.other, schema, name));
  };
  asking.run(
      "CREATE SCHEMA \"My shop\"; CREATE TABLE \"My shop\".t AS SELECT i % 2 AS i FROM "
      "generate_series(1, 9) AS i; CREATE INDEX \"t i\" ON \"My shop\".t (i)");
  CHECK(state("My shop", "t i").kind == IndexState::Kind::valid);
  CHECK(std::to_string(state("My shop", "t i").oid) ==
        asking.seen("SELECT '\"My shop\".\"t i\"'::regclass::oid"));
  REQUIRE(!asking.writing.run(*asking.session,
                              "CREATE UNIQUE INDEX CONCURRENTLY u ON \"My shop\".t (i)"));
  CHECK(state("My shop", "u").kind == IndexState::Kind::invalid);
  CHECK(state("public", "u") == IndexState());
  CHECK(state("My shop", "t") == IndexState());
}

TEST_CASE("indexes that were not built to their end are found, and who works on them") {
  if (!PostgresServer::available()) {
    return;
  }
  Asking asking;
  using Invalid = std::vector<InvalidOne>;
  const auto invalid = [&](const std::string& schema, const std::string& name) {
    const std::string kind = name == "t j" ? "index" : "table";
    return asking.ask(invalid_indexes(*asking.other, {kind, schema, name, ""}));
  };
  const auto all_invalid = [&](const std::string& kind, const std::string& name) {
    return asking.ask(invalid_indexes(*asking.other, {kind, "", name, ""}));
  };
  const auto fails = [&](const std::string& sql) {
    return !asking.writing.run(*asking.session, sql);
  };
  asking.run(
      "CREATE SCHEMA \"My shop\"; CREATE TABLE \"My shop\".t AS SELECT i % 2 AS i, i AS j FROM "
      "generate_series(1, 9) AS i; CREATE TABLE u AS SELECT * FROM \"My shop\".t; "
      "CREATE INDEX \"t j\" ON \"My shop\".t (j)");
  CHECK(invalid("My shop", "t").empty());
  REQUIRE(fails("CREATE UNIQUE INDEX CONCURRENTLY ON \"My shop\".t (i)"));
  REQUIRE(fails("CREATE UNIQUE INDEX CONCURRENTLY ON u (i)"));
  CHECK(invalid("My shop", "t") == Invalid{{"\"My shop\".t_i_idx"}});
  CHECK(invalid("My shop", "t j") == Invalid{{"\"My shop\".t_i_idx"}});
  CHECK(invalid("", "u") == Invalid{{"public.u_i_idx"}});
  CHECK(invalid("", "t").empty());
  CHECK(invalid("My shop", "u").empty());
  CHECK(all_invalid("schema", "My shop") == Invalid{{"\"My shop\".t_i_idx"}});
  CHECK(all_invalid("schema", "t").empty());
  CHECK(all_invalid("database", "") == Invalid{{"\"My shop\".t_i_idx"}, {"public.u_i_idx"}});
  // Who only looks after the table does not work on the index.
  asking.run("BEGIN; LOCK u IN SHARE UPDATE EXCLUSIVE MODE");
  CHECK(invalid("", "u") == Invalid{{"public.u_i_idx"}});
  asking.run("ROLLBACK; BEGIN; ALTER INDEX u_i_idx SET (fillfactor = 50)");
  CHECK(invalid("", "u") == Invalid{{"public.u_i_idx", true}});
  asking.run("ROLLBACK");
  // Of partitions, too, and whatever is set.
  asking.run(
      "CREATE TABLE parts (i int) PARTITION BY LIST (i); "
      "CREATE TABLE part PARTITION OF parts DEFAULT; INSERT INTO parts VALUES (1), (1)");
  REQUIRE(fails("CREATE UNIQUE INDEX CONCURRENTLY ON part (i)"));
  REQUIRE(asking.writing.run(
      *asking.other,
      "CREATE FUNCTION never(name, name) RETURNS bool LANGUAGE sql AS 'SELECT false'; "
      "CREATE OPERATOR public.= (leftarg = name, rightarg = name, function = never); "
      "SET search_path = public, pg_catalog"));
  CHECK(invalid("", "parts") == Invalid{{"public.part_i_idx"}});
}

}  // namespace tidemark::test
