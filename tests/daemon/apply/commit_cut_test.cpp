// The connection is cut at every byte of COMMIT and of its answer: the outcome is found out, by
// asking the server.

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <set>
#include <string>

#include <doctest/doctest.h>

#include "tests/daemon/apply/beside.h"
#include "tests/daemon/apply/through_proxy.h"

using namespace tidemark::test;

namespace {

using Clock = std::chrono::steady_clock;

struct Times {
  std::chrono::milliseconds longest{0};
  int rounds = 0;
};

// Bytes of something so long: of so many one, and its end; with TIDEMARK_EVERY all of it.
std::set<std::size_t> places(std::size_t size, std::size_t every) {
  const std::size_t step = std::getenv("TIDEMARK_EVERY") != nullptr ? 1 : every;
  std::set<std::size_t> chosen{size};
  for (std::size_t at = 0; at < size; at += step) {
    chosen.insert(at);
  }
  return chosen;
}

void cut_at(ThroughProxy& rig, int migrations, const Proxy::Cut& cut, Found& found, Times& times) {
  rig.add(migrations);
  rig.proxy.cut_next(cut);
  const auto told = rig.apply();
  const auto took =
      std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - rig.proxy.cut_at());
  REQUIRE(rig.proxy.was_cut());
  INFO("cut " << std::string(cut.way == Proxy::Way::to_server ? "to" : "from")
              << " the server after " << cut.after << " bytes: " << told.message());
  times.longest = std::max(times.longest, took);
  ++times.rounds;
  // What it told at the end is what is so. Of two, the second one was begun at most.
  const bool applied = rig.cell_of(rig.added().front()) == "applied";
  CHECK(told.outcome() == (applied && migrations == 1 ? "applied" : "failed"));
  if (migrations > 1) {
    CHECK(rig.cell_of(rig.added().back()) != "applied");
  }
  rig.check(found);
}

struct Exchange {
  Proxy::How how;
  int migrations = 1;     // with two, COMMIT of the first begins the second
  std::size_t every = 1;  // bytes of the message
  std::size_t every_answer = 1;
};

void cut_everywhere(const Exchange& exchange, const std::string& words) {
  if (!PostgresServer::available()) {
    return;
  }
  PostgresServer server({.tcp = true});
  ThroughProxy rig(server);
  rig.begin_marked();
  Found found;
  rig.add(exchange.migrations);
  rig.check(found);
  REQUIRE(found.not_applied == exchange.migrations);
  const auto commit = rig.proxy.longest_commit();
  const auto answer = rig.proxy.longest_answer();
  REQUIRE(commit > 12);   // Q, its length, COMMIT and a zero
  REQUIRE(answer >= 18);  // C, its length, COMMIT and a zero, and Z
  found = {};
  Times times;
  for (const auto after : places(commit, exchange.every)) {
    cut_at(rig, exchange.migrations, {Proxy::Way::to_server, after, exchange.how}, found, times);
  }
  const auto rounds = times.rounds;
  for (const auto after : places(answer, exchange.every_answer)) {
    cut_at(rig, exchange.migrations, {Proxy::Way::to_client, after, exchange.how}, found, times);
  }
  MESSAGE("cut by " << words << " at " << times.rounds << " places of " << commit << " + " << answer
                    << " bytes: " << found.text() << "; known within " << times.longest.count()
                    << " ms");
  CHECK(found.applied > 0);
  CHECK(found.not_applied >= rounds - 1);
  CHECK(times.longest < std::chrono::seconds{3});
}

}  // namespace

TEST_CASE("cut off at any byte of COMMIT or of its answer, the outcome is found out") {
  // What the server has not got whole is nothing to it.
  cut_everywhere({.how = Proxy::How::fin, .every = 4}, "an end");
}

TEST_CASE("cut off where COMMIT begins the next transaction, the outcome is found out") {
  cut_everywhere({.how = Proxy::How::fin, .migrations = 2, .every = 120, .every_answer = 25},
                 "an end, with the next transaction begun");
}

TEST_CASE("reset within COMMIT or within its answer, the outcome is found out") {
  cut_everywhere({.how = Proxy::How::rst, .every = 40, .every_answer = 10}, "a reset");
}

TEST_CASE(
    "cut off while the server has not noticed, its transaction is ended and the outcome found "
    "out") {
  cut_everywhere({.how = Proxy::How::client_only, .every = 40, .every_answer = 10},
                 "a reset that the server does not see");
}

TEST_CASE("cut off before anything of it was sent, SQL that nobody has read has not been applied") {
  if (!PostgresServer::available()) {
    return;
  }
  PostgresServer server({.tcp = true});
  ThroughProxy rig(server);
  rig.file("001_odd.sql", "FROBNICATE;\n");
  rig.begin();
  const std::string body = R"({"unanalysed": true})";
  Proxy::Cut cut;
  cut.instead = "SAVEPOINT ";
  rig.proxy.cut_next(cut);
  const auto told = rig.apply(body);
  REQUIRE(rig.proxy.was_cut());
  CHECK_MESSAGE(told.outcome() == "failed", told.message());
  CHECK(rig.cell_of("001_odd") == "failed");
  CHECK(says(rig.apply(body).message(), "syntax error"));
  // Once it was sent nobody knows.
  cut.instead = "FROBNICATE";
  rig.proxy.cut_next(cut);
  CHECK(rig.apply(body).outcome() == "unknown");
}
