// What is set, by the config or by a migration, and what may not be.

#include <string>

#include <doctest/doctest.h>

#include "tests/daemon/apply/beside.h"

using namespace tidemark::test;

TEST_CASE("an environment that is a schema is applied to there, in a transaction and outside one") {
  if (!PostgresServer::available()) {
    return;
  }
  Applying rig("        schema: app\n");
  rig.sql("CREATE SCHEMA app; CREATE TABLE public.orders (id int)");
  rig.file("001_orders.sql", "CREATE TABLE orders (id int);\n");
  rig.file("002_index.sql",
           "CREATE INDEX CONCURRENTLY orders_id ON orders (id);\nVACUUM orders;\n");
  rig.file("003_name.sql", "ALTER TABLE orders ADD name text;\n");
  rig.begin();
  const auto told = rig.apply();
  CHECK_MESSAGE(told.outcome() == "applied", told.message());
  CHECK(rig.sql("SELECT string_agg(indrelid::regclass::text, ' ') FROM pg_index WHERE "
                "indexrelid = to_regclass('app.orders_id')") == "app.orders");
  CHECK_FALSE(rig.exists("public.orders_id"));
  CHECK(rig.sql("SELECT string_agg(table_schema, ' ') FROM information_schema.columns WHERE "
                "table_name = 'orders' AND column_name = 'name'") == "app");
}

TEST_CASE("a migration may have less patience than its environment, and never more") {
  if (!PostgresServer::available()) {
    return;
  }
  // Reads settings when COMMIT runs.
  const std::string probe =
      "CREATE TABLE %(at text, sync text, locks text, idle text);\n"
      "CREATE FUNCTION %_look() RETURNS trigger LANGUAGE plpgsql AS $$\n"
      "BEGIN UPDATE % SET sync = current_setting('synchronous_commit'); RETURN NULL; END $$;\n"
      "CREATE CONSTRAINT TRIGGER %_late AFTER INSERT ON % DEFERRABLE INITIALLY DEFERRED\n"
      "  FOR EACH ROW EXECUTE FUNCTION %_look();\n";
  const std::string look =
      "INSERT INTO % VALUES ('x', '', current_setting('lock_timeout'),\n"
      "  current_setting('idle_in_transaction_session_timeout'));\n";
  const auto of = [](std::string text, const std::string& name) {
    for (auto at = text.find('%'); at != std::string::npos; at = text.find('%')) {
      text.replace(at, 1, name);
    }
    return text;
  };
  Applying rig("        lock_timeout: 3s\n");
  rig.file("001_more.sql",
           of(probe, "more") +
               "SET lock_timeout = 0;\nSET idle_in_transaction_session_timeout = 0;\n"
               "SET synchronous_commit = off;\n" +
               of(look, "more"));
  rig.file("002_less.sql",
           of(probe, "less") + "SET lock_timeout = '1s';\nSET synchronous_commit = local;\n" +
               of(look, "less"));
  rig.begin();
  const auto told = rig.apply();
  REQUIRE_MESSAGE(told.outcome() == "applied", told.message());
  CHECK(rig.sql("SELECT sync || ' ' || locks || ' ' || idle FROM more") == "on 3s 15s");
  CHECK(rig.sql("SELECT sync || ' ' || locks || ' ' || idle FROM less") == "local 1s 15s");
}

TEST_CASE("the log says which migration a transaction was, and that it was made sure of") {
  if (!PostgresServer::available()) {
    return;
  }
  // Nobody else brings the log to the disk.
  PostgresServer server({.settings = {"wal_level=logical",
                                      "wal_writer_delay=10000",
                                      "wal_writer_flush_after=1GB",
                                      "bgwriter_delay=10000",
                                      "autovacuum=off"}});
  Applying rig("", server);
  rig.file("001_users.sql", "CREATE TABLE users (id int);\n");
  rig.begin();
  rig.sql("SELECT pg_create_logical_replication_slot('told', 'test_decoding')");
  const auto told = rig.apply();
  REQUIRE_MESSAGE(told.outcome() == "applied", told.message());
  const auto messages = rig.sql(
      "SELECT string_agg(substring(data FROM 'content:(.*)'), '; ' ORDER BY data) FROM"
      "  pg_logical_slot_get_changes('told', NULL, NULL) WHERE data LIKE 'message:%tidemark%'");
  const std::string attempt(told.of("migration.started").front().at("attempt").as_string());
  CHECK(messages == "flush; shop/dev 001_users " + attempt);
  // What takes its time is brought to the disk once more.
  rig.migration("002_slow", "CREATE TABLE slow (id int);\nSELECT pg_sleep(1.1);\n");
  REQUIRE(rig.apply().outcome() == "applied");
  CHECK(rig.sql("SELECT count(*) FROM pg_logical_slot_get_changes('told', NULL, NULL) "
                "WHERE data LIKE '%content:flush'") == "2");
  rig.sql("SELECT pg_drop_replication_slot('told')");
}
