// Why a transaction's number is only worth something once the server's log is on its disk up to
// there: a number whose log was lost is given to another transaction.

#include <cstdint>
#include <string>

#include <doctest/doctest.h>

#include "adapters/postgres/transaction_questions.h"
#include "tests/adapters/postgres/writing.h"
#include "tests/daemon/apply/applying.h"
#include "tests/daemon/apply/killed_at_commit.h"
#include "tests/support/postgres_server.h"

using namespace tidemark;
using namespace tidemark::test;

namespace {

constexpr int rounds = 5;

// Its log is written when somebody commits, and not by the way.
PostgresServer::Options slow_to_write() {
  PostgresServer::Options options;
  options.settings = {"wal_writer_delay = 10s", "autovacuum = off", "bgwriter_delay = 10s"};
  return options;
}

// What the server says of a transaction that was open when it crashed, after it has recovered and
// somebody else has written something.
Testimony::Status said_after_a_crash(PostgresServer& server,
                                     const std::string& database,
                                     bool flushed) {
  Writing writing;
  std::uint64_t xid = 0;
  {
    const auto work = writing.connect(server.address(database));
    const auto watch = writing.connect(server.address(database));
    REQUIRE(writing.run(*work, "BEGIN; INSERT INTO marks VALUES ('lost')"));
    const auto place = writing.answer(where_it_is(*work));
    xid = place.xid;
    if (flushed) {
      CHECK(writing.answer(flush_log(*watch)) >= place.written);
    }
    server.stop(PostgresServer::Stop::immediate);
  }
  server.start();
  server.run("CREATE TABLE IF NOT EXISTS somebodys (id int); INSERT INTO somebodys VALUES (1)",
             database);
  const auto asking = writing.connect(server.address(database));
  const auto status = writing.answer(transaction_status(*asking, xid));
  REQUIRE(server.run("SELECT count(*) FROM marks", database) == "0");
  return status;
}

// Of so many crashes, how often it said this.
int times_said(Testimony::Status status, bool flushed) {
  PostgresServer server(slow_to_write());
  const auto database = server.create_database("lost");
  server.run("CREATE TABLE marks (id text)", database);
  int times = 0;
  for (int i = 0; i < rounds; ++i) {
    times += said_after_a_crash(server, database, flushed) == status ? 1 : 0;
  }
  return times;
}

}  // namespace

TEST_CASE("without its log on the disk a transaction that was lost is said to be committed") {
  if (!PostgresServer::available()) {
    return;
  }
  const auto wrong = times_said(Testimony::Status::committed, false);
  MESSAGE(wrong << " of " << rounds << " said to be committed that were not");
  CHECK(wrong > 0);
}

TEST_CASE("with its log on the disk a transaction that was lost is said to be rolled back") {
  if (!PostgresServer::available()) {
    return;
  }
  const auto right = times_said(Testimony::Status::aborted, true);
  MESSAGE(right << " of " << rounds << " said to be rolled back that were");
  CHECK(right == rounds);
}

TEST_CASE("an apply whose server crashes before COMMIT does not take another transaction's word") {
  if (!PostgresServer::available() || !Tracer::available()) {
    return;
  }
  PostgresServer server(slow_to_write());
  Applying rig("", server);
  // Nothing is made that could be looked for: what the server says is all there is.
  rig.file("0000_marks.sql", "CREATE TABLE marks (id text);\nCREATE TABLE somebodys (id int);\n");
  rig.begin();
  REQUIRE(rig.apply().outcome() == "applied");
  for (int i = 1; i <= rounds; ++i) {
    const auto id = "000" + std::to_string(i) + "_mark";
    rig.migration(id, "INSERT INTO marks VALUES ('" + id + "')");
    apply_killed_at_commit(rig, false, [&] { server.stop(PostgresServer::Stop::immediate); });
    server.start();
    for (int others = 0; others < 3; ++others) {
      rig.sql("INSERT INTO somebodys VALUES (1)");
    }
    rig.begin();
    INFO(id << ": " << rig.log());
    CHECK(rig.eventually([&] { return rig.cell_of(id) == "failed"; }));
    CHECK(rig.sql("SELECT count(*) FROM marks WHERE id = '" + id + "'") == "0");
    REQUIRE(rig.apply().outcome() == "applied");
  }
}
