#include <doctest/doctest.h>

#include "tests/daemon/support/rig.h"
#include "tests/support/postgres_server.h"

using namespace tidemark::test;

namespace {

const std::string create = R"sql(
  CREATE TABLE databasechangelog (id varchar(255) NOT NULL, author varchar(255) NOT NULL,
    filename varchar(255) NOT NULL, dateexecuted timestamp NOT NULL, orderexecuted int NOT NULL,
    exectype varchar(10) NOT NULL, md5sum varchar(35), description varchar(255), comments varchar(255),
    tag varchar(255), liquibase varchar(20));
  INSERT INTO databasechangelog VALUES ('1', 'ana', 'db/a.sql', now(), 1, 'EXECUTED', NULL, 'sql');
)sql";

std::string changelog(const std::string& first, const std::string& second) {
  return "--liquibase formatted sql\n\n--changeset ana:1\n" + first + "\n\n--changeset ana:2\n" +
         second + "\n";
}

}  // namespace

TEST_CASE("a migration that is a piece of its file is kept, shown and compared as that piece") {
  if (!PostgresServer::available()) {
    return;
  }
  auto& server = PostgresServer::shared();
  const auto database = server.create_database("shop");
  server.run(create, database);
  Rig rig;
  std::filesystem::create_directories(rig.migrations() / "src/db");
  rig.file("src/db/a.sql", changelog("CREATE TABLE users (id int);", "SELECT 2;"));
  rig.configure(
      "      - name: dev\n        poll: 1s\n        database: " + server.address(database) + "\n");
  rig.start();
  const std::string first = "src/db/a.sql::1::ana";
  REQUIRE(rig.eventually([&] { return rig.cell("dev", first) == "applied"; }));
  CHECK(rig.cell("dev", "src/db/a.sql::2::ana") == "pending");
  CHECK(rig.tidemark({"ledger", "shop/dev"}).out.find("db/a.sql::1::ana") != std::string::npos);
  const auto rows = rig.request("GET", "/v1/apps/shop/environments/dev/ledger").json().at("rows");
  REQUIRE(rows.as_array().size() == 1);
  CHECK(rows.as_array()[0].at("state").as_string() == "unverifiable");  // it has no checksum
  CHECK(rows.as_array()[0].at("theirs").as_string() == "applied");

  // The other changeset changes its length: the piece moves, and is still the same.
  rig.file("src/db/a.sql",
           "--liquibase formatted sql\n-- a line\n" +
               changelog("CREATE TABLE users (id int);", "SELECT 22;").substr(26));
  const auto diff = [&] { return rig.tidemark({"diff", "shop/dev", first}); };
  CHECK(rig.eventually([&] { return diff().out.find("SELECT") == std::string::npos; }));
  CHECK(rig.cell("dev", first) == "applied");

  rig.file("src/db/a.sql", changelog("CREATE TABLE users (id bigint);", "SELECT 22;"));
  REQUIRE(rig.eventually([&] { return rig.cell("dev", first) == "drifted edited"; }));
  const auto edited = diff();
  CHECK(edited.status == 0);
  CHECK(edited.out.find("-CREATE TABLE users (id int);") != std::string::npos);
  CHECK(edited.out.find("+CREATE TABLE users (id bigint);") != std::string::npos);
  CHECK(edited.out.find("SELECT") == std::string::npos);

  std::filesystem::remove(rig.migrations() / "src/db/a.sql");
  rig.file("src/db/b.sql", "--liquibase formatted sql\n--changeset ana:3\nSELECT 3;\n");
  CHECK(rig.eventually([&] { return rig.cell("dev", first) == "drifted removed"; }));
}
