#include "adapters/postgres/server_questions.h"

#include <filesystem>
#include <fstream>

#include <doctest/doctest.h>

#include "adapters/postgres/lsn.h"
#include "tests/adapters/postgres/asking.h"
#include "tests/adapters/postgres/pgbouncer.h"

namespace tidemark::test {

TEST_CASE("a server says which one it is, since when, and how far its log goes") {
  if (!PostgresServer::available()) {
    return;
  }
  Asking asking;
  asking.run("CREATE SCHEMA \"My shop\"");
  const auto before = lsn_in(asking.seen("SELECT pg_current_wal_insert_lsn()"));
  const auto self = asking.ask(who_is_it(*asking.session, "My shop"));
  CHECK(self.identity.system_identifier ==
        asking.seen("SELECT system_identifier FROM pg_control_system()"));
  CHECK(self.identity.timeline == 1);
  CHECK(std::to_string(self.identity.database_oid) ==
        asking.seen("SELECT oid FROM pg_database WHERE datname = current_database()"));
  CHECK(std::to_string(self.identity.schema_oid) ==
        asking.seen("SELECT oid FROM pg_namespace WHERE nspname = 'My shop'"));
  CHECK(asking.seen("SELECT abs(extract(epoch FROM pg_postmaster_start_time()) * 1000 - " +
                    std::to_string(self.started.time_since_epoch().count()) + ") < 1") == "t");
  CHECK(asking.seen("SELECT extract(epoch FROM now() - pg_postmaster_start_time()) * 1000 - " +
                    std::to_string(self.up_for.count()) + " BETWEEN 0 AND 5000") == "t");
  CHECK(!self.standby);
  CHECK(self.written >= before);
  CHECK(before > 0);
  CHECK(asking.ask(who_is_it(*asking.session, "")).identity.schema_oid == 0);
}

TEST_CASE("what a server refuses to tell of itself is missing, and the session goes on") {
  if (!PostgresServer::available()) {
    return;
  }
  Asking asking;
  asking.seen(
      "CREATE ROLE " + asking.database +
      " LOGIN;"
      "REVOKE EXECUTE ON FUNCTION pg_control_system(), pg_walfile_name(pg_lsn) FROM public");
  const auto session =
      asking.writing.connect(asking.server.address(asking.database, asking.database));
  const auto self = asking.ask(who_is_it(*session, ""));
  CHECK(self.identity.system_identifier.empty());
  CHECK(self.identity.timeline == 0);
  CHECK(self.identity.database_oid != 0);
  CHECK(session->transaction() == WriteSession::Transaction::none);
}

TEST_CASE("which server it is is not asked within a transaction, which a refusal would end") {
  if (!PostgresServer::available()) {
    return;
  }
  Asking asking;
  asking.run("BEGIN");
  const auto self = drive(asking.writing.loop(), who_is_it(*asking.session, ""));
  REQUIRE(!self);
  CHECK(self.error().error.code == Errc::internal);
  CHECK(asking.session->transaction() == WriteSession::Transaction::open);
}

TEST_CASE("a standby says that it is one, and its promotion is another timeline") {
  if (!PostgresServer::available()) {
    return;
  }
  PostgresServer server;
  server.stop();
  const auto signal = server.folder() / "data" / "standby.signal";
  std::ofstream(signal).flush();
  std::filesystem::permissions(signal, std::filesystem::perms::all);
  server.start();
  Writing writing;
  const auto session = writing.connect(server.address("postgres"));
  const auto standby = writing.answer(who_is_it(*session, ""));
  CHECK(standby.standby);
  CHECK(standby.identity.timeline == 0);
  CHECK(standby.written == 0);
  CHECK(!standby.identity.system_identifier.empty());
  server.run("SELECT pg_promote()");
  const auto promoted = writing.answer(who_is_it(*session, ""));
  CHECK(!promoted.standby);
  CHECK(promoted.identity.timeline == 2);
  CHECK(promoted.identity.system_identifier == standby.identity.system_identifier);
  CHECK(promoted.written > 0);
}

TEST_CASE("a session with the server itself is direct, one through PgBouncer is not") {
  if (!PgBouncer::available()) {
    return;
  }
  Asking asking;
  CHECK(asking.ask(is_direct(*asking.session)));
  const PgBouncer pooler(asking.server);
  const auto pooled = asking.writing.connect(pooler.address(asking.database));
  CHECK(!asking.ask(is_direct(*pooled)));
}

TEST_CASE("of two sessions one has the lock, and not while a transaction has it") {
  if (!PostgresServer::available()) {
    return;
  }
  constexpr std::int64_t key = -5'000'000'000;
  Asking asking;
  auto& one = *asking.session;
  auto& two = *asking.other;
  asking.run("BEGIN; SELECT pg_try_advisory_xact_lock(-5000000000)");
  CHECK(!asking.ask(try_lock_for_session(two, key)));
  asking.run("COMMIT");
  CHECK(asking.ask(try_lock_for_session(two, key)));
  CHECK(!asking.ask(try_lock_for_session(one, key)));
  REQUIRE(asking.writing.run(two, "SELECT pg_advisory_unlock(-5000000000)"));
  CHECK(asking.ask(try_lock_for_session(one, key)));
}

TEST_CASE("a position in the log is the number it is") {
  CHECK(lsn_in("16/B374D848") == 0x16B374D848);
  CHECK(lsn_in("0/1") == 1);
  CHECK(lsn_in("FFFFFFFF/FFFFFFFF") == 0xFFFFFFFFFFFFFFFF);
  for (const auto* none : {"", "1", "1/", "/1", "g/1", "1/1x", "100000000/0"}) {
    CAPTURE(none);
    CHECK(lsn_in(none) == 0);
  }
  CHECK(lsn_in(std::nullopt) == 0);
}

}  // namespace tidemark::test
