// What we say of statements, held against a real PostgreSQL: what it calls them, whether it runs
// them in a transaction block, and which locks it takes.

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <doctest/doctest.h>
#include <libpq-fe.h>

#include "tests/adapters/parser/parsing.h"
#include "tests/support/postgres_server.h"

using namespace tidemark;
using namespace std::chrono_literals;
using test::PostgresServer;
using test::PostgresSession;
using test::statement;

namespace {

constexpr std::string_view fixture = R"sql(
  CREATE SCHEMA shop;
  CREATE TABLE users (id int PRIMARY KEY, name text);
  CREATE TABLE t (id int PRIMARY KEY, a int, b int, note text, u int);
  CREATE TABLE child (u int CONSTRAINT fk REFERENCES users, c int);
  ALTER TABLE child ADD CONSTRAINT big CHECK (c > 0) NOT VALID;
  ALTER TABLE child ADD CONSTRAINT later FOREIGN KEY (c) REFERENCES users NOT VALID;
  CREATE INDEX by_a ON t (a);
  CREATE UNIQUE INDEX by_b ON t (b);
  ALTER TABLE t CLUSTER ON by_a;
  CREATE TABLE parent (u int);
  CREATE TABLE measures (at int) PARTITION BY RANGE (at);
  CREATE TABLE measures_1 PARTITION OF measures FOR VALUES FROM (0) TO (10);
  CREATE TABLE measures_2 (at int);
  CREATE VIEW v AS SELECT a FROM t;
  CREATE MATERIALIZED VIEW m AS SELECT id, a FROM t;
  CREATE UNIQUE INDEX m_id ON m (id);
  CREATE SEQUENCE s;
  CREATE TYPE mood AS ENUM ('fine');
  CREATE TYPE pair AS (a int, b int);
  CREATE DOMAIN positive AS int;
  ALTER DOMAIN positive ADD CONSTRAINT above CHECK (VALUE > 0) NOT VALID;
  CREATE TABLE uses_domain (p positive);
  CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';
  CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
  CREATE TRIGGER touched BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION touch();
  CREATE POLICY own ON t USING (true);
  CREATE STATISTICS st ON a, b FROM t;
  CREATE PUBLICATION p;
  CREATE PUBLICATION q FOR TABLE users;
  CREATE SCHEMA empty;
  CREATE ROLE somebody;
  CREATE ROLE seller;
  CREATE TABLE sold (a int);
  ALTER TABLE sold OWNER TO seller;
)sql";

struct Answer {
  std::string tag;
  std::string state;  // SQLSTATE; empty when it went well
  std::string value;
  std::string error;
};

class Connection {
 public:
  Connection(const PostgresServer& server, const std::string& database)
      : pg_(PQconnectdb(server.address(database).c_str()), PQfinish) {
    if (PQstatus(pg_.get()) != CONNECTION_OK) {
      throw std::runtime_error(PQerrorMessage(pg_.get()));
    }
    PQsetNoticeReceiver(
        pg_.get(), [](void*, const PGresult*) {}, nullptr);
  }

  Answer run(const std::string& sql) {
    const std::unique_ptr<PGresult, void (*)(PGresult*)> result(PQexec(pg_.get(), sql.c_str()),
                                                                PQclear);
    const char* state = PQresultErrorField(result.get(), PG_DIAG_SQLSTATE);
    const bool any = PQntuples(result.get()) > 0;
    return {PQcmdStatus(result.get()),
            state == nullptr ? "" : state,
            any ? PQgetvalue(result.get(), 0, 0) : "",
            PQresultErrorMessage(result.get())};
  }

  int pid() const { return PQbackendPID(pg_.get()); }
  void send(const std::string& sql) { REQUIRE(PQsendQuery(pg_.get(), sql.c_str()) == 1); }
  void cancel() {
    std::string error(256, '\0');
    const std::unique_ptr<PGcancel, void (*)(PGcancel*)> cancel(PQgetCancel(pg_.get()),
                                                                PQfreeCancel);
    PQcancel(cancel.get(), error.data(), static_cast<int>(error.size()));
    while (auto* result = PQgetResult(pg_.get())) {
      PQclear(result);
    }
  }

 private:
  std::unique_ptr<PGconn, void (*)(PGconn*)> pg_;
};

std::string shop() {
  static const std::string database = [] {
    auto& server = PostgresServer::shared();
    auto name = server.create_database("shop");
    server.run(std::string(fixture), name);
    return name;
  }();
  return database;
}

// As pg_locks writes it.
std::string mode(LockClass lock) {
  std::string text;
  bool begins = true;
  for (const char c : to_string(lock)) {
    text.push_back(begins && c >= 'a' ? static_cast<char>(c - 'a' + 'A') : c);
    begins = c == '_';
  }
  std::erase(text, '_');
  return lock == LockClass::none ? "" : text + "Lock";
}

struct Locking {
  std::string statement;
  LockClass lock = LockClass::none;
};

using enum LockClass;

// With the fixture's objects, each alone in a transaction.
const std::vector<Locking> locking{
    {"SELECT a FROM t", access_share},
    {"SELECT 1", none},
    {"SELECT count(*) FROM v", access_share},
    {"SELECT a FROM t FOR UPDATE", row_share},
    {"SELECT a FROM t FOR KEY SHARE", row_share},
    {"SELECT setval('s', 5)", row_exclusive},
    {"SELECT nextval('s')", row_exclusive},
    {"WITH x AS (DELETE FROM t RETURNING a) SELECT * FROM x", row_exclusive},
    {"SELECT a INTO t2 FROM t", access_share},
    {"INSERT INTO t (id) VALUES (1)", row_exclusive},
    {"UPDATE t SET a = 1", row_exclusive},
    {"DELETE FROM t", row_exclusive},
    {"MERGE INTO t USING users ON t.id = users.id WHEN MATCHED THEN DELETE", row_exclusive},
    {"EXPLAIN SELECT a FROM t", access_share},
    {"EXPLAIN DELETE FROM t", row_exclusive},
    {"DECLARE c CURSOR FOR SELECT a FROM t", access_share},
    {"PREPARE x AS SELECT a FROM t", access_share},
    {"COPY t TO '/dev/null'", access_share},
    {"COPY (SELECT a FROM t) TO '/dev/null'", access_share},
    {"COPY t FROM '/dev/null'", row_exclusive},
    {"TRUNCATE t", access_exclusive},
    {"LOCK TABLE t", access_exclusive},
    {"LOCK TABLE t IN SHARE MODE", share},
    {"LOCK TABLE t IN ROW SHARE MODE", row_share},
    {"LOCK TABLE t IN EXCLUSIVE MODE", exclusive},
    {"LOCK TABLE t IN SHARE ROW EXCLUSIVE MODE", share_row_exclusive},
    {"ANALYZE t", share_update_exclusive},
    {"CLUSTER t", access_exclusive},
    {"REINDEX TABLE t", access_exclusive},
    {"REINDEX INDEX by_a", access_exclusive},
    {"REFRESH MATERIALIZED VIEW m", access_exclusive},
    {"REFRESH MATERIALIZED VIEW CONCURRENTLY m", exclusive},

    {"CREATE TABLE n (id int PRIMARY KEY)", none},
    {"CREATE TABLE n (LIKE t)", access_share},
    {"CREATE TABLE n () INHERITS (parent)", share_update_exclusive},
    {"CREATE TABLE n PARTITION OF measures FOR VALUES FROM (10) TO (20)", access_exclusive},
    {"CREATE TABLE n (u int REFERENCES users)", share_row_exclusive},
    {"CREATE TABLE n (id int PRIMARY KEY, up int REFERENCES n)", none},
    {"CREATE TABLE n AS SELECT a FROM t", access_share},
    {"CREATE TABLE n AS SELECT 1", none},
    {"CREATE TEMP TABLE n (a int)", none},
    {"CREATE VIEW n AS SELECT a FROM t", access_share},
    {"CREATE OR REPLACE VIEW v AS SELECT a FROM t", access_exclusive},
    {"CREATE MATERIALIZED VIEW n AS SELECT a FROM t", access_share},
    {"CREATE INDEX ON t (a)", share},
    {"CREATE UNIQUE INDEX i ON t (id)", share},
    {"CREATE TRIGGER n BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION touch()",
     share_row_exclusive},
    {"CREATE OR REPLACE TRIGGER touched BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION touch()",
     share_row_exclusive},
    {"CREATE RULE r AS ON INSERT TO t DO NOTHING", access_exclusive},
    {"CREATE POLICY n ON t USING (true)", access_exclusive},
    {"ALTER POLICY own ON t USING (false)", access_exclusive},
    {"CREATE STATISTICS n ON a, id FROM t", share_update_exclusive},
    {"ALTER STATISTICS st SET STATISTICS 10", none},
    {"CREATE SEQUENCE n", none},
    {"CREATE SEQUENCE n OWNED BY t.a", access_share},
    {"ALTER SEQUENCE s INCREMENT 2", share_row_exclusive},
    {"ALTER SEQUENCE s RESTART", share_row_exclusive},
    {"CREATE SCHEMA n", none},
    {"CREATE SCHEMA n CREATE TABLE x (u int REFERENCES users)", share_row_exclusive},
    {"CREATE FUNCTION n() RETURNS int LANGUAGE sql AS 'SELECT 1'", none},
    {"CREATE TYPE n AS ENUM ('a')", none},
    {"CREATE TYPE n AS (a int)", none},
    {"CREATE DOMAIN n AS int", none},
    {"CREATE PUBLICATION n", none},
    {"CREATE PUBLICATION n FOR ALL TABLES", none},
    {"CREATE PUBLICATION n FOR TABLE t", share_update_exclusive},
    {"ALTER PUBLICATION p ADD TABLE t", share_update_exclusive},
    {"ALTER PUBLICATION q DROP TABLE users", share_update_exclusive},
    {"ALTER PUBLICATION p SET (publish = 'insert')", none},
    {"CREATE ROLE n", none},

    {"ALTER TABLE t ADD x int", access_exclusive},
    {"ALTER TABLE t ADD x int REFERENCES users", access_exclusive},
    {"ALTER TABLE t DROP note", access_exclusive},
    {"ALTER TABLE t ALTER note TYPE varchar(50)", access_exclusive},
    {"ALTER TABLE t ALTER a SET DEFAULT 1", access_exclusive},
    {"ALTER TABLE t ALTER a SET NOT NULL", access_exclusive},
    {"ALTER TABLE t ALTER a DROP NOT NULL", access_exclusive},
    {"ALTER TABLE t ALTER id ADD GENERATED ALWAYS AS IDENTITY", access_exclusive},
    {"ALTER TABLE t ALTER a SET STATISTICS 100", share_update_exclusive},
    {"ALTER TABLE t ALTER a SET (n_distinct = 5)", share_update_exclusive},
    {"ALTER TABLE t ALTER a RESET (n_distinct)", share_update_exclusive},
    {"ALTER TABLE t ALTER note SET STORAGE EXTERNAL", access_exclusive},
    {"ALTER TABLE t ALTER note SET COMPRESSION pglz", access_exclusive},
    {"ALTER TABLE t SET (fillfactor = 50)", share_update_exclusive},
    {"ALTER TABLE t SET (autovacuum_enabled = off, toast.autovacuum_enabled = off)",
     share_update_exclusive},
    {"ALTER TABLE t SET (vacuum_truncate = off)", share_update_exclusive},
    {"ALTER TABLE t SET (vacuum_index_cleanup = off)", share_update_exclusive},
    {"ALTER TABLE t SET (parallel_workers = 2)", share_update_exclusive},
    {"ALTER TABLE t SET (toast_tuple_target = 200)", share_update_exclusive},
    {"ALTER TABLE t SET (log_autovacuum_min_duration = 5)", share_update_exclusive},
    {"ALTER TABLE t SET (fillfactor = 50, user_catalog_table = true)", access_exclusive},
    {"ALTER TABLE t RESET (fillfactor)", share_update_exclusive},
    {"ALTER INDEX by_a SET (deduplicate_items = off)", share_update_exclusive},
    {"ALTER VIEW v SET (security_barrier)", access_exclusive},
    {"ALTER TABLE t SET LOGGED", access_exclusive},
    {"ALTER TABLE t SET UNLOGGED", access_exclusive},
    {"ALTER TABLE t CLUSTER ON by_a", share_update_exclusive},
    {"ALTER TABLE t SET WITHOUT CLUSTER", share_update_exclusive},
    {"ALTER TABLE t ADD CHECK (a > 0)", access_exclusive},
    {"ALTER TABLE t ADD CONSTRAINT x CHECK (a > 0) NOT VALID", access_exclusive},
    {"ALTER TABLE t ADD UNIQUE (a)", access_exclusive},
    {"ALTER TABLE t ADD UNIQUE USING INDEX by_b", access_exclusive},
    {"ALTER TABLE t ADD FOREIGN KEY (u) REFERENCES users", share_row_exclusive},
    {"ALTER TABLE t ADD FOREIGN KEY (u) REFERENCES users NOT VALID", share_row_exclusive},
    {"ALTER TABLE t ADD EXCLUDE (a WITH =)", access_exclusive},
    {"ALTER TABLE child VALIDATE CONSTRAINT big", share_update_exclusive},
    {"ALTER TABLE child VALIDATE CONSTRAINT later", share_update_exclusive},
    {"ALTER TABLE child DROP CONSTRAINT fk", access_exclusive},
    {"ALTER TABLE child ALTER CONSTRAINT fk DEFERRABLE", access_exclusive},
    {"ALTER TABLE t ENABLE TRIGGER touched", share_row_exclusive},
    {"ALTER TABLE t DISABLE TRIGGER ALL", share_row_exclusive},
    {"ALTER TABLE t DISABLE TRIGGER USER", share_row_exclusive},
    {"ALTER TABLE t ENABLE REPLICA TRIGGER touched", share_row_exclusive},
    {"ALTER TABLE t ENABLE ROW LEVEL SECURITY", access_exclusive},
    {"ALTER TABLE t FORCE ROW LEVEL SECURITY", access_exclusive},
    {"ALTER TABLE t REPLICA IDENTITY FULL", access_exclusive},
    {"ALTER TABLE t OWNER TO somebody", access_exclusive},
    {"ALTER TABLE t SET SCHEMA shop", access_exclusive},
    {"ALTER TABLE t RENAME TO n", access_exclusive},
    {"ALTER TABLE t RENAME a TO n", access_exclusive},
    {"ALTER TABLE child RENAME CONSTRAINT fk TO n", access_exclusive},
    {"ALTER TABLE child INHERIT parent", access_exclusive},
    {"ALTER TABLE measures ATTACH PARTITION measures_2 FOR VALUES FROM (10) TO (20)",
     access_exclusive},
    {"ALTER TABLE measures DETACH PARTITION measures_1", access_exclusive},
    {"ALTER TABLE t ALTER a SET STATISTICS 100, ADD x int", access_exclusive},
    {"ALTER TABLE t VALIDATE CONSTRAINT t_pkey, SET (fillfactor = 50)", share_update_exclusive},
    {"ALTER INDEX by_a RENAME TO n", share_update_exclusive},
    {"ALTER INDEX by_a SET TABLESPACE pg_default", access_exclusive},
    {"ALTER VIEW v RENAME TO n", access_exclusive},
    {"ALTER VIEW v ALTER a SET DEFAULT 1", access_exclusive},
    {"ALTER TRIGGER touched ON t RENAME TO n", access_exclusive},
    {"ALTER POLICY own ON t RENAME TO n", access_exclusive},
    {"ALTER SEQUENCE s RENAME TO n", access_exclusive},
    {"ALTER TYPE mood ADD VALUE 'tired'", none},
    {"ALTER TYPE mood RENAME TO n", none},
    {"ALTER TYPE mood RENAME VALUE 'fine' TO 'good'", none},
    {"ALTER TYPE pair ADD ATTRIBUTE c int", access_exclusive},
    {"ALTER TYPE pair RENAME ATTRIBUTE a TO c", access_exclusive},
    {"ALTER DOMAIN positive ADD CHECK (VALUE > 1)", share},
    {"ALTER DOMAIN positive ADD CHECK (VALUE > 1) NOT VALID", none},
    {"ALTER DOMAIN positive VALIDATE CONSTRAINT above", share},
    {"ALTER DOMAIN positive SET NOT NULL", share},
    {"ALTER DOMAIN positive DROP NOT NULL", none},
    {"ALTER DOMAIN positive SET DEFAULT 1", none},
    {"ALTER FUNCTION f() STABLE", none},
    {"ALTER FUNCTION f() RENAME TO n", none},
    {"ALTER FUNCTION f() OWNER TO somebody", none},
    {"ALTER FUNCTION f() SET SCHEMA shop", none},
    {"ALTER SCHEMA shop RENAME TO n", none},
    {"ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO somebody", none},

    {"DROP TABLE child", access_exclusive},
    {"DROP TABLE users CASCADE", access_exclusive},
    {"DROP VIEW v", access_exclusive},
    {"DROP MATERIALIZED VIEW m", access_exclusive},
    {"DROP SEQUENCE s", access_exclusive},
    {"DROP INDEX by_a", access_exclusive},
    {"DROP TRIGGER touched ON t", access_exclusive},
    {"DROP POLICY own ON t", access_exclusive},
    {"DROP STATISTICS st", share_update_exclusive},
    {"DROP FUNCTION f()", none},
    {"DROP FUNCTION touch() CASCADE", access_exclusive},
    {"DROP TYPE mood", none},
    {"DROP TYPE positive CASCADE", access_exclusive},
    {"DROP SCHEMA empty", none},
    {"DROP PUBLICATION p", none},

    {"COMMENT ON TABLE t IS 'x'", share_update_exclusive},
    {"COMMENT ON COLUMN t.a IS 'x'", share_update_exclusive},
    {"COMMENT ON INDEX by_a IS 'x'", share_update_exclusive},
    {"COMMENT ON CONSTRAINT fk ON child IS 'x'", access_share},
    {"COMMENT ON TRIGGER touched ON t IS 'x'", access_share},
    {"COMMENT ON POLICY own ON t IS 'x'", access_share},
    {"COMMENT ON FUNCTION f() IS 'x'", none},
    {"COMMENT ON SCHEMA shop IS 'x'", none},
    {"COMMENT ON TYPE mood IS 'x'", none},
    {"GRANT SELECT ON t TO somebody", none},
    {"GRANT SELECT ON ALL TABLES IN SCHEMA public TO somebody", none},
    {"REVOKE SELECT ON t FROM somebody", none},
    {"GRANT USAGE ON SCHEMA shop TO somebody", none},
    {"REASSIGN OWNED BY seller TO somebody", access_exclusive},
    {"DROP OWNED BY seller", access_exclusive},
    {"SET CONSTRAINTS ALL DEFERRED", none},
    {"SET LOCAL search_path = shop", none},
    {"NOTIFY somebody", none},
};

// The strongest lock that the session holds on a relation that was there before.
constexpr std::string_view strongest = R"sql(
  SELECT l.mode
    FROM pg_locks l
    JOIN known k ON k.oid = l.relation
   WHERE l.pid = pg_backend_pid() AND l.locktype = 'relation'
     AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
   ORDER BY array_position(ARRAY['AccessShareLock', 'RowShareLock', 'RowExclusiveLock',
                                 'ShareUpdateExclusiveLock', 'ShareLock', 'ShareRowExclusiveLock',
                                 'ExclusiveLock', 'AccessExclusiveLock'], l.mode) DESC
   LIMIT 1
)sql";

// Its relations by number, where looking them up locks none of them.
constexpr std::string_view note_known = R"sql(
  CREATE TEMP TABLE known AS SELECT oid FROM pg_class WHERE oid >= 16384
)sql";

}  // namespace

TEST_CASE("each statement takes the lock that we say, of what was there before it") {
  if (!PostgresServer::available()) {
    return;
  }
  Connection session(PostgresServer::shared(), shop());
  REQUIRE(session.run(std::string(note_known)).state.empty());
  for (const auto& [text, lock] : locking) {
    CAPTURE(text);
    session.run("BEGIN");
    const auto answer = session.run(text);
    CAPTURE(answer.error);
    if (!text.starts_with("ALTER TABLE t VALIDATE CONSTRAINT t_pkey")) {
      CHECK(answer.state.empty());
      CHECK(session.run(std::string(strongest)).value == mode(lock));
    }
    session.run("ROLLBACK");
    CHECK(to_string(statement(text).lock) == to_string(lock));
  }
}

TEST_CASE("each statement has the tag that PostgreSQL gives it") {
  if (!PostgresServer::available()) {
    return;
  }
  Connection session(PostgresServer::shared(), shop());
  for (const auto& each : locking) {
    CAPTURE(each.statement);
    session.run("BEGIN");
    const auto answer = session.run(each.statement);
    session.run("ROLLBACK");
    auto kind = statement(each.statement).kind;
    if (const auto more = kind.find(" CONCURRENTLY"); more != std::string::npos) {
      kind.resize(more);
    }
    // SELECT INTO and CREATE TABLE AS are tagged by how many rows they made.
    if (answer.state.empty() && kind != "SELECT INTO" && !kind.starts_with("CREATE TABLE AS") &&
        kind != "CREATE MATERIALIZED VIEW") {
      CHECK(answer.tag.starts_with(kind));
    }
  }
}

TEST_CASE("what cannot run in a transaction asks for the lock that we say") {
  if (!PostgresServer::available()) {
    return;
  }
  auto& server = PostgresServer::shared();
  Connection session(server, shop());
  PostgresSession holder(server, shop());
  for (const auto& [text, lock] :
       std::vector<Locking>{{"CREATE INDEX CONCURRENTLY n ON t (a)", share_update_exclusive},
                            {"DROP INDEX CONCURRENTLY by_a", share_update_exclusive},
                            {"REINDEX TABLE CONCURRENTLY t", share_update_exclusive},
                            {"REINDEX INDEX CONCURRENTLY by_a", share_update_exclusive},
                            {"VACUUM t", share_update_exclusive},
                            {"VACUUM (FULL) t", access_exclusive},
                            {"VACUUM (FULL off, ANALYZE) t", share_update_exclusive},
                            {"ALTER TABLE measures DETACH PARTITION measures_1 CONCURRENTLY",
                             share_update_exclusive}}) {
    CAPTURE(text);
    holder.run("BEGIN");
    holder.run("LOCK TABLE t, measures IN SHARE UPDATE EXCLUSIVE MODE");
    session.send(text);
    std::string asked;
    for (int k = 0; k < 1000 && asked.empty(); ++k) {
      asked = server.run(
          "SELECT mode FROM pg_locks WHERE NOT granted AND pid = " + std::to_string(session.pid()),
          shop());
      std::this_thread::sleep_for(asked.empty() ? 5ms : 0ms);
    }
    session.cancel();
    holder.run("ROLLBACK");
    CHECK(asked == mode(lock));
    CHECK(to_string(statement(text).lock) == to_string(lock));
    CHECK(!statement(text).no_transaction.empty());
  }
}

TEST_CASE("what makes a logical slot cannot run in a transaction that has a number") {
  if (!PostgresServer::available()) {
    return;
  }
  PostgresServer server({.settings = {"wal_level=logical"}});
  Connection session(server, "postgres");
  const std::string make = "SELECT pg_create_logical_replication_slot('n', 'test_decoding')";
  const std::string copy = "SELECT * FROM pg_copy_logical_replication_slot('n', 'm')";
  for (const auto& text : {make, copy}) {
    CAPTURE(text);
    session.run("BEGIN; SELECT pg_current_xact_id()");
    CHECK(session.run(text).state == "25001");
    session.run("ROLLBACK");
    CHECK(session.run(text).state.empty());
    CHECK(!statement(text).no_transaction.empty());
  }
  session.run("SELECT pg_drop_replication_slot('n'), pg_drop_replication_slot('m')");
}

TEST_CASE("we say of a statement that it cannot run in a transaction when PostgreSQL says so") {
  if (!PostgresServer::available()) {
    return;
  }
  Connection session(PostgresServer::shared(), shop());
  const std::string subscription =
      "CREATE SUBSCRIPTION sub CONNECTION 'dbname=none' PUBLICATION p WITH (connect = false)";
  struct Case {
    std::string statement;
    std::string before = "SELECT 1";
  };
  for (const auto& [text, before] : std::vector<Case>{
           {"CREATE INDEX CONCURRENTLY n ON t (a)"},
           {"DROP INDEX CONCURRENTLY by_a"},
           {"REINDEX TABLE CONCURRENTLY t"},
           {"REINDEX (CONCURRENTLY) INDEX by_a"},
           {"REINDEX SCHEMA public"},
           {"REINDEX DATABASE " + shop()},
           {"REINDEX SYSTEM " + shop()},
           {"VACUUM"},
           {"VACUUM t"},
           {"VACUUM (ANALYZE) t"},
           {"CLUSTER"},
           {"CREATE DATABASE n"},
           {"DROP DATABASE n"},
           {"ALTER DATABASE n SET TABLESPACE pg_default"},
           {"CREATE TABLESPACE n LOCATION '/nowhere'"},
           {"DROP TABLESPACE n"},
           {"ALTER SYSTEM SET work_mem = '1MB'"},
           {"ALTER SYSTEM RESET ALL"},
           {"CREATE SUBSCRIPTION n CONNECTION 'dbname=none' PUBLICATION p"},
           {"ALTER SUBSCRIPTION sub REFRESH PUBLICATION",
            subscription + "; ALTER SUBSCRIPTION sub ENABLE"},
           {"ALTER SUBSCRIPTION sub SET PUBLICATION q",
            subscription + "; ALTER SUBSCRIPTION sub ENABLE"},
           {"DROP SUBSCRIPTION sub", subscription},
           {"ALTER TABLE measures DETACH PARTITION measures_1 CONCURRENTLY"},
           {"DISCARD ALL"},
           {"COMMIT PREPARED 'n'"},
           {"ROLLBACK PREPARED 'n'"},

           {"CREATE INDEX n ON t (a)"},
           {"DROP INDEX by_a"},
           {"REINDEX TABLE t"},
           {"REINDEX (CONCURRENTLY off) TABLE t"},
           {"CLUSTER t"},
           {"ANALYZE t"},
           {"REFRESH MATERIALIZED VIEW CONCURRENTLY m"},
           {"ALTER TYPE mood ADD VALUE 'tired'"},
           {"ALTER DATABASE " + shop() + " SET work_mem = '1MB'"},
           {"ALTER DATABASE " + shop() + " CONNECTION LIMIT 5"},
           {"CREATE SUBSCRIPTION n CONNECTION 'dbname=none' PUBLICATION p WITH (connect = false)"},
           {"CREATE SUBSCRIPTION n CONNECTION 'dbname=none' PUBLICATION p WITH (create_slot = "
            "false, enabled = false, slot_name = none, connect = off)"},
           {"ALTER SUBSCRIPTION sub SET PUBLICATION q WITH (refresh = false)", subscription},
           {"ALTER SUBSCRIPTION sub DISABLE", subscription},
           {"ALTER TABLE measures DETACH PARTITION measures_1"},
           {"DISCARD TEMP"},
           {"DISCARD PLANS"},
           {"TRUNCATE t"},
           {"CREATE ROLE n"},
           {"LOAD 'plpgsql'"},
           {"CHECKPOINT"},
       }) {
    CAPTURE(text);
    session.run("BEGIN");
    const auto prepared = session.run(before);
    CHECK_MESSAGE(prepared.state.empty(), prepared.error);
    const auto answer = session.run(text);
    session.run("ROLLBACK");
    CAPTURE(answer.error);
    CHECK((answer.state == "25001") == !statement(text).no_transaction.empty());
  }
}
