#include <doctest/doctest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include "daemon/world.h"
#include "tests/daemon/unit/watched.h"

using namespace tidemark;
using namespace tidemark::unit_test;

// Many environments, none of which comes after another.

namespace {

EnvironmentRef nth(int number) {
  return {"shop", "e" + std::to_string(number)};
}

AppSettings many(int count) {
  AppSettings settings;
  settings.name = "shop";
  for (int i = 0; i < count; ++i) {
    EnvironmentSettings environment;
    environment.name = nth(i).name;
    environment.mode = Mode::reconcile_only;
    environment.after.emplace();
    environment.database = Target{};
    settings.environments.push_back(std::move(environment));
  }
  return settings;
}

Observation sight(const Watched& watched, int number) {
  auto observation = seen({applied("1", "a")}, {"73", 1, static_cast<std::uint32_t>(number), 0});
  observation.as_of = watched.now;
  return observation;
}

struct Looks {
  explicit Looks(Watched& watched) : watched_(watched) {}

  void at(int number, asio::cancellation_slot slot = {}) {
    auto look = watched_.world().environment_read(nth(number), sight(watched_, number), {});
    asio::co_spawn(watched_.loop(),
                   std::move(look),
                   asio::bind_cancellation_slot(
                       slot, [this](std::exception_ptr failure, const Result<void>& stored) {
                         if (failure) {
                           ++cancelled;
                         } else if (stored) {
                           ++ok;
                         } else {
                           refusal = stored.error().detail;
                         }
                       }));
  }
  void end() {
    watched_.loop().restart();
    watched_.loop().run();
  }

  int ok = 0;
  int cancelled = 0;
  std::string refusal;

 private:
  Watched& watched_;
};

bool stored(Watched& watched, int number) {
  const auto state = watched.ledger().load(nth(number), watched.now);
  REQUIRE(state);
  return state->observation && state->records.size() == 1;
}

}  // namespace

TEST_CASE("environments that are looked at together are written together") {
  constexpr int count = 40;
  Watched watched;
  const auto before = watched.commits();
  watched.add_app(many(count));
  CHECK(watched.commits() - before <= 2);  // that they are there, and their modes
  watched.directory_has({file("1", "a")});
  const auto known = watched.commits();
  Looks looks(watched);
  for (int i = 0; i < count; ++i) {
    looks.at(i);
  }
  looks.end();
  CHECK(looks.ok == count);
  CHECK(watched.commits() - known <= 2);  // of the first, and of all that came meanwhile
  for (int i = 0; i < count; ++i) {
    CHECK(watched.state(nth(i), "1") == CellState::applied);
    CHECK(stored(watched, i));
  }
}

TEST_CASE("what cannot be written of one environment keeps no other from being written") {
  Watched watched;
  watched.add_app(many(3));
  watched.directory_has({});
  Change conflict;  // what the world does not know of: opened once more, it is refused
  conflict.environment = nth(1);
  conflict.at = watched.now;
  Finding foreign;
  foreign.kind = FindingKind::foreign;
  foreign.key = {"1"};
  conflict.findings.opened = {foreign};
  REQUIRE(watched.ledger().commit(conflict));
  Looks looks(watched);
  for (int i = 0; i < 3; ++i) {
    looks.at(i);
  }
  looks.end();
  CHECK(looks.ok == 2);
  CHECK(looks.refusal.contains("write down shop/e1"));
  CHECK(watched.world().ledger_trouble() != "");
  CHECK(watched.findings(nth(0)) == std::multiset<std::string>{"foreign 1"});
  CHECK(watched.findings(nth(1)).empty());
  CHECK(watched.findings(nth(2)) == std::multiset<std::string>{"foreign 1"});
}

TEST_CASE("a look that is cancelled while it writes for others leaves none of them unseen") {
  int cancelled = 0;
  for (int steps = 0; steps < 16; ++steps) {  // of the loop, before it is cancelled
    CAPTURE(steps);
    Watched watched;
    watched.add_app(many(4));
    watched.directory_has({file("1", "a")});
    asio::cancellation_signal cancel;
    Looks looks(watched);
    looks.at(0);
    looks.at(1, cancel.slot());  // sees the next two too, which have arrived while the first wrote
    looks.at(2);
    looks.at(3);
    watched.loop().restart();
    for (int i = 0; i < steps; ++i) {
      watched.loop().run_one();
    }
    cancel.emit(asio::cancellation_type::terminal);
    looks.end();
    cancelled += looks.cancelled;
    CHECK(looks.cancelled + looks.ok == 4);
    CHECK(looks.refusal == "");
    for (const int other : {0, 2, 3}) {
      CHECK(stored(watched, other));
    }
  }
  CHECK(cancelled > 0);
}
