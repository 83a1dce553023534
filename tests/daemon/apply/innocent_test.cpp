#include <algorithm>
#include <atomic>
#include <chrono>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "tests/daemon/apply/beside.h"

using namespace tidemark::test;

namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

// How long each read of the table took, of several sessions, until told to end.
class Readers {
 public:
  Readers(PostgresServer& server, const std::string& database, int sessions) {
    for (int i = 0; i < sessions; ++i) {
      readers_.push_back(std::async(std::launch::async,
                                    [this, &server, database] { return read(server, database); }));
    }
  }
  ~Readers() { ended_ = true; }
  Readers(const Readers&) = delete;
  Readers& operator=(const Readers&) = delete;

  int count() const { return count_; }
  // In order.
  std::vector<double> end() {
    ended_ = true;
    std::vector<double> all;
    for (auto& reader : readers_) {
      std::ranges::copy(reader.get(), std::back_inserter(all));
    }
    std::ranges::sort(all);
    return all;
  }

 private:
  std::vector<double> read(PostgresServer& server, const std::string& database) {
    PostgresSession session(server, database);
    std::vector<double> took;
    while (!ended_) {
      const auto begin = Clock::now();
      session.run("SELECT count(*) FROM users");
      took.push_back(std::chrono::duration<double, std::milli>(Clock::now() - begin).count());
      ++count_;
      std::this_thread::sleep_for(1ms);
    }
    return took;
  }

  std::atomic<bool> ended_ = false;
  std::atomic<int> count_ = 0;
  std::vector<std::future<std::vector<double>>> readers_;
};

constexpr double lock_timeout_ms = 200;

}  // namespace

TEST_CASE("who reads a table that a migration wants for itself waits no longer than lock_timeout") {
  if (!PostgresServer::available()) {
    return;
  }
  Applying rig("        lock_timeout: 200ms\n        lock_retries: 3\n");
  rig.file("001_users.sql", "CREATE TABLE users (id int);\nINSERT INTO users VALUES (1), (2);\n");
  rig.begin();
  REQUIRE(rig.apply().outcome() == "applied");
  rig.migration("002_name", "CREATE TABLE other (id int);\nALTER TABLE users ADD name text;\n");
  PostgresSession report(rig.server(), rig.database());
  const auto pid = report.run(
      "SET application_name = 'report'; BEGIN; SELECT * FROM users; SELECT pg_backend_pid()");

  Readers readers(rig.server(), rig.database(), 4);
  int applies = 0;
  for (; readers.count() < 10'000; ++applies) {
    const auto failed = rig.apply();
    CHECK(failed.outcome() == "failed");
    CHECK(failed.of("retrying").size() == 3);
    INFO(failed.message());
    CHECK(says(failed.message(), "behind pid " + pid + " (postgres, report, idle in transaction"));
    CHECK(says(failed.message(), "given up after 4 tries"));
  }
  const auto took = readers.end();
  const auto at = [&](double part) {
    return took[static_cast<std::size_t>(part * static_cast<double>(took.size() - 1))];
  };
  MESSAGE(took.size() << " reads beside " << applies << " applies: p50 " << at(0.5) << " ms, p99 "
                      << at(0.99) << " ms, max " << took.back() << " ms");
  CHECK(at(0.99) <= lock_timeout_ms + 50);
  // With room for a machine that has much else to do.
  CHECK(took.back() <= lock_timeout_ms + 300);
  // They did stand in the queue behind us.
  CHECK(took.back() >= lock_timeout_ms / 2);

  CHECK(nothing_stays_behind(rig));
  CHECK_FALSE(rig.exists("other"));
  CHECK(rig.sql("SELECT count(*) FROM pg_attribute WHERE attrelid = 'users'::regclass AND attname "
                "= 'name'") == "0");
  CHECK(rig.cell_of("002_name") == "failed");
  report.run("COMMIT");
  CHECK(rig.apply().outcome() == "applied");
}
