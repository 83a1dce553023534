#include "adapters/postgres/write_session.h"

#include <atomic>
#include <chrono>
#include <string>
#include <thread>

#include <doctest/doctest.h>

#include "tests/adapters/postgres/certificates.h"
#include "tests/adapters/postgres/fake_server.h"
#include "tests/adapters/postgres/fake_tls.h"
#include "tests/adapters/postgres/messages.h"
#include "tests/adapters/postgres/reading.h"
#include "tests/adapters/postgres/writing.h"

namespace tidemark::test {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using Transaction = WriteSession::Transaction;

// A session on a new database of the shared server.
struct Fixture {
  WriteSession::Answer run(std::string sql, std::optional<std::chrono::milliseconds> within = {}) {
    return writing.run(*session, std::move(sql), within);
  }
  // Of one who looks from outside.
  std::string seen(const std::string& sql) const { return server.run(sql, database); }

  PostgresServer& server = PostgresServer::shared();
  const std::string database = server.create_database("writing");
  Writing writing;
  std::unique_ptr<WriteSession> session = writing.connect(server.address(database));
};

// Does something as soon as a backend of the database sleeps.
class OnceAsleep {
 public:
  OnceAsleep(PostgresServer& server, const std::string& database, const std::string& what)
      : thread_([&server, database, what] {
          PostgresSession admin(server, "postgres");
          const auto asleep =
              " FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = '" + database +
              "'";
          while (admin.run("SELECT " + what + asleep).empty()) {
            std::this_thread::sleep_for(2ms);
          }
        }) {}
  ~OnceAsleep() { thread_.join(); }
  OnceAsleep(const OnceAsleep&) = delete;
  OnceAsleep& operator=(const OnceAsleep&) = delete;

 private:
  std::thread thread_;
};

}  // namespace

TEST_CASE("what is run changes the database, and says so by its tag") {
  if (!PostgresServer::available()) {
    return;
  }
  Fixture fixture;
  const auto made = fixture.run("CREATE TABLE t (id int)");
  REQUIRE_MESSAGE(made.has_value(), (made ? "" : made.error().error.detail));
  CHECK(made->tag == "CREATE TABLE");
  CHECK(fixture.seen("SELECT to_regclass('t')") == "t");
  const auto nothing = fixture.run("-- nothing");
  REQUIRE(nothing);
  CHECK(nothing->tag.empty());
  CHECK(fixture.session->server_version() >= 130000);
  CHECK(fixture.session->backend_pid() > 0);
}

TEST_CASE("of several statements the last one's answer counts") {
  if (!PostgresServer::available()) {
    return;
  }
  Fixture fixture;
  const auto rows = fixture.run("SELECT 1 UNION SELECT 2; SELECT 'ä', NULL, ''");
  REQUIRE(rows);
  CHECK(rows->tag == "SELECT 1");
  CHECK(rows->rows == Rows{{"ä", std::nullopt, ""}});
  const auto none = fixture.run("SELECT 1; CREATE TABLE t ()");
  REQUIRE(none);
  CHECK(none->tag == "CREATE TABLE");
  CHECK(none->rows.empty());
}

TEST_CASE("what a session is in the middle of is told") {
  if (!PostgresServer::available()) {
    return;
  }
  Fixture fixture;
  CHECK(fixture.session->transaction() == Transaction::none);
  REQUIRE(fixture.run("BEGIN; CREATE TABLE t ()"));
  CHECK(fixture.session->transaction() == Transaction::open);
  REQUIRE(!fixture.run("SELECT 1 / 0"));
  CHECK(fixture.session->transaction() == Transaction::failed);
  const auto ended = fixture.run("COMMIT");
  REQUIRE(ended);
  CHECK(ended->tag == "ROLLBACK");
  CHECK(fixture.session->transaction() == Transaction::none);
  CHECK(fixture.seen("SELECT to_regclass('t')").empty());
}

TEST_CASE("a notice is told with its SQLSTATE") {
  if (!PostgresServer::available()) {
    return;
  }
  Fixture fixture;
  REQUIRE(fixture.run("SET lc_messages = 'C'; CREATE TABLE t ()"));
  const auto skipped = fixture.run("CREATE TABLE IF NOT EXISTS t (); SELECT 1");
  REQUIRE(skipped);
  const std::vector<Notice> expected{
      {"NOTICE", "42P07", "relation \"t\" already exists, skipping", "", ""}};
  CHECK(skipped->notices == expected);
  const auto much = fixture.run(
      "DO $$ BEGIN FOR i IN 1..1000 LOOP RAISE WARNING USING MESSAGE = i, DETAIL = 'd', HINT = "
      "'h'; END LOOP; END $$");
  REQUIRE(much);
  CHECK(much->notices.size() == 100);
  CHECK(much->notices.back() == Notice{"WARNING", "01000", "100", "d", "h"});
  CHECK(much->notices_dropped == 900);
}

TEST_CASE("an error is told part by part, with its place in what was sent") {
  if (!PostgresServer::available()) {
    return;
  }
  Fixture fixture;
  const auto wrong = fixture.run("/* ä€ */ SELECT lenght('x')");
  REQUIRE(!wrong);
  const auto& failure = wrong.error();
  CHECK(failure.sqlstate == "42883");
  CHECK(failure.message == "function lenght(unknown) does not exist");
  CHECK(failure.hint.starts_with("No function matches"));
  CHECK(failure.position == 17);
  CHECK(!failure.lost);
  CHECK(failure.error.code == Errc::broken);
  CHECK(failure.error.detail ==
        fixture.session->where() + ": function lenght(unknown) does not exist (42883)");

  const auto raised = fixture.run(
      "DO $$ BEGIN RAISE 'two\nlines' USING DETAIL = 'why', HINT = 'do', ERRCODE = 'P0042'; END "
      "$$");
  REQUIRE(!raised);
  CHECK(raised.error().sqlstate == "P0042");
  CHECK(raised.error().message == "two lines");
  CHECK(raised.error().detail == "why");
  CHECK(raised.error().hint == "do");
  CHECK(raised.error().context == "PL/pgSQL function inline_code_block line 1 at RAISE");
  CHECK(!raised.error().position);
  CHECK(fixture.run("SELECT 1"));
}

TEST_CASE("an error in the middle undoes what was sent with it, and nothing after it runs") {
  if (!PostgresServer::available()) {
    return;
  }
  Fixture fixture;
  const auto failed = fixture.run("CREATE TABLE a (); SELECT 1 / 0; CREATE TABLE b (); SELECT x");
  REQUIRE(!failed);
  CHECK(failed.error().sqlstate == "22012");
  CHECK(!failed.error().lost);
  CHECK(fixture.session->transaction() == Transaction::none);
  CHECK(fixture.seen("SELECT count(*) FROM pg_class WHERE relname IN ('a', 'b')") == "0");
}

TEST_CASE("a backend that is terminated says why, and the statement is lost") {
  if (!PostgresServer::available()) {
    return;
  }
  Fixture fixture;
  const OnceAsleep terminates(fixture.server, fixture.database, "pg_terminate_backend(pid)");
  const auto answer = fixture.run("SELECT pg_sleep(20)");
  REQUIRE(!answer);
  CHECK(answer.error().sqlstate == "57P01");
  CHECK(answer.error().lost);
  CHECK(answer.error().error.code == Errc::retry);
  CHECK(answer.error().message == "terminating connection due to administrator command");
  CHECK(!fixture.session->usable());
  CHECK(fixture.session->transaction() == Transaction::none);
  CHECK(fixture.session->server_version() == 0);
  const auto again = fixture.run("SELECT 1");
  REQUIRE(!again);
  CHECK(again.error().lost);
  CHECK(again.error().error.detail.ends_with(": the connection is closed"));
}

TEST_CASE("a server that crashes loses the statement") {
  if (!PostgresServer::available()) {
    return;
  }
  PostgresServer server;
  Writing writing;
  const auto session = writing.connect(server.address("postgres"));
  std::thread crashes([&] {
    std::this_thread::sleep_for(50ms);
    server.stop(PostgresServer::Stop::immediate);
  });
  const auto answer = writing.run(*session, "SELECT pg_sleep(20)");
  crashes.join();
  REQUIRE(!answer);
  CHECK(answer.error().lost);
  CHECK(answer.error().error.code == Errc::retry);
  CHECK(!session->usable());
}

TEST_CASE("a connection that closes without a word loses the statement, and says what is known") {
  FakeServer server([](int socket) {
    welcome(socket);
    receive(socket);
  });
  Writing writing;
  const auto session = writing.connect(server.address());
  const auto answer = writing.run(*session, "COMMIT");
  REQUIRE(!answer);
  CHECK(answer.error().lost);
  CHECK(answer.error().sqlstate.empty());
  CHECK(answer.error().error.detail.find("closed the connection unexpectedly") !=
        std::string::npos);
  CHECK(answer.error().error.detail.find("invalid socket") == std::string::npos);
}

TEST_CASE("what is no answer of PostgreSQL loses the statement") {
  // A row without columns, a message that does not end, an unknown one, and replication.
  for (const auto& said : {message('D', std::string("\0\1\0\0\0\1x", 7)),
                           std::string("T\0\0\0\1", 5),
                           message('?', "x"),
                           message('W', std::string("\0\0\0", 3))}) {
    FakeServer server([said](int socket) {
      welcome(socket);
      receive(socket);
      send(socket, said + message('C', std::string("SELECT 1\0", 9)) + message('Z', "I"));
      receive_all(socket);
    });
    Writing writing;
    const auto session = writing.connect(server.address());
    const auto answer = writing.run(*session, "SELECT 1", 5s);
    REQUIRE(!answer);
    CAPTURE(answer.error().error.detail);
    CHECK(answer.error().lost);
    CHECK(answer.error().error.code != Errc::retry);
    CHECK(!session->usable());
  }
}

TEST_CASE("a statement that takes too long is given up, and lost") {
  if (!PostgresServer::available()) {
    return;
  }
  Fixture fixture;
  const auto start = Clock::now();
  const auto answer = fixture.run("SELECT pg_sleep(20)", 100ms);
  CHECK(Clock::now() - start < 5s);
  REQUIRE(!answer);
  CHECK(answer.error().error.code == Errc::retry);
  CHECK(answer.error().lost);
  CHECK(!fixture.session->usable());
}

TEST_CASE("a statement that is cancelled or interrupted ends at once, and is lost") {
  if (!PostgresServer::available()) {
    return;
  }
  bool interrupted = false;
  SUBCASE("cancelled") {}
  SUBCASE("interrupted") {
    interrupted = true;
  }
  Fixture fixture;
  auto& writing = fixture.writing;
  const auto start = Clock::now();
  const auto answer = interrupted
                          ? writing.run_interrupted(*fixture.session, "SELECT pg_sleep(20)", 50ms)
                          : writing.run_cancelled(*fixture.session, "SELECT pg_sleep(20)", 50ms);
  CHECK(Clock::now() - start < 5s);
  REQUIRE(!answer);
  CHECK(answer.error().error.code == Errc::cancelled);
  CHECK(answer.error().lost);
  CHECK(!fixture.session->usable());
}

TEST_CASE("COPY FROM STDIN is refused with everything that was sent with it") {
  if (!PostgresServer::available()) {
    return;
  }
  Fixture fixture;
  const auto answer =
      fixture.run("CREATE TABLE t (id int); COPY t FROM STDIN; CREATE TABLE u ()", 10s);
  REQUIRE(!answer);
  CHECK(answer.error().error.code == Errc::invalid);
  CHECK(answer.error().error.detail.find("COPY FROM STDIN") != std::string::npos);
  CHECK(!answer.error().lost);
  CHECK(fixture.seen("SELECT count(*) FROM pg_class WHERE relname IN ('t', 'u')") == "0");
  CHECK(fixture.run("SELECT 1"));
}

TEST_CASE("what COPY TO STDOUT gives is thrown away, as rows are") {
  if (!PostgresServer::available()) {
    return;
  }
  Fixture fixture;
  const auto answer = fixture.run(
      "COPY (SELECT repeat('x', 1000) FROM generate_series(1, 100000)) TO STDOUT; SELECT 7", 20s);
  REQUIRE_MESSAGE(answer.has_value(), (answer ? "" : answer.error().error.detail));
  CHECK(answer->tag == "SELECT 1");
  CHECK(answer->rows == Rows{{"7"}});
}

TEST_CASE("a million rows are taken in little memory, and a hundred are kept") {
  if (!PostgresServer::available()) {
    return;
  }
  Fixture fixture;
  const auto before = resident_bytes();
  const auto answer = fixture.run(
      "SELECT 1; SELECT i, repeat('x', 100) FROM generate_series(1, 1000000) AS i", 25s);
  REQUIRE_MESSAGE(answer.has_value(), (answer ? "" : answer.error().error.detail));
  CHECK(answer->tag == "SELECT 1000000");
  CHECK(answer->rows.size() == 100);
  CHECK(answer->rows.back().front() == "100");
  CHECK(resident_bytes() - before < 20'000'000);
  const auto wide = fixture.run("SELECT repeat('x', 600000) FROM generate_series(1, 3)");
  REQUIRE(wide);
  CHECK(wide->rows.size() == 1);
}

TEST_CASE("a script of many megabytes is sent whole") {
  if (!PostgresServer::available()) {
    return;
  }
  Fixture fixture;
  const std::string much(20'000'000, 'x');
  const auto answer = fixture.run("SELECT 1; SELECT length('" + much + "')", 20s);
  REQUIRE_MESSAGE(answer.has_value(), (answer ? "" : answer.error().error.detail));
  CHECK(answer->rows == Rows{{"20000000"}});
}

TEST_CASE("a zero byte is refused before anything is sent") {
  if (!PostgresServer::available()) {
    return;
  }
  Fixture fixture;
  const auto answer = fixture.run(std::string("CREATE TABLE t ()\0;", 19));
  REQUIRE(!answer);
  CHECK(answer.error().error.code == Errc::invalid);
  CHECK(!answer.error().lost);
  const auto value =
      fixture.writing.ask(*fixture.session, "SELECT $1::text", {std::string("a\0b", 3)});
  REQUIRE(!value);
  CHECK(value.error().error.code == Errc::invalid);
  CHECK(fixture.seen("SELECT to_regclass('t')").empty());
  CHECK(fixture.run("SELECT 1"));
}

TEST_CASE("values travel beside a question") {
  if (!PostgresServer::available()) {
    return;
  }
  Fixture fixture;
  const auto answer = fixture.writing.ask(*fixture.session,
                                          "SELECT $1::int + 1, $2::text, $3::text",
                                          {"41", "'; DROP TABLE x; --", std::nullopt});
  REQUIRE(answer);
  CHECK(answer->rows == Rows{{"42", "'; DROP TABLE x; --", std::nullopt}});
}

TEST_CASE("a statement that is cancelled from another session is told, and the session goes on") {
  if (!PostgresServer::available()) {
    return;
  }
  Fixture fixture;
  const OnceAsleep cancels(fixture.server, fixture.database, "pg_cancel_backend(pid)");
  const auto answer = fixture.run("BEGIN; SELECT pg_sleep(20)");
  REQUIRE(!answer);
  CHECK(answer.error().sqlstate == "57014");
  CHECK(!answer.error().lost);
  CHECK(fixture.session->transaction() == Transaction::failed);
  REQUIRE(fixture.run("ROLLBACK"));
  CHECK(fixture.session->transaction() == Transaction::none);
}

TEST_CASE("the end of an answer is found within TLS, however much of it is in one record") {
  // What libpq does not take of a record stays with OpenSSL, where no wait sees it: so much as is
  // there of a message that has begun before the record.
  constexpr std::size_t record_max = 16384;
  std::string column("\0\1c\0", 4);
  column.append(6, '\0').append("\0\0\0\x19\xff\xff\xff\xff\xff\xff\0\0", 12);
  std::string said = message('T', column);
  const auto first = said.size() + 50;
  const auto end = message('C', std::string("SELECT 2\0", 9)) + message('Z', "I");
  const auto framing = row_of("").size();
  said += row_of(std::string(100, 'x'));
  const auto left = first + record_max - said.size() - end.size();
  said += row_of(std::string(left - framing, 'y')) + end;
  REQUIRE(said.size() == first + record_max);

  const auto certificate = Certificate::authority("ours").signs("localhost");
  FakeServer server([&](int socket) {
    receive(socket);
    send(socket, "S");
    FakeTls tls(certificate, socket);
    tls.receive();
    tls.send(lets_in() + parameter("server_version", "15.0") + message('Z', "I"));
    tls.receive();
    tls.send(said.substr(0, first));
    tls.send(said.substr(first));
    tls.receive();
  });
  Writing writing;
  const auto session = writing.connect("host=127.0.0.1 user=x dbname=x sslmode=require port=" +
                                       std::to_string(server.port()));
  const auto answer = writing.run(*session, "SELECT", 2s);
  REQUIRE_MESSAGE(answer.has_value(), (answer ? "" : answer.error().error.detail));
  CHECK(answer->rows.size() == 2);
}

TEST_CASE("a server older than 13 is not changed") {
  FakeServer server([](int socket) {
    welcome(socket, "12.22");
    receive_all(socket);
  });
  Writing writing;
  const auto refused = writing.try_connect(server.address());
  REQUIRE(!refused);
  CHECK(refused.error().error.code == Errc::denied);
  CHECK(refused.error().error.detail.ends_with(
      ": runs PostgreSQL 12, too old to be changed (13 or newer is needed)"));
}

}  // namespace tidemark::test
