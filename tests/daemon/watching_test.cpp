#include <doctest/doctest.h>
#include <cstdlib>
#include <stdexcept>

#include <boost/json/serialize.hpp>

#include "tests/daemon/support/flyway.h"
#include "tests/daemon/support/rig.h"
#include "tests/support/postgres_server.h"

using namespace tidemark::test;

namespace {

// One environment that is looked at.
std::string staging_of(const std::string& database, const std::string& poll) {
  return "      - name: staging\n        mode: reconcile_only\n        poll: " + poll +
         "\n        database: " + PostgresServer::shared().address(database) + "\n";
}

// An app with a Flyway staging that has V1 and V2, and a prod that nobody connects to.
struct Shop : Rig {
  Shop() {
    file("V1__users.sql", users);
    file("V2__orders.sql", orders);
    file("V3__phone.sql", "ALTER TABLE users ADD phone text;\n");
    database = PostgresServer::shared().create_database("shop");
    sql(create_flyway_ledger());
    sql(insert_users_and_orders(users, orders));
    configure(
        "      - name: staging\n        mode: reconcile_only\n        poll: 1s\n        "
        "@password\n        database: " +
        PostgresServer::shared().address(database) + "\n      - name: prod\n");
  }
  void sql(const std::string& statement) { PostgresServer::shared().run(statement, database); }

  // Until it was looked at: cells are known.
  void start_and_look() {
    start();
    REQUIRE(eventually([this] { return cell("staging", "V1__users") != "unknown"; }));
  }

  std::string users = "CREATE TABLE users (id int);\n";
  std::string orders = "CREATE TABLE orders (id int);\n";
  std::string database;
};

}  // namespace

TEST_CASE("the line runs: a Flyway ledger and a directory become a matrix") {
  if (!PostgresServer::available()) {
    return;
  }
  Shop shop;
  shop.start_and_look();
  CHECK(shop.cell("staging", "V1__users") == "applied");
  CHECK(shop.cell("staging", "V2__orders") == "applied");
  CHECK(shop.cell("staging", "V3__phone") == "pending");
  CHECK(shop.cell("prod", "V1__users") == "pending");
  CHECK(shop.cell("prod", "V3__phone") == "not_due");
  const auto status = shop.status("staging");
  CHECK(status.at("tool").as_string() == "flyway");
  CHECK(status.at("table").as_string() == "public.flyway_schema_history");
  CHECK(status.at("reachable").as_bool());
  CHECK(status.at("history").as_string() == "certain");
  CHECK(shop.eventually([&] {
    return shop.get("/metrics")
               .find(R"(tidemark_credential_overprivileged{app="shop",environment="staging"} 1)") !=
           std::string::npos;
  }));
  CHECK(boost::json::serialize(shop.status("staging").at("warnings")) ==
        R"(["credential can write: is a superuser"])");
  const auto lags_measured = [&] {
    const auto page = shop.get("/metrics");
    const std::string name = "\ntidemark_event_loop_lag_seconds_count ";
    const auto at = page.find(name);
    return at == std::string::npos ? 0 : std::atoi(page.c_str() + at + name.size());
  };
  CHECK(shop.eventually([&] { return lags_measured() > 2; }));

  SUBCASE("an edited file turns its cell drifted by itself, once, and back") {
    shop.file("V2__orders.sql", shop.orders + "-- edited\n");
    CHECK(shop.eventually([&] { return shop.cell("staging", "V2__orders") == "drifted edited"; }));
    CHECK(
        shop.get("/metrics")
            .find(R"(tidemark_drift_findings{app="shop",environment="staging",kind="edited"} 1)") !=
        std::string::npos);
    shop.file("V2__orders.sql", shop.orders);
    CHECK(shop.eventually([&] { return shop.cell("staging", "V2__orders") == "applied"; }));
    CHECK(shop.json({"findings"}).at("findings").as_array().empty());
    CHECK(shop.json({"findings", "--all"}).at("findings").as_array().size() == 1);
  }
  SUBCASE("a row that lands outside the repository is foreign") {
    shop.sql(insert_hotfix());
    CHECK(shop.eventually(
        [&] { return shop.cell("staging", "V147__hotfix_idx") == "drifted foreign"; }));
  }
  SUBCASE("a row that goes is vanished, and a failed one dirty") {
    shop.sql("DELETE FROM flyway_schema_history WHERE installed_rank = 2");
    CHECK(
        shop.eventually([&] { return shop.cell("staging", "V2__orders") == "drifted vanished"; }));
    shop.sql(insert_flyway_row({.rank = 3,
                                .version = "3",
                                .description = "phone",
                                .script = "V3__phone.sql",
                                .content = "x",
                                .success = false}));
    CHECK(shop.eventually([&] { return shop.cell("staging", "V3__phone") == "drifted dirty"; }));
  }
  SUBCASE("a file that goes is removed, and its content can still be shown") {
    shop.remove("V2__orders.sql");
    CHECK(shop.eventually([&] { return shop.cell("staging", "V2__orders") == "drifted removed"; }));
    const auto diff = shop.tidemark({"diff", "shop/staging", "V2__orders"});
    CHECK(diff.status == 0);
    CHECK(diff.out.find("-CREATE TABLE orders (id int);") != std::string::npos);
  }
}

TEST_CASE(
    "a server that goes away leaves the last known cells, with their age, and comes back by "
    "itself") {
  if (!PostgresServer::available()) {
    return;
  }
  PostgresServer server;
  Rig rig;
  rig.file("V1__users.sql", "a\n");
  const auto database = server.create_database("shop");
  server.run(create_flyway_ledger(), database);
  server.run(insert_flyway_row({.content = "a\n"}), database);
  rig.configure(
      "      - name: staging\n        mode: reconcile_only\n        poll: 1s\n        database: " +
      server.address(database) + "\n");
  rig.start();
  REQUIRE(rig.eventually([&] { return rig.cell("staging", "V1__users") == "applied"; }));
  server.stop();
  CHECK(rig.eventually([&] { return !rig.status("staging").at("reachable").as_bool(); }));
  CHECK(rig.cell("staging", "V1__users") == "applied");
  CHECK(rig.eventually([&] { return rig.status("staging").at("stale").as_bool(); }));
  CHECK(rig.json({"findings"}).at("findings").as_array().empty());

  SUBCASE("also when the daemon starts while it is away") {
    rig.stop();
    rig.start();
    CHECK(rig.cell("staging", "V1__users") == "applied");
    CHECK(rig.eventually([&] { return rig.status("staging").at("stale").as_bool(); }));
  }
  server.start();
  CHECK(rig.eventually([&] { return rig.status("staging").at("reachable").as_bool(); }, 30));
  CHECK_FALSE(rig.status("staging").at("stale").as_bool());
}

TEST_CASE("what was found survives a restart without being found again") {
  if (!PostgresServer::available()) {
    return;
  }
  Shop shop;
  shop.start_and_look();
  shop.file("V2__orders.sql", shop.orders + "-- edited\n");
  REQUIRE(shop.eventually([&] { return shop.cell("staging", "V2__orders") == "drifted edited"; }));
  const auto before = shop.json({"findings"});
  CHECK(shop.stop() == 0);
  shop.start_and_look();
  CHECK(shop.json({"findings"}) == before);
  const auto audit = shop.tidemark({"audit"});
  CHECK(audit.out.find("finding.opened") == audit.out.rfind("finding.opened"));
}

TEST_CASE("the metrics page is what Prometheus expects") {
  if (!PostgresServer::available() || run({"promtool", "--version"}).status != 0) {
    MESSAGE("skipped: no PostgreSQL or promtool");
    return;
  }
  Shop shop;
  shop.start_and_look();
  const auto page = shop.folder() / "metrics.txt";
  write_file(page, shop.get("/metrics"));
  const auto checked = run({"sh", "-c", "promtool check metrics < " + page.string()});
  CHECK(checked.status == 0);
  CHECK(checked.out + checked.err == "");
}

TEST_CASE("a ledger that may not be read keeps what was last seen, and says which GRANT helps") {
  if (!PostgresServer::available()) {
    return;
  }
  auto& server = PostgresServer::shared();
  Rig rig;
  rig.file("V1__users.sql", "a\n");
  rig.file("V2__orders.sql", "b\n");
  const auto database = server.create_database("shop");
  server.run(create_flyway_ledger(), database);
  server.run(insert_flyway_row({.content = "a\n"}), database);
  server.run("CREATE ROLE reader_of_" + database + " LOGIN", database);
  const auto grant = [&](const std::string& what) {
    server.run(what + " reader_of_" + database, database);
  };
  grant("GRANT SELECT ON flyway_schema_history TO");
  rig.configure(
      "      - name: staging\n        mode: reconcile_only\n        poll: 1s\n        database: " +
      server.address(database, "reader_of_" + database) + "\n");
  rig.start();
  REQUIRE(rig.eventually([&] { return rig.cell("staging", "V1__users") == "applied"; }));

  grant("REVOKE SELECT ON flyway_schema_history FROM");
  REQUIRE(rig.eventually(
      [&] { return rig.status("staging").at("environment_findings").as_int64() == 1; }));
  CHECK(rig.cell("staging", "V1__users") == "applied");
  CHECK(rig.cell("staging", "V2__orders") == "pending");
  const auto finding = rig.json({"findings"}).at("findings").at(0);
  CHECK(finding.at("kind").as_string() == "unreadable");
  CHECK(finding.at("severity").as_string() == "warning");
  CHECK(finding.at("migration").is_null());
  CHECK(rig.tidemark({"status"}).out.find("GRANT SELECT ON") != std::string::npos);

  grant("GRANT SELECT ON flyway_schema_history TO");
  CHECK(rig.eventually([&] { return rig.json({"findings"}).at("findings").as_array().empty(); }));
}

TEST_CASE("an index that a failed concurrent build left is found by the next poll, and is over") {
  if (!PostgresServer::available()) {
    return;
  }
  auto& server = PostgresServer::shared();
  Rig rig;
  rig.file("V1__users.sql", "a\n");
  const auto database = server.create_database("shop");
  server.run(create_flyway_ledger(), database);
  server.run(insert_flyway_row({.content = "a\n"}), database);
  server.run("CREATE TABLE users (id int); INSERT INTO users VALUES (7), (7)", database);
  rig.configure(staging_of(database, "1h"));
  rig.start();
  REQUIRE(rig.eventually([&] { return rig.cell("staging", "V1__users") == "applied"; }));
  const auto poll = [&] { REQUIRE(rig.tidemark({"poll", "shop/staging"}).status == 0); };
  const auto told = [&] {
    return rig.metric("tidemark_drift_findings", {R"(kind="invalid_index")"});
  };
  CHECK(told() == 0);

  CHECK_THROWS_AS(server.run("CREATE UNIQUE INDEX CONCURRENTLY by_id ON users (id)", database),
                  std::runtime_error);
  poll();
  CHECK(told() == 1);
  CHECK(rig.cell("staging", "V1__users") == "applied");
  CHECK(rig.status("staging").at("environment_findings").as_int64() == 1);
  const auto finding = rig.json({"findings"}).at("findings").at(0);
  CHECK(finding.at("kind").as_string() == "invalid_index");
  CHECK(finding.at("severity").as_string() == "drift");
  CHECK(finding.at("object").as_string() == "public.by_id");
  CHECK(finding.at("migration").is_null());

  SUBCASE("once, over a restart too") {
    rig.stop();
    rig.start();
    poll();
    CHECK(rig.json({"findings", "--all"}).at("findings").as_array().size() == 1);
  }
  server.run("DROP INDEX by_id", database);
  poll();
  CHECK(told() == 0);
  CHECK(rig.json({"findings"}).at("findings").as_array().empty());
  CHECK(rig.json({"findings", "--all"}).at("findings").as_array().size() == 1);
}

TEST_CASE("a daemon killed at any moment finds its way back, with all that it had said") {
  if (!PostgresServer::available()) {
    return;
  }
  Shop shop;
  shop.start_and_look();
  for (int round = 0; round < 5; ++round) {
    shop.file("V2__orders.sql", shop.orders + "-- edit " + std::to_string(round) + "\n");
    const auto said =
        shop.tidemark({"mark", "shop/prod", round % 2 == 0 ? "V1" : "V2", "--reason", "round"}).out;
    shop.stop(SIGKILL);
    shop.start_and_look();
    CHECK(shop.json({"audit", "verify"}).at("ok").as_bool());
    if (said.find("recorded as applied") != std::string::npos) {
      CHECK(shop.tidemark({"show", "shop", round % 2 == 0 ? "V1" : "V2"}).out.find("round") !=
            std::string::npos);
    }
  }
  CHECK(shop.eventually([&] { return shop.cell("staging", "V2__orders") == "drifted edited"; }));
  CHECK(shop.json({"findings", "shop/staging"}).at("findings").as_array().size() == 1);
}

TEST_CASE(
    "files that many tools would number so are the tool's whose ledger there is, without a word") {
  if (!PostgresServer::available()) {
    return;
  }
  auto& server = PostgresServer::shared();
  const auto database = server.create_database("numbered");
  Rig rig;
  rig.file("20260101000000_users.sql", "CREATE TABLE users (id int);\n");
  rig.file("20260102000000_orders.sql", "CREATE TABLE orders (id int);\n");
  rig.configure(staging_of(database, "200ms"));
  rig.start();
  CHECK(rig.eventually([&] { return rig.cell("staging", "20260101000000_users") == "pending"; }));
  CHECK(rig.json({"matrix", "shop"}).at("layout").as_string() == "own");
  server.run(
      "CREATE SCHEMA supabase_migrations; CREATE TABLE supabase_migrations.schema_migrations"
      " (version text PRIMARY KEY, statements text[], name text);"
      "INSERT INTO supabase_migrations.schema_migrations"
      " VALUES ('20260101000000', ARRAY['CREATE TABLE users (id int)'], 'users')",
      database);
  CHECK(rig.eventually([&] { return rig.cell("staging", "20260101000000_users") == "applied"; }));
  CHECK(rig.cell("staging", "20260102000000_orders") == "pending");
  CHECK(rig.json({"matrix", "shop"}).at("layout").as_string() == "supabase");
  CHECK(rig.json({"findings", "--all"}).at("findings").as_array().empty());
}

TEST_CASE("a ledger of another tool than the files' is told at the first look, not a poll later") {
  if (!PostgresServer::available()) {
    return;
  }
  auto& server = PostgresServer::shared();
  const auto database = server.create_database("others");
  server.run(
      "CREATE TABLE schema_migrations (version varchar PRIMARY KEY);"
      "CREATE TABLE ar_internal_metadata (key varchar PRIMARY KEY, value varchar,"
      " created_at timestamp NOT NULL, updated_at timestamp NOT NULL);"
      "INSERT INTO schema_migrations VALUES ('20260101000000')",
      database);
  Rig rig;
  rig.file("V1__users.sql", "CREATE TABLE users (id int);\n");
  rig.configure(staging_of(database, "1h"));
  rig.start();
  CHECK(rig.eventually([&] { return rig.status("staging").at("tool").is_string(); }));
  CHECK(rig.json({"matrix", "shop"}).at("layout").as_string() == "flyway");
  const auto shape = rig.tidemark({"ledger", "shop/staging", "--shape"}).out;
  CHECK(shape.find("public.schema_migrations is a ledger of rails") != std::string::npos);
  CHECK(shape.find("because a version alone, beside ar_internal_metadata") != std::string::npos);
}

TEST_CASE("who is at work is told, and what is half done is not") {
  if (!PostgresServer::available()) {
    return;
  }
  auto& server = PostgresServer::shared();
  const auto database = server.create_database("worked_on");
  server.run(
      "CREATE TABLE knex_migrations (id serial PRIMARY KEY, name varchar(255), batch integer,"
      " migration_time timestamptz);"
      "CREATE TABLE knex_migrations_lock (index serial PRIMARY KEY, is_locked integer);"
      "INSERT INTO knex_migrations_lock (is_locked) VALUES (0);"
      "INSERT INTO knex_migrations (name, batch, migration_time) VALUES ('1_users.js', 1, now())",
      database);
  Rig rig;
  rig.file("1_users.js", "exports.up = (knex) => knex.schema.createTable('users');\n");
  rig.file("2_orders.js", "exports.up = (knex) => knex.schema.createTable('orders');\n");
  rig.configure(staging_of(database, "200ms"));
  rig.start();
  CHECK(rig.eventually([&] { return rig.cell("staging", "2_orders.js") == "pending"; }));
  const auto ledger = [&] { return rig.tidemark({"ledger", "shop/staging"}).out; };
  CHECK(ledger().find("in progress") == std::string::npos);
  server.run("UPDATE knex_migrations_lock SET is_locked = 1", database);
  CHECK(
      rig.eventually([&] { return ledger().find("at work: a run of Knex") != std::string::npos; }));
  CHECK(ledger().find("in_progress") != std::string::npos);
  server.run(
      "INSERT INTO knex_migrations (name, batch, migration_time) VALUES ('2_orders.js', 2, now())",
      database);
  CHECK(rig.cell("staging", "2_orders.js") == "pending");
  server.run("UPDATE knex_migrations_lock SET is_locked = 0", database);
  CHECK(rig.eventually([&] { return rig.cell("staging", "2_orders.js") == "applied"; }));
}

namespace {

// A database with a ledger of our own shape in it.
std::string tracked_database(const std::string& name) {
  auto& server = PostgresServer::shared();
  const auto database = server.create_database(name);
  server.run(
      "CREATE TABLE _migrations (seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,"
      " key text NOT NULL, name text NOT NULL, sha256 text NOT NULL, action text NOT NULL,"
      " attempt_id uuid, release text, applied_at timestamptz NOT NULL DEFAULT now(),"
      " applied_by text NOT NULL DEFAULT session_user)",
      database);
  return database;
}

// `content` as SQL writes it with escapes.
void track(const std::string& database,
           const std::string& key,
           const std::string& name,
           const std::string& content) {
  PostgresServer::shared().run("INSERT INTO _migrations (key, name, sha256, action) VALUES ('" +
                                   key + "', '" + name + "', encode(sha256(convert_to(E'" +
                                   content + "', 'UTF8')), 'hex'), 'apply')",
                               database);
}

const std::string users = "CREATE TABLE users (id int);\n";

}  // namespace

TEST_CASE("a ledger of our own shape, written from a checkout with other line endings, is right") {
  if (!PostgresServer::available()) {
    return;
  }
  const auto database = tracked_database("tracked");
  track(database, "1", "V1__users", "CREATE TABLE users (id int);\r\n");
  track(database, "2", "V2__orders", "another one");
  Rig rig;
  rig.file("V1__users.sql", users);
  rig.file("V2__orders.sql", users);
  rig.configure(staging_of(database, "1h"));
  rig.start();
  CHECK(rig.eventually([&] { return rig.cell("staging", "V1__users") == "applied"; }));
  CHECK(rig.eventually([&] { return rig.cell("staging", "V2__orders") == "drifted checksum"; }));
  CHECK(rig.tidemark({"findings", "--all", "--json"}).out.find("V1__users") == std::string::npos);
}

TEST_CASE("what was applied beside files of another tool while nobody looked shows at once") {
  if (!PostgresServer::available()) {
    return;
  }
  const auto database = tracked_database("tracked_on");
  track(database, "1", "V1__users", users);
  Rig rig;
  rig.file("V1__users.sql", users);
  rig.file("V2__orders.sql", users);
  rig.configure(staging_of(database, "200ms"));
  rig.start();
  CHECK(rig.eventually([&] { return rig.cell("staging", "V1__users") == "applied"; }));
  CHECK(rig.cell("staging", "V2__orders") == "pending");
  rig.stop();
  track(database, "2", "V2__orders", users);
  rig.start();
  CHECK(rig.eventually([&] { return rig.cell("staging", "V2__orders") == "applied"; }));
}
