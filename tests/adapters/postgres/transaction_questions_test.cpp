#include "adapters/postgres/transaction_questions.h"

#include <doctest/doctest.h>

#include "adapters/postgres/lsn.h"
#include "tests/adapters/postgres/asking.h"

namespace tidemark::test {
namespace {

using Status = Testimony::Status;

}  // namespace

TEST_CASE("a transaction has a number once it has written, and its place in the log") {
  if (!PostgresServer::available()) {
    return;
  }
  Asking asking;
  asking.run("BEGIN");
  const auto before = asking.ask(where_it_is(*asking.session));
  CHECK(before.xid == 0);
  asking.run("CREATE TABLE t ()");
  const auto after = asking.ask(where_it_is(*asking.session));
  CHECK(std::to_string(after.xid) == asking.run("SELECT pg_current_xact_id()"));
  CHECK(after.written > before.written);
  CHECK(after.aim == before.aim);
  CHECK(after.aim.pid == asking.session->backend_pid());
  CHECK(after.aim.transaction_start);
}

TEST_CASE("the place of a transaction is asked without what its search_path offers") {
  if (!PostgresServer::available()) {
    return;
  }
  Asking asking;
  asking.run(
      "CREATE FUNCTION public.evil(float8, float8) RETURNS float8 LANGUAGE sql AS 'SELECT 1 / 0';"
      "CREATE OPERATOR public.* (LEFTARG = float8, RIGHTARG = float8, FUNCTION = public.evil);"
      "BEGIN; SET LOCAL search_path = public, pg_catalog");
  CHECK(asking.ask(where_it_is(*asking.session)).aim.transaction_start > 1'000'000'000'000'000);
}

TEST_CASE("a transaction begins with settings, a lock and a number that the log knows") {
  if (!PostgresServer::available()) {
    return;
  }
  PostgresServer server({.settings = {"wal_level=logical"}});
  server.run("SELECT pg_create_logical_replication_slot('told', 'test_decoding')");
  Writing writing;
  const auto session = writing.connect(server.address("postgres"));
  const auto other = writing.connect(server.address("postgres"));
  constexpr std::int64_t lock = -5'000'000'000;
  const std::string settings = "SET LOCAL lock_timeout = 7";
  const std::string name = "shop/dev it's \\ V1 \xc3\xa4";
  REQUIRE(writing.run(*session, "SET standard_conforming_strings = off"));
  const auto begin = [&](WriteSession& in, const std::string& whose) {
    const auto answer = writing.run(in, begin_transaction(settings, lock, whose));
    REQUIRE(answer);
    const auto told = begun_in(*answer);
    REQUIRE(told);
    return *told;
  };
  const auto begun = begin(*session, name);
  CHECK(begun.alone);
  CHECK(session->transaction() == WriteSession::Transaction::open);
  const auto place = writing.answer(where_it_is(*session));
  CHECK(begun.xid == place.xid);
  CHECK(begun.xid != 0);
  CHECK(begun.written <= place.written);
  CHECK(begun.written > 0);
  const auto setting = writing.run(*session, "SHOW lock_timeout");
  REQUIRE(setting);
  CHECK(setting->rows.front().front() == "7ms");
  CHECK(!begin(*other, "x").alone);
  REQUIRE(writing.run(*other, "ROLLBACK"));
  REQUIRE(writing.run(*session, "COMMIT"));
  CHECK(server.run("SELECT string_agg(data, '; ') FROM"
                   "  pg_logical_slot_get_changes('told', NULL, NULL, 'include-xids', 'true')"
                   " WHERE data LIKE '%tidemark%' AND xid = '" +
                   std::to_string(begun.xid) + "'") ==
        "message: transactional: 1 prefix: tidemark, sz: " + std::to_string(name.size()) +
            " content:" + name);
  CHECK(server.run("SELECT pg_drop_replication_slot('told')").empty());
}

TEST_CASE("a transaction begins as if its session were new, whatever the one before has left") {
  if (!PostgresServer::available()) {
    return;
  }
  Asking asking;
  const auto named = [](const std::string& setting) {
    return "current_setting('" + setting + "')";
  };
  const std::string state =
      "SELECT concat_ws(' ', session_user, current_user, pg_my_temp_schema(), " +
      named("search_path") + ", " + named("statement_timeout") + ", " +
      named("transaction_isolation") + ", " + named("transaction_read_only") + ", " +
      named("client_encoding") +
      ", to_regclass('pg_temp.hidden'), (SELECT count(*) FROM pg_prepared_statements),"
      " (SELECT count(*) FROM pg_cursors), (SELECT count(*) FROM pg_listening_channels()),"
      " (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 77))";
  asking.run("CREATE SEQUENCE s");
  const auto begin = begin_transaction("SET LOCAL lock_timeout = 7", 1, "x");
  // Its temporary schema stays its own.
  asking.run("CREATE TEMP TABLE hidden (id int)");
  asking.run(begin);
  const auto fresh = asking.run(state);
  asking.run("COMMIT");
  for (const std::string left :
       {"CREATE TEMP TABLE hidden (id int)",
        "PREPARE p AS SELECT 1",
        "BEGIN; DECLARE c CURSOR WITH HOLD FOR SELECT 1; COMMIT",
        "LISTEN something",
        "SELECT pg_advisory_lock(77)",
        "SELECT pg_advisory_lock_shared(77)",
        "SET search_path = nowhere",
        "SET client_encoding = 'LATIN1'",
        "SET statement_timeout = '5s'; SET ROLE pg_monitor",
        "SET SESSION AUTHORIZATION pg_monitor",
        "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL SERIALIZABLE, READ ONLY, "
        "DEFERRABLE"}) {
    CAPTURE(left);
    asking.run(left);
    CHECK(asking.run(state) != fresh);
    asking.run(begin);
    CHECK(asking.run(state) == fresh);
    asking.run("COMMIT");
  }
  asking.run("SELECT nextval('s')");
  asking.run(begin);
  const auto value = asking.writing.run(*asking.session, "SELECT currval('s')");
  REQUIRE(!value);
  CHECK(value.error().sqlstate == "55000");
}

TEST_CASE("a transaction is committed to the disk, whatever it has set") {
  if (!PostgresServer::available()) {
    return;
  }
  Asking asking;
  // Told by what is in force when it is committed.
  asking.run(
      "CREATE TABLE told (what text); CREATE TABLE t (id int);"
      "CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN INSERT INTO told VALUES "
      "(current_setting('synchronous_commit')); RETURN NULL; END$$;"
      "CREATE CONSTRAINT TRIGGER tells AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED"
      "  FOR EACH ROW EXECUTE FUNCTION tell()");
  for (const auto& [set, is] : std::map<std::string, std::string>{
           {"off", "on"}, {"local", "local"}, {"remote_apply", "remote_apply"}}) {
    asking.run("TRUNCATE told");
    asking.run("BEGIN; SET synchronous_commit = " + set + "; INSERT INTO t VALUES (1)");
    const auto committed = asking.writing.run(*asking.session, std::string(commit_to_disk));
    REQUIRE(committed);
    CHECK(is_committed(committed->tags));
    CHECK(asking.run("SELECT what FROM told") == is);
  }
  // What begins after it may fail, and it is committed all the same.
  asking.run("BEGIN; INSERT INTO t VALUES (2)");
  const auto committed =
      asking.writing.run(*asking.session, std::string(commit_to_disk) + "; BEGIN; SELECT 1 / 0");
  REQUIRE(!committed);
  CHECK(is_committed(committed.error().tags));
  CHECK(asking.session->transaction() == WriteSession::Transaction::failed);
  asking.run("ROLLBACK");
  CHECK(asking.run("SELECT count(*) FROM t WHERE id = 2") == "1");
  // Nor is it undone where it was not possible.
  asking.run("BEGIN");
  REQUIRE(!asking.writing.run(*asking.session, "SELECT 1 / 0"));
  const auto undone = asking.writing.run(*asking.session, std::string(commit_to_disk));
  REQUIRE(!undone);
  CHECK_FALSE(is_committed(undone.error().tags));
  asking.run("ROLLBACK");
  // Not even where the connection is gone.
  asking.run("BEGIN; INSERT INTO t VALUES (3)");
  const auto gone = asking.writing.run(
      *asking.session,
      std::string(commit_to_disk) + "; SELECT pg_catalog.pg_terminate_backend(pg_backend_pid())");
  REQUIRE(!gone);
  CHECK(gone.error().lost);
  CHECK(is_committed(gone.error().tags));
  CHECK(asking.seen("SELECT count(*) FROM t WHERE id = 3") == "1");
}

TEST_CASE("a marker has the log on the disk, whatever the session is set to") {
  if (!PostgresServer::available()) {
    return;
  }
  // Nobody but us has it written, and a standby that is missing is not waited for.
  PostgresServer server({.settings = {"wal_writer_delay=10000",
                                      "wal_writer_flush_after=1GB",
                                      "bgwriter_delay=10000",
                                      "autovacuum=off",
                                      "synchronous_standby_names=missing"}});
  Writing writing;
  const auto session = writing.connect(server.address("postgres"));
  const auto other = writing.connect(server.address("postgres"));
  REQUIRE(writing.run(*other, "SET synchronous_commit = off"));
  REQUIRE(writing.run(*session, "SET synchronous_commit = off; BEGIN; CREATE TABLE t ()"));
  const auto place = writing.answer(where_it_is(*session));
  const auto flushed = [&] {
    const auto lsn = writing.run(*other, "SELECT pg_current_wal_flush_lsn()");
    REQUIRE(lsn);
    return lsn_in(lsn->rows.front().front());
  };
  CHECK(flushed() < place.written);
  const auto up_to = writing.answer(flush_log(*other));
  CHECK(up_to >= place.written);
  CHECK(flushed() >= up_to);
  const auto setting = writing.run(*other, "SHOW synchronous_commit");
  REQUIRE(setting);
  CHECK(setting->rows.front().front() == "off");
}

TEST_CASE("the log is not flushed from within a transaction, which would not do it") {
  if (!PostgresServer::available()) {
    return;
  }
  Asking asking;
  asking.run("BEGIN");
  const auto flushed = drive(asking.writing.loop(), flush_log(*asking.session));
  REQUIRE(!flushed);
  CHECK(flushed.error().error.code == Errc::internal);
}

TEST_CASE("a server says what became of a transaction") {
  if (!PostgresServer::available()) {
    return;
  }
  Asking asking;
  const auto status = [&](std::uint64_t xid) {
    return asking.ask(transaction_status(*asking.other, xid));
  };
  const auto xid_of = [&](const std::string& sql) {
    asking.run("BEGIN; " + sql);
    return asking.ask(where_it_is(*asking.session)).xid;
  };
  const auto committed = xid_of("CREATE TABLE t ()");
  CHECK(status(committed) == Status::in_progress);
  asking.run("COMMIT");
  CHECK(status(committed) == Status::committed);
  const auto aborted = xid_of("CREATE TABLE u ()");
  asking.run("ROLLBACK");
  CHECK(status(aborted) == Status::aborted);
  CHECK(status(aborted + 1'000'000) == Status::in_future);
  CHECK(status(0) == Status::forgotten);
  CHECK(asking.other->usable());
}

TEST_CASE("the backend of a transaction is ended by the transaction's number") {
  if (!PostgresServer::available()) {
    return;
  }
  Asking asking;
  asking.run("BEGIN; CREATE TABLE t ()");
  const auto xid = asking.ask(where_it_is(*asking.session)).xid;
  CHECK(asking.ask(end_transaction(*asking.other, xid)));
  asking.wait_until("pg_xact_status('" + std::to_string(xid) + "') = 'aborted'");
  CHECK(asking.ask(transaction_status(*asking.other, xid)) == Status::aborted);
  CHECK(!asking.ask(end_transaction(*asking.other, xid)));
  const auto commit = asking.writing.run(*asking.session, "COMMIT");
  REQUIRE(!commit);
  CHECK(commit.error().lost);
  CHECK(commit.error().sqlstate == "57P01");
}

}  // namespace tidemark::test
