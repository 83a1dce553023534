#include <chrono>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "tests/daemon/apply/beside.h"

using namespace tidemark::test;

namespace {

const std::string where = "/v1/apps/shop/environments/dev/";

// Migrations that take a moment each, which write down that they ran.
struct Many : Applying {
  explicit Many(int migrations, const std::string& seconds) {
    file("00_log.sql", "CREATE TABLE log (migration int);\n");
    for (int i = 1; i <= migrations; ++i) {
      const auto number = std::to_string(i);
      file("0" + number + "_some.sql",
           "INSERT INTO log VALUES (" + number + ");\nSELECT pg_sleep(" + seconds + ");\n");
    }
    begin();
  }
  std::string ran() {
    return sql("SELECT string_agg(migration::text, ' ' ORDER BY migration) FROM log");
  }
  bool is_at(const std::string& id) {
    return eventually([&] { return cell_of(id) == "applying"; });
  }
};

std::size_t count(const Applying::Told& told, const std::string& member) {
  return told.lines.back().at(member).as_array().size();
}

}  // namespace

TEST_CASE("of many clients that apply at once one does, and the others are told so") {
  if (!PostgresServer::available()) {
    return;
  }
  for (int round = 0; round < 4; ++round) {
    Many rig(3, "0.2");
    std::promise<void> starts;
    const auto start = starts.get_future().share();
    std::vector<std::future<Applying::Told>> clients;
    for (int i = 0; i < 8; ++i) {
      clients.push_back(std::async(std::launch::async, [&rig, start] {
        start.wait();
        return rig.apply();
      }));
    }
    starts.set_value();
    int applied = 0;
    for (auto& client : clients) {
      const auto told = client.get();
      if (told.outcome() == "applied") {
        ++applied;
        CHECK(count(told, "done") == 4);
      } else {
        INFO(told.message());
        CHECK(told.status == 409);
        CHECK(says(told.message(), " being applied "));
      }
    }
    CHECK(applied == 1);
    CHECK(rig.ran() == "1 2 3");
  }
}

TEST_CASE("of two daemons that apply to one database at once one does") {
  if (!PostgresServer::available()) {
    return;
  }
  Many rig(3, "0.5");
  Applying other;
  other.configure("      - name: dev\n        database: " + rig.server().address(rig.database()) +
                  "\n");
  other.file("00_log.sql", "CREATE TABLE log (migration int);\n");
  other.begin();
  auto applied = apply_meanwhile(rig);
  CHECK(migration_runs(rig, "SELECT pg_sleep"));
  const auto refused = other.apply(R"({"from_empty": true})");
  CHECK(refused.outcome() == "failed");
  CHECK(says(refused.message(), "another session of tidemark is at work in this database"));
  CHECK(applied.get().outcome() == "applied");
  CHECK(rig.ran() == "1 2 3");
}

TEST_CASE("a mode is not flipped behind an apply, and by force after it was cancelled") {
  if (!PostgresServer::available()) {
    return;
  }
  Many rig(3, "1");
  auto applied = apply_meanwhile(rig);
  REQUIRE(rig.is_at("02_some"));
  const auto refused =
      rig.request("POST", where + "mode", R"({"mode": "reconcile_only", "reason": "x"})");
  CHECK(refused.status == 409);
  CHECK(says(refused.body, "02_some is being applied to shop/dev"));
  const auto flipped = rig.request(
      "POST", where + "mode", R"({"mode": "reconcile_only", "reason": "x", "force": true})");
  CHECK_MESSAGE(flipped.status == 200, flipped.body);
  const auto told = applied.get();
  CHECK(told.outcome() == "cancelled");
  CHECK(count(told, "done") == 2);
  CHECK(count(told, "left") == 2);
  CHECK(rig.ran() == "1");
  CHECK(rig.status("dev").at("mode").as_string() == "reconcile_only");
  CHECK(rig.apply().status == 409);
  CHECK(nothing_stays_behind(rig));
}

TEST_CASE("a config that changes the app waits for its apply") {
  if (!PostgresServer::available()) {
    return;
  }
  Many rig(2, "1.5");
  auto applied = apply_meanwhile(rig);
  REQUIRE(rig.is_at("01_some"));
  CHECK(rig.request("POST", "/v1/reload", "{}").status == 200);  // nothing has changed
  rig.configure("      - name: dev\n        database: " + rig.server().address(rig.database()) +
                "\n        lock_retries: 3\n");
  const auto refused = rig.request("POST", "/v1/reload", "{}");
  CHECK(refused.status != 200);
  CHECK(says(refused.body, "shop/dev is being applied to: reload again when that is over"));
  CHECK(applied.get().outcome() == "applied");
  CHECK(rig.ran() == "1 2");
  const auto reloaded = rig.request("POST", "/v1/reload", "{}");
  CHECK_MESSAGE(reloaded.status == 200, reloaded.body);
  rig.migration("03_more", "INSERT INTO log VALUES (3);\n");
  CHECK(rig.apply().outcome() == "applied");
}

TEST_CASE("a freeze in the middle of many migrations stops before the next one") {
  if (!PostgresServer::available()) {
    return;
  }
  Many rig(5, "1");
  auto applied = apply_meanwhile(rig);
  REQUIRE(rig.is_at("02_some"));
  CHECK(rig.request("POST", where + "freeze", R"({"reason": "the sale"})").status == 200);
  const auto told = applied.get();
  CHECK(told.outcome() == "failed");
  CHECK(says(told.message(), "shop/dev was frozen by "));
  CHECK(says(told.message(), "the sale"));
  CHECK(count(told, "done") == 3);
  CHECK(count(told, "left") == 3);
  CHECK(rig.ran() == "1 2");
  CHECK(rig.cell_of("02_some") == "applied");
  CHECK(rig.cell_of("03_some") == "pending");
  CHECK(nothing_stays_behind(rig));
  CHECK(rig.request("POST", where + "unfreeze", R"({"reason": "over"})").status == 200);
  CHECK(rig.apply().outcome() == "applied");
  CHECK(rig.ran() == "1 2 3 4 5");
}

TEST_CASE("a flip that cannot be cancels nothing, also by force") {
  if (!PostgresServer::available()) {
    return;
  }
  Many rig(2, "1.5");
  auto applied = apply_meanwhile(rig);
  REQUIRE(rig.is_at("01_some"));
  const auto refused =
      rig.request("POST", where + "mode", R"({"mode": "managed", "reason": "x", "force": true})");
  CHECK(refused.status == 409);
  CHECK(says(refused.body, "is managed already"));
  CHECK(applied.get().outcome() == "applied");
  CHECK(rig.ran() == "1 2");
}

TEST_CASE("a client that hangs up stops nothing, and another one sees how it ends") {
  if (!PostgresServer::available()) {
    return;
  }
  Many rig(3, "1");
  const auto hung_up = run({"timeout",
                            "--signal=KILL",
                            "1",
                            "curl",
                            "-sSN",
                            "--unix-socket",
                            rig.socket().string(),
                            "-H",
                            "Content-Type: application/json",
                            "--data-binary",
                            "{}",
                            "http://localhost" + where + "apply"});
  CHECK(says(hung_up.out, "\"started\""));
  CHECK_FALSE(says(hung_up.out, "\"finished\""));
  const auto attached = rig.tidemark({"apply", "shop/dev", "--attach"});
  CHECK_MESSAGE(attached.status == 0, attached.err);
  CHECK(says(attached.out, "01_some"));  // from its beginning
  CHECK(says(attached.out, "shop/dev: applied 00_log, 01_some, 02_some, 03_some"));
  CHECK(rig.ran() == "1 2 3");
  const auto after = rig.tidemark({"apply", "shop/dev", "--attach"});
  CHECK(after.status != 0);
  CHECK(says(after.err, "nothing is being applied"));
}

TEST_CASE("many that apply to one server at once wait for their places, and none for another's") {
  if (!PostgresServer::available()) {
    return;
  }
  constexpr int all = 4;
  auto& server = PostgresServer::shared();
  Rig rig;
  std::string environments;
  for (int i = 1; i <= all; ++i) {
    environments += "      - name: e" + std::to_string(i) +
                    "\n        mode: managed\n        after: []\n        database: " +
                    server.address(server.create_database("together")) + "\n";
  }
  rig.configure(environments, "limits: {connections_per_server: 4, connects_per_second: 100}\n");
  rig.file("001_slow.sql", "CREATE TABLE slow (id int);\nSELECT pg_sleep(1);\n");
  rig.start();
  const auto environment = [](int i) { return "e" + std::to_string(i); };
  for (int i = 1; i <= all; ++i) {
    REQUIRE(rig.eventually([&] { return rig.cell(environment(i), "001_slow") == "pending"; }));
  }
  std::vector<std::future<Rig::Answer>> clients;
  for (int i = 1; i <= all; ++i) {
    clients.push_back(std::async(std::launch::async, [&rig, name = environment(i)] {
      return rig.request("POST", "/v1/apps/shop/environments/" + name + "/apply", "{}");
    }));
  }
  for (auto& client : clients) {
    const auto answer = client.get();
    CHECK_MESSAGE(says(answer.body, "\"outcome\":\"applied\",\"done\":[\"001_slow\"]"),
                  answer.body);
  }
}

TEST_CASE("whoever watches is told what those in the way are asking, and nothing else keeps it") {
  if (!PostgresServer::available()) {
    return;
  }
  Applying rig("        lock_timeout: 500ms\n        lock_retries: 0\n");
  rig.file("001_users.sql", "CREATE TABLE users (id int);\n");
  rig.begin();
  REQUIRE(rig.apply().outcome() == "applied");
  PostgresSession other(rig.server(), rig.database());
  other.run("BEGIN; SELECT 'confidential' FROM users");
  rig.migration("002_name", "ALTER TABLE users ADD name text;\n");
  const auto failed = rig.apply();
  CHECK(failed.outcome() == "failed");
  const auto finished = failed.of("migration.finished");
  REQUIRE(finished.size() == 1);
  const auto& error = finished.front().at("error").as_object();
  REQUIRE(error.at("waiting_for").as_array().size() == 1);
  CHECK(says(std::string(error.at("waiting_for").at(0).at("query").as_string()), "confidential"));
  CHECK_FALSE(says(failed.message(), "confidential"));
  CHECK_FALSE(says(rig.tidemark({"audit", "--format", "json"}).out, "confidential"));
  CHECK_FALSE(says(rig.tidemark({"matrix", "shop", "--json"}).out, "confidential"));
  CHECK_FALSE(says(rig.log(), "confidential"));
}

TEST_CASE("what nobody knows the outcome of is settled by name, although its file is gone") {
  if (!PostgresServer::available()) {
    return;
  }
  Many rig(1, "5");
  auto applied =
      std::async(std::launch::async, [&rig] { rig.request("POST", where + "apply", "{}"); });
  REQUIRE(rig.is_at("01_some"));
  rig.stop(SIGKILL);
  applied.wait();
  // The config takes the mode away, and the directory is of another branch.
  rig.configure("      - name: dev\n        mode: reconcile_only\n        database: " +
                rig.server().address(rig.database()) + "\n");
  rig.remove("01_some.sql");
  rig.begin();
  REQUIRE(rig.eventually([&] { return rig.cell_of("01_some") == "unknown"; }));
  CHECK(rig.tidemark({"show", "shop", "01_some"}).status == 0);
  const auto resolved =
      rig.tidemark({"resolve", "shop/dev", "01_some", "not-applied", "--reason", "looked"});
  CHECK_MESSAGE(resolved.status == 0, resolved.err);
  CHECK(says(resolved.out, "01_some is settled: not applied"));
  CHECK(rig.cell_of("01_some").empty());
}
