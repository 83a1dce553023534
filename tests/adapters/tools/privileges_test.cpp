#include "adapters/tools/privileges.h"

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/adapters/tools/bench.h"
#include "tests/adapters/tools/flyway_fixture.h"

using namespace tidemark;
using namespace tidemark::test;

namespace {

const std::string usual = "public.flyway_schema_history";
// Before 15 everybody may create there.
const std::string as_of_15 = "REVOKE CREATE ON SCHEMA public FROM PUBLIC;";

// ROLE in `sql` is the credential's role, DB its database; OTHER is free for a second role.
struct Constellation {
  std::string sql;
  std::string excess;
};

const std::vector<Constellation> constellations{
    {"", ""},
    {"GRANT SELECT ON ALL TABLES IN SCHEMA public TO ROLE", ""},
    {"GRANT pg_read_all_data, pg_monitor TO ROLE", ""},
    {"ALTER ROLE ROLE SUPERUSER", "is a superuser"},
    {"CREATE ROLE OTHER SUPERUSER; GRANT OTHER TO ROLE", "can become a superuser"},
    {"ALTER ROLE ROLE NOINHERIT; CREATE ROLE OTHER SUPERUSER; GRANT OTHER TO ROLE",
     "can become a superuser"},
    {"ALTER ROLE ROLE CREATEROLE", "can create roles"},
    {"GRANT CREATE ON DATABASE DB TO ROLE", "can create schemas"},
    {"GRANT CREATE ON SCHEMA public TO ROLE", "can create tables in schema public"},
    {"GRANT CREATE ON SCHEMA public TO PUBLIC", "can create tables in schema public"},
    {"CREATE SCHEMA own AUTHORIZATION ROLE", "can create tables in schema own"},
    {"GRANT pg_write_all_data TO ROLE", "is a member of pg_write_all_data"},
    {"GRANT pg_execute_server_program TO ROLE", "is a member of pg_execute_server_program"},
    {"GRANT INSERT ON flyway_schema_history TO ROLE",
     "holds INSERT on public.flyway_schema_history"},
    {"GRANT ALL ON flyway_schema_history TO ROLE",
     "holds DELETE, INSERT, TRUNCATE, UPDATE on public.flyway_schema_history"},
    {"GRANT UPDATE (success) ON flyway_schema_history TO ROLE",
     "holds grants for columns on public.flyway_schema_history"},
    {"GRANT TRUNCATE ON a_table TO PUBLIC", "holds TRUNCATE on public.a_table"},
    {"GRANT DELETE ON a_table, flyway_schema_history TO ROLE",
     "holds DELETE on public.flyway_schema_history"},
    {"CREATE ROLE OTHER; GRANT UPDATE ON a_table TO OTHER; GRANT OTHER TO ROLE",
     "holds UPDATE on public.a_table"},
    {"ALTER ROLE ROLE NOINHERIT; CREATE ROLE OTHER; GRANT UPDATE ON a_table TO OTHER; "
     "GRANT OTHER TO ROLE",
     "holds UPDATE on public.a_table"},
    {"ALTER TABLE a_table OWNER TO ROLE", "owns public.a_table"},
    {"CREATE SCHEMA closed CREATE TABLE t (id int); GRANT INSERT ON closed.t TO ROLE", ""},
    {"GRANT CREATE ON SCHEMA public TO ROLE; GRANT INSERT ON a_table TO ROLE",
     "can create tables in schema public; holds INSERT on public.a_table"},
};

std::string with_names(std::string sql, const std::string& database, int number) {
  const std::vector<std::pair<std::string, std::string>> names{
      {"ROLE ROLE", "ROLE watcher_" + std::to_string(number)},
      {"TO ROLE", "TO watcher_" + std::to_string(number)},
      {"AUTHORIZATION ROLE", "AUTHORIZATION watcher_" + std::to_string(number)},
      {"OTHER", "other_" + std::to_string(number)},
      {"DATABASE DB", "DATABASE " + database}};
  for (const auto& [from, to] : names) {
    for (auto at = sql.find(from); at != std::string::npos; at = sql.find(from, at + to.size())) {
      sql.replace(at, from.size(), to);
    }
  }
  return sql;
}

}  // namespace

TEST_SUITE_BEGIN("on a server" * doctest::skip(!PostgresServer::available()));

TEST_CASE("what a credential could do beyond reading is told") {
  const bool has_all_data_roles =
      PostgresServer::shared().run(
          "SELECT count(*) FROM pg_roles WHERE rolname = 'pg_write_all_data'") ==
      "1";  // from 14 on
  int number = 0;
  for (const auto& [sql, excess] : constellations) {
    INFO(sql);
    ++number;
    if (sql.find("_all_data") != std::string::npos && !has_all_data_roles) {
      continue;
    }
    Bench bench("watcher_" + std::to_string(number));
    bench.sql(flyway_ddl(usual) + applied(usual, 1) + "CREATE TABLE a_table (id int);" + as_of_15);
    bench.sql(with_names(sql + ";SELECT 1", bench.database(), number));
    const auto looked = bench.look();
    CHECK(looked.excess_privileges == excess);
  }
}

TEST_CASE("privileges are asked at connect and now and then, not at each look") {
  Bench bench("watcher_now_and_then");
  bench.sql(flyway_ddl(usual) + applied(usual, 1) + as_of_15 + "GRANT SELECT ON " + usual +
            " TO watcher_now_and_then");
  CHECK(bench.look().excess_privileges == "");
  bench.sql("GRANT INSERT ON " + usual + " TO watcher_now_and_then");
  CHECK(bench.look().excess_privileges == std::nullopt);
  CHECK(bench.look(TimePoint(std::chrono::hours(1))).excess_privileges ==
        "holds INSERT on " + usual);
  bench.sql("REVOKE INSERT ON " + usual + " FROM watcher_now_and_then");
  bench.connected();
  CHECK_FALSE(bench.glance(TimePoint(std::chrono::hours(1))));
  CHECK(bench.look(TimePoint(std::chrono::hours(1))).excess_privileges == "");
}

TEST_CASE("without a ledger each look searches for one, and privileges are asked now and then") {
  Bench bench("watcher_without_ledger");
  bench.sql(as_of_15 + "GRANT CREATE ON SCHEMA public TO watcher_without_ledger");
  CHECK(bench.look().excess_privileges == "can create tables in schema public");
  CHECK(bench.look().excess_privileges == std::nullopt);
  bench.sql("REVOKE CREATE ON SCHEMA public FROM watcher_without_ledger");
  CHECK(bench.look(TimePoint(std::chrono::hours(1))).excess_privileges == "");
}

TEST_SUITE_END();
