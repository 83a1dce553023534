#include <map>
#include <stdexcept>

#include <doctest/doctest.h>

#include "tests/daemon/apply/applying.h"
#include "tests/daemon/apply/through_proxy.h"

using namespace tidemark::test;

namespace {

// What is there when a migration is applied. {t} is a name of its own.
struct Variant {
  std::string there;
  std::string file;
  std::string differs{};  // in words; empty: it is the same
};

std::string with_name(std::string text, const std::string& name) {
  for (auto at = text.find("{t}"); at != std::string::npos; at = text.find("{t}")) {
    text.replace(at, 3, name);
  }
  return text;
}

std::string number(std::size_t k) {
  return std::to_string(100 + k);
}

// Applies one migration for each, all in one go; what was told of each by its number.
std::map<std::string, boost::json::object> apply_all(Applying& rig,
                                                     const std::vector<Variant>& variants) {
  rig.file("001_first.sql", "CREATE TABLE first (id int PRIMARY KEY, other int UNIQUE);\n");
  rig.begin();
  REQUIRE(rig.apply(R"({"from_empty": true})").outcome() == "applied");
  for (std::size_t k = 0; k < variants.size(); ++k) {
    rig.sql(with_name(variants[k].there, "t" + number(k)));
  }
  for (std::size_t k = 0; k < variants.size(); ++k) {
    rig.file(number(k) + "_it.sql", with_name(variants[k].file, "t" + number(k)) + ";\n");
  }
  REQUIRE(rig.eventually([&] {
    for (std::size_t k = 0; k < variants.size(); ++k) {
      if (rig.cell_of(number(k) + "_it") != "pending") {
        return false;
      }
    }
    return true;
  }));
  const auto told = rig.apply();
  REQUIRE_MESSAGE(told.outcome() == "applied", told.message());
  std::map<std::string, boost::json::object> skipped;
  for (const auto& line : told.of("skipped")) {
    skipped[std::string(line.at("migration").as_string())] = line;
  }
  return skipped;
}

boost::json::object cell(Applying& rig, const std::string& id) {
  const auto matrix = rig.json({"matrix", "shop"});
  for (const auto& each : matrix.at("migrations").as_array()) {
    if (each.at("id").as_string() == id) {
      return each.at("cells").at("dev").as_object();
    }
  }
  return {};
}

std::string note(Applying& rig, const std::string& id) {
  const auto found = cell(rig, id);
  return found.contains("note") ? std::string(found.at("note").as_string()) : "";
}

// The only difference that was told, or why there was no comparison.
std::string differences(const boost::json::object& line) {
  std::string text;
  for (const auto& each : line.at("differences").as_array()) {
    text += (text.empty() ? "" : " | ") + std::string(each.as_string());
  }
  return text + (line.at("not_compared").is_string()
                     ? " not compared: " + std::string(line.at("not_compared").as_string())
                     : "");
}

void check(Applying& rig, const std::vector<Variant>& variants) {
  auto told = apply_all(rig, variants);
  for (std::size_t k = 0; k < variants.size(); ++k) {
    const auto id = number(k) + "_it";
    CAPTURE(variants[k].there);
    CAPTURE(variants[k].file);
    REQUIRE(told.contains(id));
    const bool same = variants[k].differs.empty();
    CHECK(differences(told[id]) == with_name(variants[k].differs, "t" + number(k)));
    CHECK(told[id].at("same") == same);
    CHECK(rig.cell_of(id) == (same ? "applied" : "drifted schema"));
    CHECK(note(rig, id) == (same ? "no_op" : ""));
  }
  CHECK(rig.sql("SELECT count(*) FROM pg_class WHERE relname LIKE '%tidemark%'") == "0");
}

}  // namespace

TEST_CASE("what is there already and is something else is a finding that says in what way") {
  if (!PostgresServer::available()) {
    return;
  }
  Applying rig;
  check(
      rig,
      {
          {"CREATE TABLE {t} (id int)",
           "CREATE TABLE IF NOT EXISTS {t} (id int, phone text)",
           "table {t}: column phone is missing"},
          {"CREATE TABLE {t} (id int, phone text)",
           "CREATE TABLE IF NOT EXISTS {t} (id int)",
           "table {t}: column phone (text) was not asked for"},
          {"CREATE TABLE {t} (id bigint)",
           "CREATE TABLE IF NOT EXISTS {t} (id int)",
           "table {t}: column id is bigint, asked for integer"},
          {"CREATE TABLE {t} (name varchar(100), sum numeric(5,2))",
           "CREATE TABLE IF NOT EXISTS {t} (name varchar(50), sum numeric(6,2))",
           "table {t}: column name is character varying(100), asked for character varying(50); "
           "column sum is numeric(5,2), asked for numeric(6,2)"},
          {"CREATE TABLE {t} (a int DEFAULT 1, b int, c int DEFAULT 3)",
           "CREATE TABLE IF NOT EXISTS {t} (a int DEFAULT 2, b int DEFAULT 2, c int)",
           "table {t}: column a has DEFAULT 1, asked for DEFAULT 2; column b has no default, "
           "asked for DEFAULT 2; column c has DEFAULT 3, asked for no default"},
          {"CREATE TABLE {t} (a int, b int NOT NULL)",
           "CREATE TABLE IF NOT EXISTS {t} (a int NOT NULL, b int)",
           "table {t}: column a is nullable, asked for NOT NULL; column b is NOT NULL, asked for "
           "nullable"},
          {"CREATE VIEW {t} AS SELECT 1 AS id",
           "CREATE TABLE IF NOT EXISTS {t} (id int)",
           "table {t}: it is a view, asked for a table"},
          {"CREATE SEQUENCE {t}",
           "CREATE TABLE IF NOT EXISTS {t} (id int)",
           "table {t}: it is a sequence, asked for a table"},
          {"CREATE TABLE {t} (a int, b int, PRIMARY KEY (a, b))",
           "CREATE TABLE IF NOT EXISTS {t} (a int, b int NOT NULL, PRIMARY KEY (a))",
           "table {t}: PRIMARY KEY (a) is missing; PRIMARY KEY (a, b) was not asked for"},
          {"CREATE TABLE {t} (a int CHECK (a > 0))",
           "CREATE TABLE IF NOT EXISTS {t} (a int CHECK (a > 1))",
           "table {t}: CHECK ((a > 1)) is missing; CHECK ((a > 0)) was not asked for"},
          {"CREATE TABLE {t} (a int)",
           "CREATE TABLE IF NOT EXISTS {t} (a int UNIQUE REFERENCES first ON DELETE CASCADE)",
           "table {t}: FOREIGN KEY (a) REFERENCES public.first(id) ON DELETE CASCADE is missing; "
           "UNIQUE (a) is missing"},
          {"CREATE TABLE {t} (a int REFERENCES first (other))",
           "CREATE TABLE IF NOT EXISTS {t} (a int REFERENCES first)",
           "table {t}: FOREIGN KEY (a) REFERENCES public.first(id) is missing; FOREIGN KEY (a) "
           "REFERENCES public.first(other) was not asked for"},
          {"CREATE TABLE {t} (id int GENERATED ALWAYS AS IDENTITY)",
           "CREATE TABLE IF NOT EXISTS {t} (id serial)",
           "table {t}: column id is GENERATED ALWAYS AS IDENTITY, asked for no identity; column id "
           "has no default, asked for DEFAULT the next of its own sequence"},
          {"CREATE TABLE {t} (a int, b int DEFAULT 2)",
           "CREATE TABLE IF NOT EXISTS {t} (a int, b int GENERATED ALWAYS AS (a * 2) STORED)",
           "table {t}: column b has DEFAULT 2, asked for GENERATED ALWAYS AS ((a * 2))"},
          {"CREATE TABLE {t} (a text)",
           "CREATE TABLE IF NOT EXISTS {t} (a text COLLATE \"C\")",
           "table {t}: column a is of collation none, asked for \"C\""},
          {"CREATE UNLOGGED TABLE {t} (a int)",
           "CREATE TABLE IF NOT EXISTS {t} (a int)",
           "table {t}: it is unlogged"},
          {"CREATE TABLE {t} (a int)",
           "CREATE TABLE IF NOT EXISTS {t} (a int) PARTITION BY RANGE (a)",
           "table {t}: it is partitioned by none, asked for RANGE (a)"},
          {"CREATE TABLE {t} (id int, email varchar(100))",
           "ALTER TABLE {t} ADD COLUMN IF NOT EXISTS email text",
           "table {t}: column email is character varying(100), asked for text"},
          {"CREATE TABLE {t} (id int, a int, b int)",
           "ALTER TABLE {t} ADD COLUMN IF NOT EXISTS a int DEFAULT 1 CHECK (a > id), ADD COLUMN IF "
           "NOT EXISTS b int REFERENCES first",
           "table {t}: column a has no default, asked for DEFAULT 1; CHECK ((a > id)) is missing; "
           "FOREIGN KEY (b) REFERENCES public.first(id) is missing"},
          {"CREATE TABLE {t} (a int, b int); CREATE INDEX {t}_i ON {t} (a)",
           "CREATE INDEX IF NOT EXISTS {t}_i ON {t} (b)",
           "index {t}_i: it is USING btree (a), asked for USING btree (b)"},
          {"CREATE TABLE {t} (a int); CREATE INDEX {t}_i ON {t} (a)",
           "CREATE UNIQUE INDEX IF NOT EXISTS {t}_i ON {t} (a)",
           "index {t}_i: it is USING btree (a), asked for UNIQUE USING btree (a)"},
          {"CREATE TABLE {t} (a int, gone bool); CREATE INDEX {t}_i ON {t} (a) WHERE gone",
           "CREATE INDEX IF NOT EXISTS {t}_i ON {t} (a) WHERE NOT gone",
           "index {t}_i: it is USING btree (a) WHERE gone, asked for USING btree (a) WHERE (NOT "
           "gone)"},
          {"CREATE TABLE {t} (a text); CREATE INDEX {t}_i ON {t} (a)",
           "CREATE INDEX IF NOT EXISTS {t}_i ON {t} (a text_pattern_ops DESC)",
           "index {t}_i: it is USING btree (a), asked for USING btree (a text_pattern_ops DESC)"},
          {"CREATE TABLE {t} (a int); CREATE TABLE {t}_b (a int); CREATE INDEX {t}_i ON {t}_b (a)",
           "CREATE INDEX IF NOT EXISTS {t}_i ON {t} (a)",
           "index {t}_i: it is an index of public.{t}_b, asked for one of public.{t}"},
          {"CREATE TABLE {t} (a int); CREATE TABLE {t}_i (a int)",
           "CREATE INDEX IF NOT EXISTS {t}_i ON {t} (a)",
           "index {t}_i: it is a table, asked for an index"},
          {"CREATE TABLE {t} (a int); CREATE INDEX {t}_i ON {t} (a)",
           "CREATE INDEX CONCURRENTLY IF NOT EXISTS {t}_i ON {t} ((a + 1))",
           "index {t}_i: it is USING btree (a), asked for USING btree (((a + 1)))"},
          {"CREATE VIEW {t} AS SELECT 1 AS id",
           "CREATE TABLE IF NOT EXISTS {t} PARTITION OF nowhere DEFAULT",
           "table {t}: it is a view, asked for a table"},
      });
}

TEST_CASE("what is there already and is what the file asks for, in whatever words, is a no-op") {
  if (!PostgresServer::available()) {
    return;
  }
  Applying rig;
  rig.sql("CREATE SCHEMA \"My shop\"; CREATE EXTENSION IF NOT EXISTS plpgsql");
  check(
      rig,
      {
          {"CREATE TABLE {t} (id int4 NOT NULL PRIMARY KEY, name character varying(10), at "
           "timestamp with time zone DEFAULT CURRENT_TIMESTAMP, ok boolean)",
           "CREATE TABLE IF NOT EXISTS {t} (id integer, name varchar(10), at timestamptz "
           "DEFAULT now(), ok bool, PRIMARY KEY (id))"},
          {"CREATE TABLE {t} (b text, \"A \"\"b\" int)",
           "CREATE TABLE /* ( */ IF NOT EXISTS \"public\" . \"{t}\" -- (\n(\"A \"\"b\" int, B "
           "text)"},
          {R"(CREATE TABLE "My shop"."{t} ""x" (a int))",
           R"(CREATE TABLE IF NOT EXISTS "My shop"."{t} ""x" (a int))"},
          {"CREATE TABLE {t} (id bigserial PRIMARY KEY, n int GENERATED BY DEFAULT AS IDENTITY)",
           "CREATE TABLE IF NOT EXISTS {t} (id bigserial PRIMARY KEY, n int GENERATED BY DEFAULT "
           "AS IDENTITY)"},
          {"CREATE SEQUENCE {t}_id_seq AS int; CREATE TABLE {t} (id int NOT NULL DEFAULT "
           "nextval('{t}_id_seq')); ALTER SEQUENCE {t}_id_seq OWNED BY {t}.id",
           "CREATE TABLE IF NOT EXISTS {t} (id serial)"},
          {"CREATE TABLE {t} (a int, b int); ALTER TABLE {t} ADD CONSTRAINT x CHECK (a > 0), ADD "
           "CONSTRAINT y FOREIGN KEY (b) REFERENCES public.first (other) ON DELETE SET NULL",
           "CREATE TABLE IF NOT EXISTS {t} (a int, b int REFERENCES first (other) ON DELETE SET "
           "NULL, CHECK ((a) > 0))"},
          {"CREATE TABLE {t} (id int PRIMARY KEY, parent int REFERENCES {t}, CHECK (id <> parent "
           "AND ARRAY[id, 1] <> ARRAY[parent, 2]))",
           "CREATE TABLE IF NOT EXISTS {t} (id int PRIMARY KEY, parent int REFERENCES {t} (id), "
           "CONSTRAINT c CHECK (id <> parent AND ARRAY[id, 1] <> ARRAY[parent, 2]))"},
          {"CREATE TABLE {t} (a int DEFAULT (ARRAY[1, 3])[2], b text DEFAULT ',)')",
           "ALTER TABLE {t} ADD COLUMN IF NOT EXISTS a int DEFAULT (ARRAY[1, 3])[2]"},
          {"CREATE TABLE {t} (a int, b int GENERATED ALWAYS AS (a * 2) STORED, CHECK (a > 7))",
           "ALTER TABLE ONLY {t} ADD COLUMN IF NOT EXISTS a integer, ADD IF NOT EXISTS b int "
           "GENERATED ALWAYS AS (a * 2) STORED -- that is all"},
          {"CREATE TABLE {t} (id int PRIMARY KEY, up int REFERENCES {t})",
           "ALTER TABLE {t} ADD COLUMN IF NOT EXISTS up int REFERENCES {t}"},
          {"CREATE TABLE {t} (a int, b text); CREATE UNIQUE INDEX {t}_i ON {t} (a, lower(b)) WITH "
           "(fillfactor = 70)",
           "CREATE UNIQUE INDEX IF NOT EXISTS {t}_i ON ONLY public.{t} USING btree (a ASC NULLS "
           "LAST, (lower(b)))"},
          {"CREATE TABLE {t} (a int); CREATE INDEX {t}_i ON {t} (a)",
           "CREATE INDEX CONCURRENTLY IF NOT EXISTS {t}_i ON {t} (a)"},
          {"CREATE TABLE {t} (a int, b int) PARTITION BY RANGE (a)",
           "CREATE TABLE IF NOT EXISTS {t} (a int, b int) PARTITION BY RANGE (a)"},
          {"CREATE TABLE {t} (LIKE first INCLUDING ALL)",
           "CREATE TABLE IF NOT EXISTS {t} (LIKE first INCLUDING ALL)"},
          {"CREATE TABLE \"My shop\".{t} (a int)",
           "SET LOCAL search_path = \"My shop\", public; CREATE TABLE IF NOT EXISTS {t} (a int); "
           "SET LOCAL search_path = public"},
          {"CREATE SCHEMA {t}", "CREATE SCHEMA IF NOT EXISTS {t}"},
          {"CREATE TYPE {t} AS ENUM ('a')", "ALTER TYPE {t} ADD VALUE IF NOT EXISTS 'a'"},
      });
}

TEST_CASE("a file that brings a table up to date step by step asks for what is there in the end") {
  if (!PostgresServer::available()) {
    return;
  }
  Applying rig;
  const std::string file =
      "CREATE TABLE IF NOT EXISTS {t} (id int PRIMARY KEY, name varchar(10));\n"
      "ALTER TABLE {t} ADD COLUMN IF NOT EXISTS phone text UNIQUE;\n"
      "CREATE INDEX IF NOT EXISTS {t}_name ON {t} (name);\n";
  auto told = apply_all(
      rig,
      {{"CREATE TABLE {t} (id int PRIMARY KEY, name varchar(10), phone text UNIQUE); CREATE INDEX "
        "{t}_name ON {t} (name)",
        file,
        ""},
       {"CREATE TABLE {t} (id int PRIMARY KEY, name varchar(10))", file, ""},
       {"CREATE TABLE {t} (id int, a text)",
        "CREATE TABLE IF NOT EXISTS {t} (id int);\nALTER TABLE {t} ADD COLUMN IF NOT EXISTS a "
        "int;\n"
        "UPDATE {t} SET a = a;\nALTER TABLE {t} ALTER COLUMN a SET NOT NULL",
        ""},
       {"SELECT 1",
        "CREATE TABLE {t} (a int);\nCREATE TABLE IF NOT EXISTS {t} (a int);\nDROP TABLE {t}",
        ""}});
  CHECK(note(rig, "100_it") == "no_op");
  CHECK(rig.cell_of("100_it") == "applied");
  // Of three things two were made.
  CHECK(note(rig, "101_it").empty());
  CHECK(rig.cell_of("101_it") == "applied");
  CHECK(rig.sql("SELECT count(*) FROM pg_attribute WHERE attrelid = 't101'::regclass AND attname = "
                "'phone'") == "1");
  CHECK(rig.cell_of("102_it") == "applied");
  CHECK(differences(told["102_it"]) ==
        " not compared: another statement of the migration alters it, too");
  CHECK(note(rig, "102_it").empty());
  CHECK(rig.cell_of("103_it") == "applied");
  CHECK(differences(told["103_it"]) == " not compared: it is not there any more");
}

TEST_CASE("a table is compared whole, however wide it is") {
  if (!PostgresServer::available()) {
    return;
  }
  std::string columns = "id int PRIMARY KEY";
  for (int k = 0; k < 150; ++k) {
    columns += ", c" + std::to_string(k) + " int NOT NULL DEFAULT " + std::to_string(k);
  }
  Applying rig;
  auto told = apply_all(
      rig,
      {{"CREATE TABLE {t} (" + columns + ")", "CREATE TABLE IF NOT EXISTS {t} (" + columns + ")"},
       {"CREATE TABLE {t} (" + columns + ")",
        "ALTER TABLE {t} ADD COLUMN IF NOT EXISTS c149 int NOT NULL DEFAULT 149"},
       {"CREATE TABLE {t} (" + columns + ")",
        "CREATE TABLE IF NOT EXISTS {t} (" + columns + ", more text)"}});
  CHECK(note(rig, "100_it") == "no_op");
  CHECK(note(rig, "101_it") == "no_op");
  CHECK(differences(told["102_it"]).find("column more is missing") != std::string::npos);
}

TEST_CASE("what the migration itself may have altered is not held against what is there") {
  if (!PostgresServer::available()) {
    return;
  }
  Applying rig;
  auto told = apply_all(rig,
                        {{"CREATE TABLE {t} (a bigint)",
                          "CREATE TABLE IF NOT EXISTS {t} (a int);\n"
                          "DO 'BEGIN ALTER TABLE {t} ALTER a TYPE bigint; END'"},
                         {"CREATE TABLE {t} (id int, phone text)",
                          "ALTER TABLE {t} ADD COLUMN IF NOT EXISTS phone text UNIQUE;\n"
                          "ALTER TABLE {t} DROP CONSTRAINT IF EXISTS {t}_phone_key"}});
  CHECK(differences(told["100_it"]).find("may have altered it") != std::string::npos);
  CHECK(rig.cell_of("100_it") == "applied");
  CHECK(rig.cell_of("101_it") == "applied");
}

TEST_CASE("what differs stays told over a restart, until it is put right and applied again") {
  if (!PostgresServer::available()) {
    return;
  }
  Applying rig;
  apply_all(
      rig,
      {{"CREATE TABLE {t} (id int)", "CREATE TABLE IF NOT EXISTS {t} (id int, phone text)", "x"}});
  rig.stop();
  rig.begin();
  CHECK(rig.cell_of("100_it") == "drifted schema");
  const auto findings = rig.json({"findings", "shop"}).at("findings").as_array();
  REQUIRE(findings.size() == 1);
  CHECK(findings[0].at("kind").as_string() == "schema");
  CHECK(findings[0].at("migration").as_string() == "100_it");
  CHECK(findings[0].at("summary").as_string() ==
        "table t100 exists already and differs: column phone is missing");
  CHECK(findings[0].at("details").at("table t100").as_string() == "column phone is missing");
  rig.sql("ALTER TABLE t100 ADD phone text");
  REQUIRE(rig.tidemark({"unmark", "shop/dev", "100_it", "--reason", "put right"}).status == 0);
  REQUIRE(rig.apply().outcome() == "applied");
  CHECK(rig.cell_of("100_it") == "applied");
  CHECK(note(rig, "100_it") == "no_op");
  CHECK(rig.json({"findings", "shop"}).at("findings").as_array().empty());
}

TEST_CASE("what cannot be compared is told, and applied all the same") {
  if (!PostgresServer::available()) {
    return;
  }
  Applying rig;
  rig.sql(
      "CREATE TABLE parent (a int) PARTITION BY LIST (a); CREATE TABLE busy (id int PRIMARY KEY)");
  PostgresSession other(rig.server(), rig.database());
  other.run("BEGIN; LOCK TABLE busy IN ACCESS EXCLUSIVE MODE");
  auto told = apply_all(
      rig,
      {{"CREATE TABLE {t} PARTITION OF parent FOR VALUES IN (1)",
        "CREATE TABLE IF NOT EXISTS {t} PARTITION OF parent FOR VALUES IN (1)",
        ""},
       {"CREATE SEQUENCE {t}", "CREATE SEQUENCE IF NOT EXISTS {t}", ""},
       {"CREATE TABLE {t} (a int)", "CREATE TABLE IF NOT EXISTS {t} (a int REFERENCES busy)", ""},
       {"CREATE TABLE {t} (a int)",
        "DO 'BEGIN CREATE TABLE IF NOT EXISTS {t} (a text); END'",
        ""}});
  CHECK(differences(told["100_it"]) == " not compared: it is a partition, which is not made twice");
  CHECK(differences(told["101_it"]) == " not compared: of this kind tidemark does not know how to");
  CHECK(differences(told["102_it"]).find("lock timeout") != std::string::npos);
  CHECK(differences(told["103_it"]) == " not compared: code that it runs has skipped it");
  for (const auto* id : {"100_it", "101_it", "102_it", "103_it"}) {
    CHECK(told[id].at("same").is_null());
    CHECK(rig.cell_of(id) == "applied");
    CHECK(note(rig, id).empty());
  }
}

TEST_CASE("who writes to a table that is compared with, or referred to, stands in nobody's way") {
  if (!PostgresServer::available()) {
    return;
  }
  Applying rig;
  rig.sql("CREATE TABLE busy (id int PRIMARY KEY); CREATE TABLE t100 (a int REFERENCES busy)");
  PostgresSession other(rig.server(), rig.database());
  other.run("BEGIN; INSERT INTO busy VALUES (1); INSERT INTO t100 VALUES (1)");
  const auto told = apply_all(
      rig, {{"SELECT 1", "CREATE TABLE IF NOT EXISTS {t} (a int REFERENCES busy (id))", ""}});
  CHECK(told.at("100_it").at("same") == true);
  other.run("COMMIT");
}

TEST_CASE("an index that is there and invalid is no index, also outside of CONCURRENTLY") {
  if (!PostgresServer::available()) {
    return;
  }
  Applying rig;
  rig.file("001_users.sql", "CREATE TABLE users (id int);\nINSERT INTO users VALUES (1), (1);\n");
  rig.begin();
  REQUIRE(rig.apply().outcome() == "applied");
  CHECK_THROWS_AS(rig.sql("CREATE UNIQUE INDEX CONCURRENTLY users_id ON users (id)"),
                  std::runtime_error);
  rig.migration("002_index", "CREATE UNIQUE INDEX IF NOT EXISTS users_id ON users (id);\n");
  const auto told = rig.apply();
  REQUIRE(told.of("skipped").size() == 1);
  CHECK(differences(told.of("skipped")[0]) ==
        "index users_id: it is invalid, so it serves no query");
  CHECK(rig.cell_of("002_index") == "drifted schema");
}

TEST_CASE("a file that asks not to be told of what it skips is looked after all the same") {
  if (!PostgresServer::available()) {
    return;
  }
  Applying rig;
  auto told = apply_all(rig,
                        {{"CREATE TABLE {t} (id bigint)",
                          "SET client_min_messages = warning;\nCREATE TABLE IF NOT EXISTS {t} (id "
                          "int);\nCREATE TABLE IF NOT EXISTS {t}_new (id int)",
                          ""}});
  CHECK(differences(told["100_it"]) == "table t100: column id is bigint, asked for integer");
  CHECK(rig.cell_of("100_it") == "drifted schema");
  CHECK(rig.exists("t100_new"));
}

TEST_CASE("a twin does not run what a default or a trigger would do") {
  if (!PostgresServer::available()) {
    return;
  }
  Applying rig;
  rig.sql(
      "CREATE TABLE calls (n int); CREATE SEQUENCE counted; CREATE FUNCTION called() RETURNS int "
      "STABLE LANGUAGE sql AS $$SELECT nextval('counted')::int$$");
  const auto told = apply_all(rig,
                              {{"CREATE TABLE {t} (a int, b int DEFAULT called())",
                                "ALTER TABLE {t} ADD COLUMN IF NOT EXISTS b int DEFAULT called()",
                                ""}});
  CHECK(told.at("100_it").at("same") == true);
  CHECK(rig.sql("SELECT is_called FROM counted") == "f");
}

TEST_CASE("what was skipped is known as well when the answer to COMMIT is lost") {
  if (!PostgresServer::available()) {
    return;
  }
  PostgresServer server({.tcp = true});
  ThroughProxy rig(server);
  rig.file("001_users.sql", "CREATE TABLE users (id int);\n");
  rig.begin();
  REQUIRE(rig.apply().outcome() == "applied");
  rig.migration("002_same", "CREATE TABLE IF NOT EXISTS users (id int);\n");
  rig.proxy.cut_next({Proxy::Way::to_server, 0, Proxy::How::fin});
  CHECK(rig.apply().outcome() == "failed");
  CHECK(rig.cell_of("002_same") == "failed");
  CHECK(note(rig, "002_same").empty());
  rig.proxy.cut_next({Proxy::Way::to_client, 0, Proxy::How::fin});
  CHECK(rig.apply().outcome() == "applied");
  CHECK(rig.cell_of("002_same") == "applied");
  CHECK(note(rig, "002_same") == "no_op");
  rig.migration("003_other", "CREATE TABLE IF NOT EXISTS users (id int, phone text);\n");
  rig.proxy.cut_next({Proxy::Way::to_client, 0, Proxy::How::fin});
  CHECK(rig.apply().outcome() == "applied");
  CHECK(rig.cell_of("003_other") == "drifted schema");
}
