// The disk with our ledger becomes full at a write of an apply, whichever it is: COMMIT is not sent
// unless what tells the transaction is on that disk, and with room again all is exactly once.

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <sqlite3.h>

#include "tests/daemon/apply/marks.h"

using namespace tidemark::test;

namespace {

class FullLedger : public Marks {
 public:
  explicit FullLedger(PostgresServer& server) : Marks(server) {}

  std::vector<std::string> wrapper() const {
    return {"env",
            "LD_PRELOAD=" FULL_DISK,
            "FULL_DISK=" + control().string(),
            "FULL_DISK_FILES=" + ledger().string()};
  }
  std::filesystem::path control() const { return folder() / "room"; }

  void room_for(int writes) const {
    std::filesystem::remove(reached());
    const auto fresh = folder() / "room.new";
    std::ofstream(fresh) << writes;
    std::filesystem::rename(fresh, control());
  }
  void room_again() const { std::filesystem::remove(control()); }
  bool is_full() const { return std::filesystem::exists(reached()); }

  void be_slow() const { std::ofstream(control().string() + ".slow") << ""; }
  void be_quick() const { std::filesystem::remove(control().string() + ".slow"); }

  // COMMITs that a migration's session has sent so far.
  int commits() {
    std::ifstream in(server().folder() / "server.log");
    int count = 0;
    for (std::string line; std::getline(in, line);) {
      const bool ours = line.starts_with("tidemark shop/dev migration|");
      count += ours && line.contains("; COMMIT") ? 1 : 0;
    }
    return count;
  }

  // Attempts whose mark is on our ledger's disk: of a copy, as it would be found after a crash.
  int marked() const {
    const auto copy = folder() / "copy";
    std::filesystem::remove_all(copy);
    std::filesystem::create_directory(copy);
    for (const auto* suffix : {"", "-wal"}) {
      std::filesystem::copy_file(ledger().string() + suffix,
                                 copy / ("ledger.db" + std::string(suffix)));
    }
    sqlite3* db = nullptr;
    sqlite3_stmt* count = nullptr;
    REQUIRE(sqlite3_open((copy / "ledger.db").c_str(), &db) == SQLITE_OK);
    REQUIRE(sqlite3_prepare_v2(db, "SELECT count(mark_xid) FROM attempts", -1, &count, nullptr) ==
            SQLITE_OK);
    REQUIRE(sqlite3_step(count) == SQLITE_ROW);
    const int marks = sqlite3_column_int(count, 0);
    sqlite3_finalize(count);
    sqlite3_close(db);
    return marks;
  }

 private:
  std::filesystem::path reached() const { return control().string() + ".reached"; }
};

}  // namespace

TEST_CASE("whichever write of an apply finds our disk full, COMMIT is not sent without its mark") {
  if (!PostgresServer::available()) {
    return;
  }
  PostgresServer::Options options;
  options.settings = {"log_statement = all", "log_line_prefix = '%a|'"};
  PostgresServer server(options);
  FullLedger rig(server);
  rig.begin_marked(rig.wrapper());
  REQUIRE(rig.marked() == 1);
  REQUIRE(rig.commits() == 1);
  Found found;
  int rounds = 0;
  int committed = 0;
  int unmarked = 0;
  const int step = std::getenv("TIDEMARK_EVERY") != nullptr ? 1 : 3;
  int writes = 0;
  for (bool reached = true; reached; writes += step) {
    rig.add(1);
    const auto marked = rig.marked();
    const auto commits = rig.commits();
    const auto logged = rig.log().size();
    rig.room_for(writes);
    auto applying = std::async(std::launch::async, [&] { return rig.apply(); });
    // It has ended, or tries in vain to write down what it has found out.
    REQUIRE(rig.eventually([&] {
      return applying.wait_for(std::chrono::seconds{0}) == std::future_status::ready ||
             rig.log().find("an outcome was found out", logged) != std::string::npos;
    }));
    reached = rig.is_full();
    const auto sent = rig.commits() - commits;
    committed += reached ? sent : 0;
    unmarked += sent > rig.marked() - marked ? 1 : 0;
    rig.room_again();
    const auto told = applying.get();
    INFO("room for " << writes << " writes: " << told.message());
    rig.check(found);
    rounds += reached ? 1 : 0;
  }
  MESSAGE("our disk full at " << rounds << " of " << writes << " writes: " << found.text() << "; "
                              << committed << " times COMMIT was sent before, " << unmarked
                              << " without its mark");
  CHECK(unmarked == 0);
  CHECK(committed > 0);
  CHECK(found.not_applied > 0);
  CHECK(rounds > 5);
}

TEST_CASE(
    "while our disk takes its time with an end, the next one does not wait in a transaction") {
  if (!PostgresServer::available()) {
    return;
  }
  PostgresServer server;
  FullLedger rig(server);
  rig.begin_marked(rig.wrapper());
  rig.sql(
      "CREATE FUNCTION linger() RETURNS trigger LANGUAGE plpgsql AS "
      "'BEGIN PERFORM pg_sleep(1); RETURN NULL; END';"
      "CREATE CONSTRAINT TRIGGER linger AFTER INSERT ON marks DEFERRABLE INITIALLY DEFERRED "
      "FOR EACH ROW EXECUTE FUNCTION linger()");
  rig.add(2);
  const auto sessions = [&](const std::string& condition) {
    return rig.sql(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND "
        "application_name = 'tidemark shop/dev migration' AND " +
        condition);
  };
  auto applying = std::async(std::launch::async, [&] { return rig.apply(); });
  REQUIRE(rig.eventually(
      [&] { return sessions("state = 'active' AND query LIKE '%; COMMIT%'") == "1"; }));
  rig.be_slow();
  REQUIRE(rig.eventually([&] { return sessions("state = 'idle in transaction'") == "1"; }));
  CHECK(rig.eventually([&] { return sessions("state = 'idle in transaction'") == "0"; }, 6));
  CHECK(sessions("state = 'idle'") == "2");
  rig.be_quick();
  const auto told = applying.get();
  CHECK_MESSAGE(told.outcome() == "applied", told.message());
  CHECK(rig.sql("SELECT count(*) FROM marks") == "2");
}

TEST_CASE("while our disk takes its time, locks are let go and COMMIT is not sent") {
  if (!PostgresServer::available()) {
    return;
  }
  using Clock = std::chrono::steady_clock;
  PostgresServer::Options options;
  options.settings = {"log_statement = all", "log_line_prefix = '%a|'"};
  PostgresServer server(options);
  FullLedger rig(server);
  rig.begin_marked(rig.wrapper());
  const auto commits = rig.commits();
  rig.migration("0001_slow", "ALTER TABLE marks ADD note text;\nSELECT pg_sleep(2);\n");
  auto applying = std::async(std::launch::async, [&] { return rig.apply(); });
  REQUIRE(rig.eventually([&] {
    return rig.sql(
               "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query = "
               "'SELECT pg_sleep(2)' AND datname = current_database()") == "1";
  }));
  rig.be_slow();
  const auto began = Clock::now();
  rig.sql("SELECT count(*) FROM marks");  // waits for the lock
  const auto waited = Clock::now() - began;
  rig.be_quick();
  const auto told = applying.get();
  CHECK(told.outcome() == "failed");
  CHECK(told.message().find("took too long while locks were held") != std::string::npos);
  CHECK(waited > std::chrono::seconds{2});
  CHECK(waited < std::chrono::seconds{8});
  CHECK(rig.commits() == commits);
  CHECK(rig.eventually([&] { return rig.apply().outcome() == "applied"; }));
}
