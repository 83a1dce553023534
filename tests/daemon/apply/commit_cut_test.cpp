// The connection is cut at every byte of COMMIT and of its answer: the outcome is found out, by
// asking the server.

#include <algorithm>
#include <chrono>
#include <string>

#include <doctest/doctest.h>

#include "tests/daemon/apply/through_proxy.h"

using namespace tidemark::test;

namespace {

using Clock = std::chrono::steady_clock;

struct Times {
  std::chrono::milliseconds longest{0};
  int rounds = 0;
};

void cut_at(ThroughProxy& rig, const Proxy::Cut& cut, Found& found, Times& times) {
  rig.add(1);
  rig.proxy.cut_next(cut);
  const auto told = rig.apply();
  const auto took =
      std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - rig.proxy.cut_at());
  REQUIRE(rig.proxy.was_cut());
  INFO("cut " << std::string(cut.way == Proxy::Way::to_server ? "to" : "from")
              << " the server after " << cut.after << " bytes: " << told.message());
  times.longest = std::max(times.longest, took);
  ++times.rounds;
  // What it told at the end is what is so.
  const bool applied = rig.cell_of(rig.added().front()) == "applied";
  CHECK(told.outcome() == (applied ? "applied" : "failed"));
  rig.check(found);
}

void cut_everywhere(Proxy::How how, const std::string& words, std::size_t every = 1) {
  if (!PostgresServer::available()) {
    return;
  }
  PostgresServer::Options options;
  options.tcp = true;
  PostgresServer server(options);
  ThroughProxy rig(server);
  rig.begin_marked();
  Found found;
  rig.add(1);
  rig.check(found);
  REQUIRE(found.not_applied == 1);
  const auto commit = rig.proxy.commit_bytes();
  const auto answer = rig.proxy.answer_bytes();
  REQUIRE(commit == 12);  // Q, its length, COMMIT and a zero
  REQUIRE(answer >= 18);  // C likewise, and Z
  found = {};
  Times times;
  for (std::size_t after = 0; after <= commit; after += every) {
    cut_at(rig, {Proxy::Way::to_server, after, how}, found, times);
  }
  for (std::size_t after = 0; after <= answer; after += every) {
    cut_at(rig, {Proxy::Way::to_client, after, how}, found, times);
  }
  MESSAGE("cut by " << words << " at " << times.rounds << " places of " << commit << " + " << answer
                    << " bytes: " << found.text() << "; known within " << times.longest.count()
                    << " ms");
  CHECK(found.applied > 0);
  CHECK(found.not_applied >= static_cast<int>(commit / every));
  CHECK(times.longest < std::chrono::seconds{3});
}

}  // namespace

TEST_CASE("cut off at any byte of COMMIT or of its answer, the outcome is found out") {
  cut_everywhere(Proxy::How::fin, "an end");
}

TEST_CASE("reset within COMMIT or within its answer, the outcome is found out") {
  cut_everywhere(Proxy::How::rst, "a reset", 5);
}

TEST_CASE(
    "cut off while the server has not noticed, its transaction is ended and the outcome found "
    "out") {
  cut_everywhere(Proxy::How::client_only, "a reset that the server does not see", 6);
}
