#include <filesystem>
#include <future>
#include <string>

#include <doctest/doctest.h>

#include "tests/daemon/apply/beside.h"

using namespace tidemark::test;

namespace {

const std::string where = "/v1/apps/shop/environments/dev/";

// A database of a server of its own, and a migration whose COMMIT takes seconds.
struct Slow {
  explicit Slow(const std::string& more_keys, int seconds) : keys(more_keys), rig(keys, server) {
    rig.file("001_slow.sql",
             "CREATE TABLE slow (id int);\n"
             "CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$\n"
             "BEGIN SET LOCAL client_connection_check_interval = 0; PERFORM pg_sleep(" +
                 std::to_string(seconds) +
                 "); RETURN NULL; END $$;\n"
                 "CREATE CONSTRAINT TRIGGER slowly AFTER INSERT ON slow\n"
                 "  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.id = 20000)\n"
                 "  EXECUTE FUNCTION wait();\n"
                 "INSERT INTO slow SELECT generate_series(1, 20000);\n");
  }

  // COMMIT was sent, and then the daemon was no more.
  void lose_daemon_in_commit() {
    rig.begin();
    auto applied =
        std::async(std::launch::async, [&] { return rig.request("POST", where + "apply", "{}"); });
    REQUIRE(migration_commits(rig));
    rig.stop(SIGKILL);
    applied.get();
  }
  void go_on_at(PostgresServer& other) {
    rig.configure("      - name: dev\n        database: " + other.address(rig.database()) + "\n" +
                  keys);
    rig.begin();
  }

  // What is known of what became of it, as a plan tells it.
  std::string evidence() {
    CHECK(rig.eventually([&] { return rig.cell_of("001_slow") == "unknown"; }));
    CHECK(rig.apply().status == 409);
    const auto plan = rig.plan();
    for (const auto& hindrance : plan.at("hindrances").as_array()) {
      if (hindrance.at("what").as_string() == "outcome_unknown") {
        return std::string(hindrance.at("why").as_string());
      }
    }
    return "";
  }
  // Its receipt, there or not, tells what became of it. Whose history this is says a person.
  void check_told_by_receipt(const std::string& what, const std::string& state) {
    CHECK(rig.eventually([&] { return says(rig.log(), what); }));
    CHECK(rig.apply().status == 409);
    const auto kept =
        rig.request("POST", where + "rebaseline", R"({"as": "keep", "reason": "failover"})");
    CHECK_MESSAGE(kept.status == 200, kept.body);
    CHECK(rig.cell_of("001_slow") == state);
  }
  // Nothing is applied until a person has said what became of it, and whose history this is.
  void check_settled_by_a_person(PostgresServer& now) {
    CHECK(now.run("SELECT to_regclass('slow') IS NULL", rig.database()) == "t");
    CHECK(
        rig.post("resolve", R"({"migration": "001_slow", "as": "maybe", "reason": "x"})").status ==
        400);
    const auto resolved =
        rig.request("POST",
                    where + "resolve",
                    R"({"migration": "001_slow", "as": "not-applied", "reason": "looked"})");
    CHECK_MESSAGE(resolved.status == 200, resolved.body);
    if (rig.status("dev").at("history").as_string() != "certain") {
      CHECK(rig.apply().status == 409);
      const auto settled =
          rig.request("POST", where + "rebaseline", R"({"as": "empty", "reason": "looked"})");
      CHECK_MESSAGE(settled.status == 200, settled.body);
    }
    CHECK(rig.eventually([&] { return rig.plan().at("hindrances").as_array().empty(); }));
    CHECK(rig.cell_of("001_slow") == "failed");
  }

  PostgresServer server;
  std::string keys;
  Applying rig;
};

void create_again(PostgresServer& server, const std::string& database) {
  server.run("DROP DATABASE " + database + " WITH (FORCE)");
  server.run("CREATE DATABASE " + database);
}

// A copy of a server's data that can be put back.
class BaseBackup {
 public:
  explicit BaseBackup(PostgresServer& server) : server_(server) {
    server_.stop();
    copy(data(), backup());
    server_.start();
  }
  void put_back() {
    server_.stop(PostgresServer::Stop::immediate);
    std::filesystem::remove_all(data());
    copy(backup(), data());
    server_.start();
  }

 private:
  std::string data() const { return (server_.folder() / "data").string(); }
  std::string backup() const { return (server_.folder() / "copy").string(); }
  void copy(const std::string& from, const std::string& to) const {
    run_program({"/bin/cp", "-a", from, to}, server_.folder() / "copy.log");
  }
  PostgresServer& server_;
};

const std::string receipts = "        receipts: true\n";
constexpr int long_enough = 60;

}  // namespace

TEST_CASE("a database dropped and created again between plan and apply is not applied to") {
  if (!PostgresServer::available()) {
    return;
  }
  PostgresServer server;
  std::string poll;
  SUBCASE("which was seen") {
    poll = "        poll: 100ms\n";
  }
  SUBCASE("which nobody saw") {
    poll = "        poll: 1h\n";
  }
  Applying rig(poll, server);
  rig.file("001_users.sql", "CREATE TABLE users (id int);\n");
  rig.begin();
  const std::string plan(rig.plan().at("plan_id").as_string());
  create_again(server, rig.database());
  if (poll.find("1h") == std::string::npos) {
    // A schedule takes its time after a look that found no such database.
    REQUIRE(rig.eventually([&] {
      rig.request("POST", where + "poll", "{}");
      return rig.status("dev").at("history").as_string() != "certain";
    }));
  }
  const auto refused = rig.apply("{\"plan_id\": \"" + plan + "\"}");
  INFO(refused.message());
  CHECK(refused.outcome() != "applied");
  CHECK_FALSE(rig.exists("users"));
  const auto again = rig.apply();
  CHECK(again.outcome() != "applied");
  CHECK(says(again.message(), "dropped and created again"));
  CHECK_FALSE(rig.exists("users"));
  // Whatever was refused: the next look sees the same, and a person says that it is so.
  CHECK(rig.request("POST", where + "poll", "{}").status == 200);
  CHECK(rig.request("POST", where + "rebaseline", R"({"as": "empty", "reason": "new"})").status ==
        200);
  CHECK(rig.apply().outcome() == "applied");
  CHECK(rig.exists("users"));
}

TEST_CASE("a database dropped and created again during COMMIT: the outcome is unknown") {
  if (!PostgresServer::available()) {
    return;
  }
  Slow it("", long_enough);
  it.lose_daemon_in_commit();
  create_again(it.server, it.rig.database());
  it.rig.begin();
  CHECK(says(it.evidence(), "dropped and created again: oid "));
  it.check_settled_by_a_person(it.server);
  CHECK(nothing_stays_behind(it.rig));
}

TEST_CASE("a standby promoted before COMMIT got there: unknown, or told by the missing receipt") {
  if (!PostgresServer::available()) {
    return;
  }
  std::string keys;
  SUBCASE("without receipts") {}
  SUBCASE("with receipts") {
    keys = receipts;
  }
  Slow it(keys, long_enough);
  PostgresServer standby({.standby_of = &it.server});
  it.lose_daemon_in_commit();
  it.server.stop(PostgresServer::Stop::immediate);
  standby.run("SELECT pg_promote()");
  it.go_on_at(standby);
  if (keys.empty()) {
    CHECK(says(it.evidence(), "the server is on timeline 2 instead of 1"));
    it.check_settled_by_a_person(standby);
  } else {
    it.check_told_by_receipt("its receipt is not there", "failed");
  }
  CHECK(standby.run("SELECT to_regclass('slow') IS NULL", it.rig.database()) == "t");
}

TEST_CASE("a standby promoted after COMMIT got there: unknown, or told by the receipt") {
  if (!PostgresServer::available()) {
    return;
  }
  std::string keys;
  SUBCASE("without receipts") {}
  SUBCASE("with receipts") {
    keys = receipts;
  }
  Slow it(keys, 3);
  PostgresServer standby({.standby_of = &it.server});
  it.lose_daemon_in_commit();
  REQUIRE(it.rig.eventually([&] {
    return standby.run("SELECT to_regclass('slow') IS NOT NULL", it.rig.database()) == "t";
  }));
  it.server.stop(PostgresServer::Stop::immediate);
  standby.run("SELECT pg_promote()");
  it.go_on_at(standby);
  if (keys.empty()) {
    CHECK(says(it.evidence(), "the server is on timeline 2 instead of 1"));
  } else {
    it.check_told_by_receipt("its receipt is there", "applied");
  }
}

TEST_CASE("a backup restored over the server during COMMIT: the outcome is unknown") {
  if (!PostgresServer::available()) {
    return;
  }
  std::string keys;
  std::string evidence;
  bool goes_on = false;
  SUBCASE("which has done nothing since") {
    evidence = "it was restored from an older copy";
  }
  SUBCASE("which has given out the transaction's number again") {
    evidence = "says committed, but what the migration makes is not there";
    goes_on = true;
  }
  SUBCASE("with receipts") {
    keys = receipts;
  }
  Slow it(keys, long_enough);
  BaseBackup backup(it.server);
  it.lose_daemon_in_commit();
  backup.put_back();
  if (goes_on) {
    it.server.run("CREATE DATABASE aside");
    it.server.run("CREATE TABLE filled AS SELECT generate_series(1, 200000)", "aside");
    PostgresSession others(it.server, "aside");
    for (int i = 0; i < 200; ++i) {
      others.run("INSERT INTO filled VALUES (1)");
    }
  }
  it.rig.begin();
  if (keys.empty()) {
    CHECK(says(it.evidence(), evidence));
    it.check_settled_by_a_person(it.server);
  } else {
    CHECK(it.rig.eventually([&] { return it.rig.cell_of("001_slow") == "failed"; }));
    CHECK(says(it.rig.log(), "it was restored from an older copy; its receipt is not there"));
  }
  CHECK_FALSE(it.rig.exists("slow"));
}
