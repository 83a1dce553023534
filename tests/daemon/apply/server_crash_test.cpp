// The server is stopped or crashes in the middle of an apply: when it is back it is asked, and what
// it says is so.

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <future>
#include <string>

#include <doctest/doctest.h>

#include "tests/daemon/apply/through_proxy.h"

using namespace tidemark::test;

namespace {

using Clock = std::chrono::steady_clock;

enum class Death { fast, immediate, postmaster, backend };
constexpr std::array deaths{Death::fast, Death::immediate, Death::postmaster, Death::backend};

std::string words_for(Death death) {
  switch (death) {
    case Death::fast:
      return "stopped";
    case Death::immediate:
      return "stopped at once";
    case Death::postmaster:
      return "its postmaster killed";
    case Death::backend:
      return "a backend killed";
  }
  return {};
}

class Crash : public ThroughProxy {
 public:
  explicit Crash(PostgresServer& server) : ThroughProxy(server) {}

  // A table of marks whose COMMIT takes as long as `slow` says.
  void begin_slow() {
    begin_marked();
    sql("CREATE TABLE slow AS SELECT 0::float8 AS seconds;"
        "CREATE FUNCTION linger() RETURNS trigger LANGUAGE plpgsql AS "
        "'BEGIN PERFORM pg_sleep(seconds) FROM slow; RETURN NULL; END';"
        "CREATE CONSTRAINT TRIGGER linger AFTER INSERT ON marks DEFERRABLE INITIALLY DEFERRED "
        "FOR EACH ROW EXECUTE FUNCTION linger()");
  }

  std::future<Told> apply_meanwhile() {
    return std::async(std::launch::async, [this] { return apply(); });
  }

  // Waits until the session that works is so far.
  void until(const std::string& condition) {
    REQUIRE(eventually([&] {
      return sql("SELECT count(*) FROM pg_stat_activity WHERE " + worker + " AND " + condition) ==
             "1";
    }));
  }

  void die(Death death) {
    switch (death) {
      case Death::fast:
        server().stop(PostgresServer::Stop::fast);
        break;
      case Death::immediate:
        server().stop(PostgresServer::Stop::immediate);
        break;
      case Death::postmaster:
        server().stop(PostgresServer::Stop::killed);
        break;
      case Death::backend: {
        const auto pid = sql("SELECT pid FROM pg_stat_activity WHERE " + worker +
                             " AND (backend_xid IS NOT NULL OR query LIKE '%; COMMIT%')");
        CHECK_FALSE(pid.empty());
        if (!pid.empty()) {
          ::kill(std::atoi(pid.c_str()), SIGKILL);
        }
        break;
      }
    }
  }

  void live_again(Death death) {
    if (death != Death::backend) {
      server().start();
    }
    REQUIRE(eventually([this] {
      try {
        return sql("SELECT 1") == "1";
      } catch (const std::exception&) {
        return false;  // it recovers
      }
    }));
  }

 private:
  const std::string worker = "application_name = 'tidemark shop/dev migration'";
};

struct Tally {
  Found found;
  std::chrono::milliseconds longest{0};
  int rounds = 0;
};

// Once it is back: waits for what the apply tells at its end, and looks.
void judge(Crash& rig, Death death, std::future<Applying::Told>& applying, Tally& tally) {
  rig.live_again(death);
  const auto back = Clock::now();
  const auto told = applying.get();
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - back);
  tally.longest = std::max(tally.longest, took);
  ++tally.rounds;
  INFO(words_for(death) << ": " << told.message());
  const bool applied = rig.cell_of(rig.added().front()) == "applied";
  CHECK(told.outcome() == (applied ? "applied" : "failed"));
  rig.check(tally.found);
}

void die_where(const std::string& moment,
               bool committed,
               const std::function<void(Crash&, Death, Tally&)>& round) {
  if (!PostgresServer::available()) {
    return;
  }
  PostgresServer server({.tcp = true});
  Crash rig(server);
  rig.begin_slow();
  Tally tally;
  for (const auto death : deaths) {
    round(rig, death, tally);
  }
  MESSAGE("server died in " << tally.rounds << " ways " << moment << ": " << tally.found.text()
                            << "; known within " << tally.longest.count()
                            << " ms of its being back");
  CHECK((committed ? tally.found.applied : tally.found.not_applied) == tally.rounds);
  CHECK(tally.longest < std::chrono::seconds{5});
}

// The server dies when so much of COMMIT or its answer was passed on.
void die_at(Crash& rig, Death death, Proxy::Way way, Tally& tally) {
  rig.add(1);
  std::promise<void> died;
  auto dead = died.get_future();
  rig.proxy.cut_next({way, 0, Proxy::How::rst, [&] {
                        rig.die(death);
                        died.set_value();
                      }});
  auto applying = rig.apply_meanwhile();
  REQUIRE(dead.wait_for(std::chrono::seconds{30}) == std::future_status::ready);
  judge(rig, death, applying, tally);
}

}  // namespace

TEST_CASE("a server that dies while a statement runs has applied nothing, and says so") {
  die_where("while a statement ran", false, [](Crash& rig, Death death, Tally& tally) {
    rig.add(1, "SELECT pg_sleep(1);\n");
    auto applying = rig.apply_meanwhile();
    rig.until("query LIKE 'SELECT pg_sleep%' AND wait_event = 'PgSleep'");
    rig.die(death);
    judge(rig, death, applying, tally);
  });
}

TEST_CASE("a server that dies before COMMIT comes has applied nothing, and says so") {
  die_where("between the mark and COMMIT", false, [](Crash& rig, Death death, Tally& tally) {
    die_at(rig, death, Proxy::Way::to_server, tally);
  });
}

TEST_CASE("a server that dies while COMMIT runs has applied nothing, and says so") {
  die_where("while COMMIT ran", false, [](Crash& rig, Death death, Tally& tally) {
    rig.sql("UPDATE slow SET seconds = 1.5");
    rig.add(1);
    auto applying = rig.apply_meanwhile();
    rig.until("query LIKE '%; COMMIT%' AND wait_event = 'PgSleep'");
    rig.sql("UPDATE slow SET seconds = 0");
    rig.die(death);
    judge(rig, death, applying, tally);
  });
}

TEST_CASE("a server that dies before its answer to COMMIT arrives has applied it, and says so") {
  die_where("before its answer arrived", true, [](Crash& rig, Death death, Tally& tally) {
    die_at(rig, death, Proxy::Way::to_client, tally);
  });
}
