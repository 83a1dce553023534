#include <doctest/doctest.h>

#include "tests/adapters/tools/bench.h"

using namespace tidemark;
using namespace tidemark::test;

namespace {

using Ledger = Observation::Ledger;

std::string registry(const std::string& schema, bool with_hash = true) {
  const auto in = [&](const std::string& table) { return schema + "." + table; };
  return "CREATE SCHEMA " + schema + "; CREATE TABLE " + in("projects") +
         " (project TEXT PRIMARY KEY, uri TEXT NULL UNIQUE, created_at TIMESTAMPTZ NOT NULL "
         "DEFAULT "
         "clock_timestamp(), creator_name TEXT NOT NULL, creator_email TEXT NOT NULL);"
         "CREATE TABLE " +
         in("changes") + " (change_id TEXT PRIMARY KEY, " +
         (with_hash ? "script_hash TEXT NULL, " : "") +
         "change TEXT NOT NULL, project TEXT NOT NULL REFERENCES " + in("projects") +
         "(project) ON UPDATE CASCADE, note TEXT NOT NULL DEFAULT '', committed_at TIMESTAMPTZ NOT "
         "NULL DEFAULT clock_timestamp(), committer_name TEXT NOT NULL, committer_email TEXT NOT "
         "NULL, planned_at TIMESTAMPTZ NOT NULL, planner_name TEXT NOT NULL, planner_email TEXT "
         "NOT "
         "NULL" +
         (with_hash ? ", UNIQUE(project, script_hash)" : "") + "); CREATE TABLE " + in("events") +
         " (event TEXT NOT NULL CHECK (event IN ('deploy', 'revert', 'fail', 'merge')), change_id "
         "TEXT NOT NULL, change TEXT NOT NULL, project TEXT NOT NULL REFERENCES " +
         in("projects") +
         "(project) ON UPDATE CASCADE, note TEXT NOT NULL DEFAULT '', requires TEXT[] NOT NULL "
         "DEFAULT '{}', conflicts TEXT[] NOT NULL DEFAULT '{}', tags TEXT[] NOT NULL DEFAULT '{}', "
         "committed_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(), committer_name TEXT NOT "
         "NULL, "
         "committer_email TEXT NOT NULL, planned_at TIMESTAMPTZ NOT NULL, planner_name TEXT NOT "
         "NULL, planner_email TEXT NOT NULL, PRIMARY KEY (change_id, committed_at));"
         "INSERT INTO " +
         in("projects") +
         " VALUES ('flipr', NULL, now(), 'Ana', 'ana@example.com'), ('other', NULL, now(), 'Ana', "
         "'ana@example.com');";
}

std::string at(int minute) {
  return "'2026-04-18 12:" + std::to_string(10 + minute) + ":00+00'";
}

std::string event(const std::string& what,
                  const std::string& id,
                  int minute,
                  const std::string& project = "flipr") {
  return "INSERT INTO sqitch.events (event, change_id, change, project, committed_at, "
         "committer_name, committer_email, planned_at, planner_name, planner_email) VALUES ('" +
         what + "', '" + id + "', 'name of " + id + "', '" + project + "', " + at(minute) +
         ", 'Ana', 'a@b', now(), 'Ana', 'a@b');";
}

std::string deployed(const std::string& id, int minute, const std::string& project = "flipr") {
  return event("deploy", id, minute, project) +
         "INSERT INTO sqitch.changes (change_id, script_hash, change, project, committed_at, "
         "committer_name, committer_email, planned_at, planner_name, planner_email) VALUES ('" +
         id + "', 'hash of " + id + "', 'name of " + id + "', '" + project + "', " + at(minute) +
         ", 'Ana', 'a@b', now(), 'Ana', 'a@b');";
}

// "id state" of each row.
std::vector<std::string> rows(const Observation& seen) {
  std::vector<std::string> all;
  for (const auto& row : seen.rows) {
    all.push_back(row.key.value + " " + std::string(to_string(row.state)));
  }
  return all;
}

using Strings = std::vector<std::string>;

}  // namespace

TEST_SUITE_BEGIN("on a server" * doctest::skip(!PostgresServer::available()));

TEST_CASE("a registry of Sqitch is found and read in the order of its deployments") {
  Bench bench;
  bench.sql(registry("sqitch") + deployed("two", 2) + deployed("one", 1) +
            deployed("x", 3, "other"));
  const auto seen = bench.see();
  CHECK(seen.ledger == Ledger::read);
  CHECK(seen.tool == "sqitch");
  CHECK(seen.table == "sqitch.changes");
  CHECK(rows(seen) == Strings{"one applied", "two applied", "x applied"});
  CHECK(seen.rows[0].checksum == "hash of one");
  CHECK(seen.rows[0].token == "2026-04-18 12:11:00+00");
  CHECK(seen.rows[0].at == *parse_time("2026-04-18T12:11:00Z"));
  CHECK(seen.rows[2].group == "other");
  CHECK(bench.glance());
}

TEST_CASE("a failure counts until something is deployed after it, a revert as long as it lasts") {
  Bench bench;
  bench.sql(registry("sqitch") + deployed("one", 1) + event("deploy", "two", 2) +
            event("fail", "three", 3) + event("revert", "two", 4));
  CHECK(rows(bench.see()) == Strings{"one applied", "three failed", "two undone"});
  bench.sql(deployed("x", 5, "other"));
  CHECK(rows(bench.see()).at(1) == "three failed");  // that was in another project
  bench.sql(deployed("two", 6));
  CHECK(rows(bench.see()) == Strings{"one applied", "x applied", "two applied"});
  bench.sql(event("fail", "three", 7) + deployed("three", 8) + event("merge", "three", 9));
  CHECK(rows(bench.see()) == Strings{"one applied", "x applied", "two applied", "three applied"});
}

TEST_CASE("a registry of version 1.0, in a schema of its own name, is read without hashes") {
  Bench bench;
  bench.sql(registry("\"Reg istry\"", false) +
            "INSERT INTO \"Reg istry\".changes VALUES ('id', 'a', 'flipr', '', 'infinity', 'Ana', "
            "'a@b', now(), 'Ana', 'a@b')");
  const auto seen = bench.see();
  CHECK(seen.table == "Reg istry.changes");
  REQUIRE(seen.rows.size() == 1);
  CHECK_FALSE(seen.rows[0].checksum);
  CHECK_FALSE(seen.rows[0].at);
}

TEST_CASE("whoever holds Sqitch's advisory lock is at work") {
  Bench bench;
  bench.sql(registry("sqitch") + deployed("one", 1));
  PostgresSession session(PostgresServer::shared(), bench.database());
  session.run("SELECT pg_advisory_lock(75474063)");
  CHECK_FALSE(bench.see().at_work.empty());
  session.run("SELECT pg_advisory_unlock(75474063)");
  CHECK(bench.see().at_work.empty());
}

TEST_CASE("who may not read the events is told so") {
  Bench bench("no_events");
  bench.sql(
      registry("sqitch") + deployed("one", 1) +
      "GRANT USAGE ON SCHEMA sqitch TO no_events; GRANT SELECT ON sqitch.changes TO no_events");
  const auto seen = bench.see();
  CHECK(seen.ledger == Ledger::unreadable);
  const std::string events = R"(GRANT SELECT ON "sqitch"."events" TO "no_events")";
  CHECK(seen.trouble == "sqitch.changes (sqitch) cannot be read by no_events: " + events);
  bench.sql(events);
  CHECK(bench.see().ledger == Ledger::read);
  bench.sql("REVOKE SELECT ON sqitch.events FROM no_events");
  CHECK(bench.see().trouble.ends_with(events));
}

TEST_CASE("who may read nothing of Sqitch's is told all that it takes") {
  Bench bench("no_registry");
  bench.sql(registry("sqitch") + deployed("one", 1));
  const std::string all = R"(GRANT USAGE ON SCHEMA "sqitch" TO "no_registry"; )"
                          R"(GRANT SELECT ON "sqitch"."changes" TO "no_registry"; )"
                          R"(GRANT SELECT ON "sqitch"."events" TO "no_registry")";
  CHECK(bench.see().trouble == "sqitch.changes (sqitch) cannot be read by no_registry: " + all);
  bench.sql(all);
  CHECK(bench.see().rows.size() == 1);
}

TEST_SUITE_END();
