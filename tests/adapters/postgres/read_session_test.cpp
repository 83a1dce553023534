#include "adapters/postgres/read_session.h"

#include <doctest/doctest.h>

#include "adapters/postgres/answer_digest.h"
#include "tests/adapters/postgres/reading.h"

namespace tidemark::test {
namespace {

// A session on a database of the shared server that has in it what `sql` makes.
struct Fixture {
  static const std::string& database_for_all() {
    static const auto name = PostgresServer::shared().create_database("reading");
    return name;
  }

  explicit Fixture(const std::string& sql = "", const std::string& user = "postgres") {
    server.run(
        "DROP SCHEMA public CASCADE; CREATE SCHEMA public;"
        "GRANT USAGE ON SCHEMA public TO public;" +
            sql,
        database);
    auto connected = reading.connect(server.address(database, user));
    REQUIRE_MESSAGE(connected.has_value(), (connected ? "" : connected.error().error.detail));
    session = std::move(*connected);
  }

  ReadSession::Answer read(std::vector<ReadQuery> queries, ReadLimits limits = {}) {
    return reading.read(*session, std::move(queries), limits);
  }
  ReadSession::Answer read(ReadStatement statement) { return read({query(statement)}); }

  // The one value of a query with one row and one column.
  std::string value(ReadStatement statement) {
    const auto answer = read(statement);
    REQUIRE_MESSAGE(answer.has_value(), (answer ? "" : answer.error().error.detail));
    return answer->at(0).rows.at(0).at(0).value_or("NULL");
  }

  PostgresServer& server = PostgresServer::shared();
  Reading reading;
  const std::string& database = database_for_all();
  std::unique_ptr<ReadSession> session;
};

}  // namespace

TEST_CASE("rows come back as text, NULL as nothing, with the names of their columns") {
  if (!PostgresServer::available()) {
    return;
  }
  Fixture fixture;
  const auto answer = fixture.read(
      "SELECT 1 AS one, NULL::text AS none, '' AS empty, true AS yes, '\\x00ff'::bytea AS bytes "
      "UNION ALL SELECT 2, 'ä', ' ', false, ''");
  REQUIRE(answer);
  const ResultSet expected = {
      {"one", "none", "empty", "yes", "bytes"},
      {{"1", std::nullopt, "", "t", "\\x00ff"}, {"2", "ä", " ", "f", "\\x"}}};
  CHECK(*answer == std::vector<ResultSet>{expected});
}

TEST_CASE("a digest is that of the answers") {
  if (!PostgresServer::available()) {
    return;
  }
  Fixture fixture;
  const std::vector<ReadQuery> queries{
      query("SELECT 1, NULL::text, '' UNION ALL SELECT 2, 'ä', NULL"),
      query("SELECT 1 WHERE false"),
      query("SELECT $1::text", {"x"})};
  const auto digest = fixture.reading.digest(*fixture.session, queries);
  const auto answer = fixture.read(queries);
  REQUIRE(answer);
  REQUIRE(digest);
  CHECK(*digest == digest_of(*answer));
  CHECK(fixture.reading.digest(*fixture.session, queries).value() == *digest);

  const auto failed = fixture.reading.digest(*fixture.session, {query("SELECT 1 / 0")});
  REQUIRE(!failed);
  CHECK(failed.error().sqlstate == "22012");
  CHECK(fixture.reading.digest(*fixture.session, queries).value() == *digest);
}

TEST_CASE("answers with other values have another digest") {
  const auto of = [](std::vector<Rows> all) {
    std::vector<ResultSet> answers;
    for (auto& rows : all) {
      answers.push_back({{}, std::move(rows)});
    }
    return digest_of(answers);
  };
  const std::vector<std::vector<Rows>> different{{},
                                                 {{}},
                                                 {{}, {}},
                                                 {{{}}},
                                                 {{{""}}},
                                                 {{{std::nullopt}}},
                                                 {{{"-"}}},
                                                 {{{"a", "b"}}},
                                                 {{{"a"}, {"b"}}},
                                                 {{{"a"}}, {{"b"}}},
                                                 {{{"ab"}}},
                                                 {{{"a1:b"}}},
                                                 {{{"a\n"}}},
                                                 {{{"a;"}}}};
  for (std::size_t i = 0; i < different.size(); ++i) {
    for (std::size_t j = 0; j < different.size(); ++j) {
      CAPTURE(i);
      CAPTURE(j);
      CHECK((of(different[i]) == of(different[j])) == (i == j));
    }
  }
}

TEST_CASE("values travel beside the statement") {
  if (!PostgresServer::available()) {
    return;
  }
  Fixture fixture;
  const auto answer = fixture.read({query("SELECT $1::int + 1, $2::text, $3::text",
                                          {"41", "'; DROP TABLE x; --", std::nullopt})});
  REQUIRE(answer);
  CHECK(answer->at(0).rows == Rows{{"42", "'; DROP TABLE x; --", std::nullopt}});
}

TEST_CASE("all queries of a batch are answered from one transaction, in their order") {
  if (!PostgresServer::available()) {
    return;
  }
  Fixture fixture;
  const auto answer =
      fixture.read({query("SELECT pg_catalog.transaction_timestamp()"),
                    query("SELECT i FROM pg_catalog.generate_series(1, 3) AS i ORDER BY i"),
                    query("SELECT 1 WHERE false"),
                    query("SELECT pg_catalog.transaction_timestamp()")});
  REQUIRE(answer);
  REQUIRE(answer->size() == 4);
  CHECK(answer->at(0).rows == answer->at(3).rows);
  CHECK(answer->at(1).rows == Rows{{"1"}, {"2"}, {"3"}});
  CHECK(answer->at(2).rows.empty());
  CHECK(answer->at(2).columns.size() == 1);
  const auto nothing = fixture.read(std::vector<ReadQuery>{});
  REQUIRE(nothing);
  CHECK(nothing->empty());
}

TEST_CASE("a ledger is found under its exact name, whatever is in it") {
  if (!PostgresServer::available()) {
    return;
  }
  const TableName evil{"Ops \"x\"", "a\"; DROP TABLE public.t; --"};
  Fixture fixture("CREATE TABLE public.t (); CREATE SCHEMA \"Ops \"\"x\"\"\"; CREATE TABLE " +
                  quoted(evil) + " AS SELECT 7 AS seven");
  const auto answer = fixture.read(
      {query_on(evil, "SELECT seven FROM {ledger} UNION ALL SELECT seven FROM {ledger}"),
       query_on({"public", "t"}, "SELECT count(*) FROM {ledger}")});
  REQUIRE_MESSAGE(answer.has_value(), (answer ? "" : answer.error().error.detail));
  CHECK(answer->at(0).rows == Rows{{"7"}, {"7"}});
}

TEST_CASE("a table beside a ledger is found in its schema, whatever is in that name") {
  if (!PostgresServer::available()) {
    return;
  }
  const TableName ledger{"{ledger} \"x\"", "{schema}"};
  Fixture fixture("CREATE SCHEMA " + quoted_schema(ledger) + "; CREATE TABLE " + quoted(ledger) +
                  " AS SELECT 7 AS seven; CREATE TABLE " + quoted_schema(ledger) +
                  ".beside AS SELECT 8 AS eight");
  const auto answer = fixture.read(
      {query_on(ledger, "SELECT seven, eight, '{' || 'x}' FROM {ledger}, {schema}.beside")});
  REQUIRE_MESSAGE(answer.has_value(), (answer ? "" : answer.error().error.detail));
  CHECK(answer->at(0).rows == Rows{{"7", "8", "{x}"}});
}

TEST_CASE("a statement that cannot be sent as it is meant is not sent") {
  if (!PostgresServer::available()) {
    return;
  }
  Fixture fixture;
  const auto unnamed = fixture.read("SELECT 1 FROM {ledger}");
  REQUIRE(!unnamed);
  CHECK(unnamed.error().error.code == Errc::internal);
  const auto cut = fixture.read({query("SELECT $1::text", {std::string("a\0b", 3)})});
  REQUIRE(!cut);
  CHECK(cut.error().error.code == Errc::invalid);
  CHECK(fixture.value("SELECT 1") == "1");
}

TEST_CASE("an error ends its batch and the session goes on") {
  if (!PostgresServer::available()) {
    return;
  }
  Fixture fixture;
  const auto answer = fixture.read(
      {query("SELECT 1"), query("SELECT * FROM public.schema_migrations"), query("SELECT 1 / 0")});
  REQUIRE(!answer);
  CHECK(answer.error().sqlstate == "42P01");
  CHECK(answer.error().error.code == Errc::broken);
  CHECK(answer.error().error.detail ==
        fixture.server.folder().string() + ":5432/" + fixture.database +
            " as postgres: relation \"public.schema_migrations\" does not exist (42P01)");
  CHECK(fixture.session->usable());
  CHECK(fixture.value("SELECT 'again'") == "again");
}

TEST_CASE("nothing can be written, whoever asks") {
  if (!PostgresServer::available()) {
    return;
  }
  Fixture fixture("CREATE SEQUENCE public.s; CREATE TABLE public.t (a int)");
  for (const ReadStatement statement : {ReadStatement("SELECT pg_catalog.nextval('public.s')"),
                                        ReadStatement("INSERT INTO public.t VALUES (1)"),
                                        ReadStatement("CREATE TABLE public.u ()")}) {
    const auto answer = fixture.read(statement);
    REQUIRE(!answer);
    CHECK(answer.error().sqlstate == "25006");
  }
  CHECK(fixture.session->usable());
  CHECK(fixture.server.run("SELECT count(*) FROM public.t", fixture.database) == "0");
}

TEST_CASE("a transaction is read-only and read-committed whatever the role prefers") {
  if (!PostgresServer::available()) {
    return;
  }
  Fixture fixture(
      "CREATE ROLE prefers_serializable LOGIN;"
      "ALTER ROLE prefers_serializable SET default_transaction_isolation = 'serializable';"
      "ALTER ROLE prefers_serializable SET default_transaction_read_only = off;",
      "prefers_serializable");
  CHECK(fixture.value("SELECT current_setting('transaction_read_only')") == "on");
  CHECK(fixture.value("SELECT current_setting('transaction_isolation')") == "read committed");
}

TEST_CASE("text has one form whatever the role prefers") {
  if (!PostgresServer::available()) {
    return;
  }
  Fixture fixture(
      "CREATE ROLE prefers_german LOGIN;"
      "ALTER ROLE prefers_german SET DateStyle = 'German, DMY';"
      "ALTER ROLE prefers_german SET TimeZone = 'Asia/Tokyo';"
      "ALTER ROLE prefers_german SET IntervalStyle = 'iso_8601';"
      "ALTER ROLE prefers_german SET bytea_output = 'escape';"
      "ALTER ROLE prefers_german SET extra_float_digits = -5;",
      "prefers_german");
  CHECK(fixture.value("SELECT '2026-04-18 14:22:00.5+02'::timestamptz") ==
        "2026-04-18 12:22:00.5+00");
  CHECK(fixture.value("SELECT '90 min'::interval") == "01:30:00");
  CHECK(fixture.value("SELECT '\\x01'::bytea") == "\\x01");
  CHECK(fixture.value("SELECT 0.1::float8 + 0.2::float8") == "0.30000000000000004");
}

TEST_CASE("each batch brings its settings") {
  if (!PostgresServer::available()) {
    return;
  }
  Fixture fixture(
      "CREATE TABLE public.t (); CREATE ROLE prefers_long LOGIN;"
      "ALTER ROLE prefers_long SET statement_timeout = 0;",
      "prefers_long");
  CHECK(fixture.value("SELECT current_setting('statement_timeout')") == "5s");
  CHECK(fixture.value("SELECT current_setting('lock_timeout')") == "500ms");
  CHECK(fixture.value("SELECT current_setting('idle_in_transaction_session_timeout')") == "10s");
  CHECK(fixture.value("SELECT current_setting('search_path')") == "pg_catalog");
  CHECK(fixture.value("SELECT current_setting('jit')") == "off");
  CHECK(fixture.value("SELECT current_setting('application_name')") == "tidemark");
  CHECK(fixture.value("SELECT current_setting('client_encoding')") == "UTF8");
  CHECK(fixture.session->server_version() >= 110000);
  const auto unqualified = fixture.read("SELECT * FROM t");
  REQUIRE(!unqualified);
  CHECK(unqualified.error().sqlstate == "42P01");
}

TEST_CASE("a ledger behind row-level security is refused and not half read") {
  if (!PostgresServer::available()) {
    return;
  }
  Fixture fixture(
      "CREATE ROLE sees_some LOGIN; CREATE TABLE public.t AS SELECT 1 AS a UNION ALL SELECT 2;"
      "GRANT SELECT ON public.t TO sees_some; ALTER TABLE public.t ENABLE ROW LEVEL SECURITY;"
      "CREATE POLICY p ON public.t USING (a = 1);",
      "sees_some");
  const auto answer = fixture.read("SELECT a FROM public.t");
  REQUIRE(!answer);
  CHECK(answer.error().sqlstate == "42501");
  CHECK(answer.error().error.code == Errc::denied);
}

TEST_CASE("a batch larger than any buffer goes out while its answers come in") {
  if (!PostgresServer::available()) {
    return;
  }
  Fixture fixture;
  const std::string large(6'000'000, 'x');
  const auto answer = fixture.read({query("SELECT $1::text", {large}),
                                    query("SELECT $1::text", {large}),
                                    query("SELECT $1::text", {large})});
  REQUIRE(answer);
  CHECK(answer->at(2).rows.at(0).at(0)->size() == large.size());
}

}  // namespace tidemark::test
