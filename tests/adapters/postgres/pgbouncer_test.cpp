#include "tests/adapters/postgres/pgbouncer.h"

#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <libpq-fe.h>

#include "tests/adapters/postgres/reading.h"

namespace tidemark::test {
namespace {

using Stranger = std::unique_ptr<PGconn, void (*)(PGconn*)>;

Stranger stranger_at(const std::string& address) {
  Stranger stranger(PQconnectdb(address.c_str()), PQfinish);
  REQUIRE(PQstatus(stranger.get()) == CONNECTION_OK);
  return stranger;
}

// What another client of the same server connection finds.
std::string found_by(Stranger& stranger, const char* sql) {
  const std::unique_ptr<PGresult, void (*)(PGresult*)> result(PQexec(stranger.get(), sql), PQclear);
  REQUIRE_MESSAGE(PQresultStatus(result.get()) == PGRES_TUPLES_OK, PQerrorMessage(stranger.get()));
  return PQgetvalue(result.get(), 0, 0);
}

}  // namespace

TEST_CASE("reading works through PgBouncer in transaction mode and leaves nothing behind") {
  if (!PgBouncer::available()) {
    return;
  }
  auto& server = PostgresServer::shared();
  const auto database = server.create_database("pooled");
  const PgBouncer pooler(server);
  auto stranger = stranger_at(pooler.address(database));
  const std::vector<const char*> settings = {"SHOW statement_timeout",
                                             "SHOW lock_timeout",
                                             "SHOW search_path",
                                             "SHOW row_security",
                                             "SHOW DateStyle",
                                             "SHOW TimeZone",
                                             "SHOW jit",
                                             "SHOW bytea_output",
                                             "SHOW transaction_read_only",
                                             "SELECT count(*) FROM pg_prepared_statements"};
  std::vector<std::string> before;
  for (const auto* setting : settings) {
    before.push_back(found_by(stranger, setting));
  }
  const auto backend = found_by(stranger, "SELECT pg_backend_pid()");

  Reading reading;
  const auto one = reading.connect(pooler.address(database));
  const auto two = reading.connect(pooler.address(database));
  REQUIRE_MESSAGE(one.has_value(), (one ? "" : one.error().error.detail));
  REQUIRE(two);
  for (int round = 0; round < 3; ++round) {
    for (const auto& session : {one->get(), two->get()}) {
      const auto answer = reading.read(*session,
                                       {query("SELECT pg_backend_pid()"),
                                        query("SELECT $1::text", {"x"}),
                                        query("SELECT current_setting('statement_timeout')")});
      REQUIRE_MESSAGE(answer.has_value(), (answer ? "" : answer.error().error.detail));
      CHECK(answer->at(0).rows == Rows{{backend}});
      CHECK(answer->at(2).rows == Rows{{"5s"}});
      const auto failed = reading.read(*session, {query("SELECT 1 FROM public.nowhere")});
      REQUIRE(!failed);
      CHECK(failed.error().sqlstate == "42P01");
      CHECK(session->usable());
    }
  }
  for (std::size_t i = 0; i < settings.size(); ++i) {
    CAPTURE(settings[i]);
    CHECK(found_by(stranger, settings[i]) == before[i]);
  }
}

TEST_CASE("what PgBouncer refuses is denied, what it cannot reach is a reason to try again") {
  if (!PgBouncer::available()) {
    return;
  }
  auto& server = PostgresServer::shared();
  Reading reading;
  {
    const PgBouncer pooler(server);
    const auto nowhere = reading.connect(pooler.address("nowhere"));
    REQUIRE(!nowhere);
    CAPTURE(nowhere.error().error.detail);
    CHECK(nowhere.error().error.code == Errc::denied);
  }
  const PgBouncer pooler(server, 1);
  const auto down = reading.connect(pooler.address("postgres"), "", std::chrono::milliseconds(300));
  REQUIRE(!down);
  CAPTURE(down.error().error.detail);
  CHECK(down.error().error.code == Errc::retry);
}

}  // namespace tidemark::test
