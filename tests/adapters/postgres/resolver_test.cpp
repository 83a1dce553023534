#include "adapters/postgres/resolver.h"

#include <algorithm>
#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>

#include "tests/adapters/postgres/scripted_names.h"

namespace tidemark::test {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using Outcomes = std::vector<Result<Addresses>>;
using Names = std::vector<std::string>;

// A loop with a resolver on it. `ask` waits for the answers; `begin` does not.
struct Desk {
  explicit Desk(ResolverLimits limits = {4, 50ms})
      : resolver(std::make_unique<Resolver>(loop, names.lookup(), limits)) {}

  std::shared_ptr<std::optional<Outcomes>> begin(Names asked,
                                                 std::chrono::milliseconds within = 20s) {
    auto outcomes = std::make_shared<std::optional<Outcomes>>();
    asio::co_spawn(
        loop,
        resolver->resolve(std::move(asked), Deadline{within}),
        asio::bind_cancellation_slot(cancels.emplace_back().slot(),
                                     [outcomes](std::exception_ptr thrown, Outcomes found) {
                                       if (thrown) {
                                         std::rethrow_exception(thrown);
                                       }
                                       *outcomes = std::move(found);
                                     }));
    return outcomes;
  }

  template <class Condition>
  void run_until(Condition condition) {
    const auto patience = Clock::now() + 30s;
    loop.restart();
    while (!condition() && Clock::now() < patience) {
      loop.run_one_for(5ms);
      loop.restart();
    }
    REQUIRE(condition());
  }

  Outcomes ask(Names asked, std::chrono::milliseconds within = 20s) {
    const auto outcomes = begin(std::move(asked), within);
    run_until([&] { return outcomes->has_value(); });
    return **outcomes;
  }

  ScriptedNames names;
  std::deque<asio::cancellation_signal> cancels;  // of each that began
  asio::io_context loop;
  std::unique_ptr<Resolver> resolver;
};

const Names first = {"10.0.0.1", "2001:db8::1"};
const Names second = {"10.0.0.2"};

}  // namespace

TEST_CASE("names are answered in the order in which they were asked, with all their addresses") {
  Desk desk;
  desk.names.answer("a", first);
  desk.names.answer("b", second);
  const auto found = desk.ask({"b", "nowhere", "a"});
  REQUIRE(found.size() == 3);
  REQUIRE(found[0]);
  CHECK(*found[0] == Addresses{second, ""});
  REQUIRE(!found[1]);
  CHECK(found[1].error().code == Errc::retry);
  REQUIRE(found[2]);
  CHECK(*found[2] == Addresses{first, ""});
}

TEST_CASE("whoever asks while a name is being looked up waits for the same lookup") {
  Desk desk;
  desk.names.answer("a", first);
  desk.names.hang("a");
  const auto one = desk.begin({"a"});
  const auto other = desk.begin({"a"});
  desk.run_until([&] { return desk.names.hanging() == 1; });
  desk.names.let_go();
  desk.run_until([&] { return one->has_value() && other->has_value(); });
  CHECK(desk.names.asked("a") == 1);
  CHECK(*one->value()[0] == Addresses{first, ""});
  CHECK(*other->value()[0] == Addresses{first, ""});
}

TEST_CASE("a name that moves is followed at the next question") {
  Desk desk;
  desk.names.answer("a", first);
  CHECK(*desk.ask({"a"})[0] == Addresses{first, ""});
  desk.names.answer("a", second);
  CHECK(*desk.ask({"a"})[0] == Addresses{second, ""});
}

TEST_CASE("the last good addresses are used when a lookup fails, and it is said why") {
  Desk desk;
  desk.names.answer("a", first);
  desk.ask({"a"});
  desk.names.fail_for("a");
  CHECK(*desk.ask({"a"})[0] == Addresses{first, "no such name: a"});
}

TEST_CASE("the last good addresses are used when a lookup takes long") {
  Desk desk;
  desk.names.answer("a", first);
  desk.ask({"a"});
  desk.names.hang("a");
  const auto start = Clock::now();
  CHECK(*desk.ask({"a"})[0] == Addresses{first, "looking up 'a' takes long"});
  CHECK(Clock::now() - start < 10s);
  CHECK(desk.names.asked("a") == 2);
}

TEST_CASE("who asks for a name that nobody knows yet leaves at his deadline") {
  Desk desk;
  desk.names.hang("a");
  const auto found = desk.ask({"a"}, 30ms);
  REQUIRE(!found[0]);
  CHECK(found[0].error().code == Errc::retry);
  CHECK(found[0].error().detail ==
        "the name 'a' was not looked up within 30 ms: check this host's name servers, and host in "
        "database:");
}

TEST_CASE("names whose lookups hang leave half of the threads to the others") {
  Desk desk;
  const Names dead = {"d1", "d2", "d3", "d4", "d5", "d6"};
  for (int round = 0; round < 2; ++round) {
    for (const auto& name : dead) {
      desk.names.hang(name);
    }
    desk.ask(dead, 100ms);
    if (round == 0) {
      CHECK(desk.names.hanging() == 4);  // nothing is known of them yet
      // Now they have been slow, all of them in the end.
      desk.run_until([&] {
        const bool all_asked =
            std::ranges::all_of(dead, [&](const auto& name) { return desk.names.asked(name) > 0; });
        if (!all_asked || desk.names.hanging() > 0) {
          std::this_thread::sleep_for(60ms);
          desk.names.let_go();
          for (const auto& name : dead) {
            if (desk.names.asked(name) == 0) {
              desk.names.hang(name);
            }
          }
          return false;
        }
        return true;
      });
    }
  }
  CHECK(desk.names.hanging() == 2);
  desk.names.answer("healthy", first);
  const auto start = Clock::now();
  CHECK(*desk.ask({"healthy"})[0] == Addresses{first, ""});
  CHECK(Clock::now() - start < 10s);
  CHECK(desk.names.hanging() == 2);
}

TEST_CASE("a lookup that hangs keeps nobody from stopping") {
  Desk desk;
  desk.names.hang("a");
  desk.begin({"a"}, 50ms);
  desk.run_until([&] { return desk.names.hanging() == 1; });
  const auto start = Clock::now();
  desk.resolver.reset();
  CHECK(Clock::now() - start < 1s);
  CHECK(desk.names.hanging() == 1);
  desk.names.let_go();  // its answer finds nobody
  desk.loop.restart();
  desk.loop.run_for(20ms);
}

TEST_CASE("who is cancelled leaves at once") {
  Desk desk;
  desk.names.hang("a");
  const auto outcomes = desk.begin({"a", "a"});
  desk.run_until([&] { return desk.names.hanging() == 1; });
  desk.cancels.back().emit(asio::cancellation_type::terminal);
  desk.run_until([&] { return outcomes->has_value(); });
  REQUIRE(outcomes->value().size() == 2);
  CHECK(outcomes->value()[0].error().code == Errc::cancelled);
  CHECK(outcomes->value()[1].error().code == Errc::cancelled);
}

TEST_CASE("the system is asked for addresses of both families, and says what it does not know") {
  const auto known = look_up_name("localhost");
  REQUIRE(known);
  CHECK(std::ranges::all_of(
      *known, [](const auto& address) { return address == "127.0.0.1" || address == "::1"; }));
  const auto unknown = look_up_name("name.invalid");
  REQUIRE(!unknown);
  CHECK(unknown.error().code == Errc::retry);
  CHECK(unknown.error().detail.starts_with("the name 'name.invalid' "));
}

}  // namespace tidemark::test
