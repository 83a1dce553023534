#include "daemon/events.h"

#include <optional>

#include <doctest/doctest.h>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "daemon/control/event_stream.h"

using namespace tidemark;

namespace {

const EnvironmentRef staging{"shop", "staging"};
const EnvironmentRef prod{"shop", "prod"};

// The daemon's loop, and a stream that is read piece by piece.
struct Listening {
  void publish(const std::string& type, const EnvironmentRef& environment = staging) {
    events.publish(type, environment, TimePoint{}, {});
  }
  // Reads one piece; what happens meanwhile is `meanwhile`.
  std::optional<std::string> read(EventStream& stream,
                                  const std::function<void()>& meanwhile = {}) {
    std::optional<std::string> piece;
    bool done = false;
    asio::co_spawn(loop,
                   stream.next(),
                   [&](const std::exception_ptr& failure, std::optional<std::string> got) {
                     CHECK_FALSE(failure);
                     piece = std::move(got);
                     done = true;
                   });
    loop.restart();
    loop.poll();
    if (meanwhile) {
      CHECK_FALSE(done);
      meanwhile();
    }
    loop.restart();
    loop.run_for(std::chrono::seconds(5));  // before a heartbeat is due
    REQUIRE(done);
    return piece;
  }

  asio::io_context loop;
  Events events{loop};
};

EventStream::Wanted wanted(std::string type = "", bool follow = false) {
  EventStream::Wanted all;
  all.type = std::move(type);
  all.follow = follow;
  all.visible = [](const EnvironmentRef&) { return true; };
  return all;
}

std::vector<std::string> types_in(const std::string& text) {
  std::vector<std::string> types;
  for (auto at = text.find("event: "); at != std::string::npos; at = text.find("event: ", at + 1)) {
    types.push_back(text.substr(at + 7, text.find('\n', at) - at - 7));
  }
  return types;
}

using Types = std::vector<std::string>;

}  // namespace

TEST_CASE("without following, a stream tells what is remembered and ends") {
  Listening here;
  here.publish("mode.changed");
  EventStream stream(here.events, 0, wanted());
  const auto piece = here.read(stream);
  REQUIRE(piece);
  const auto event = here.events.after(0).front();
  CHECK(*piece ==
        "retry: 3000\n\nid: " + event.id + "\nevent: mode.changed\ndata: " + event.json + "\n\n");
  CHECK(event.json.find(R"("app":"shop","environment":"staging")") != std::string::npos);
  CHECK_FALSE(here.read(stream));
}

TEST_CASE("a follower is woken by what happens, each time") {
  Listening here;
  EventStream stream(here.events, here.events.last(), wanted("", true));
  CHECK(here.read(stream) == "retry: 3000\n\n");
  for (const std::string type : {"mode.changed", "mark.recorded"}) {
    const auto piece = here.read(stream, [&] { here.publish(type); });
    REQUIRE(piece);
    CHECK(types_in(*piece) == Types{type});
  }
}

TEST_CASE("a follower hears only of what it asked for and may see") {
  Listening here;
  auto only_staging = wanted("finding.*", true);
  only_staging.visible = [](const EnvironmentRef& environment) { return environment == staging; };
  EventStream stream(here.events, 0, std::move(only_staging));
  CHECK(here.read(stream) == "retry: 3000\n\n");
  const auto piece = here.read(stream, [&] {
    here.publish("finding.opened", prod);
    here.publish("findings.opened");
    here.publish("mode.changed");
    here.publish("finding.resolved");
  });
  REQUIRE(piece);
  CHECK(types_in(*piece) == Types{"finding.resolved"});
}

TEST_CASE("events that a follower does not want do not keep it without a sign of life") {
  Listening here;
  auto modes = wanted("mode.*", true);
  modes.heartbeat = std::chrono::milliseconds(50);
  EventStream stream(here.events, 0, std::move(modes));
  here.read(stream);
  std::optional<std::string> piece;
  asio::co_spawn(
      here.loop, stream.next(), [&](const std::exception_ptr&, std::optional<std::string> got) {
        piece = std::move(got);
      });
  for (int i = 0; i < 500 && !piece; ++i) {
    here.publish("finding.opened");
    here.loop.restart();
    here.loop.run_for(std::chrono::milliseconds(10));
  }
  CHECK(piece == ":\n\n");
}

TEST_CASE("a type is meant whole, and a star stands for all of a kind") {
  Listening here;
  for (const auto* type : {"finding.opened", "finding.resolved", "mode.changed"}) {
    here.publish(type);
  }
  const auto told = [&](const std::string& type) {
    EventStream stream(here.events, 0, wanted(type));
    return types_in(here.read(stream).value_or(""));
  };
  CHECK(told("") == Types{"finding.opened", "finding.resolved", "mode.changed"});
  CHECK(told("finding.*") == Types{"finding.opened", "finding.resolved"});
  CHECK(told("finding.opened") == Types{"finding.opened"});
  CHECK(told("finding") == Types{});
  CHECK(told("find*") == Types{});
}

TEST_CASE("whoever comes back is told what it missed") {
  Listening here;
  here.publish("finding.opened");
  const auto seen = here.events.after(0).front().id;
  here.publish("finding.resolved");
  EventStream stream(here.events, here.events.find(seen).value_or(0), wanted());
  CHECK(types_in(here.read(stream).value_or("")) == Types{"finding.resolved"});
}

TEST_CASE("the last thousand events are remembered, and no more") {
  Listening here;
  here.publish("first");
  const auto first = here.events.after(0).front().id;
  CHECK(here.events.find(first) == 1);
  for (int i = 0; i < 1000; ++i) {
    here.publish("later");
  }
  CHECK(here.events.after(0).size() == 1000);
  CHECK(here.events.last() == 1001);
  CHECK_FALSE(here.events.find(first));
  const auto remembered = here.events.after(0);
  for (std::size_t i = 1; i < remembered.size(); ++i) {
    REQUIRE(remembered[i - 1].id < remembered[i].id);
  }
}

TEST_CASE("a follower that leaves while it waits is forgotten") {
  Listening here;
  EventStream stream(here.events, 0, wanted("", true));
  here.read(stream);
  asio::cancellation_signal leaves;
  bool ended = false;
  asio::co_spawn(
      here.loop,
      stream.next(),
      asio::bind_cancellation_slot(
          leaves.slot(), [&](const std::exception_ptr& failure, const std::optional<std::string>&) {
            CHECK(failure);
            ended = true;
          }));
  here.loop.restart();
  here.loop.poll();
  leaves.emit(asio::cancellation_type::terminal);
  here.loop.restart();
  here.loop.run();
  CHECK(ended);
  here.publish("mode.changed");  // would touch a timer that is gone
  EventStream again(here.events, 0, wanted());
  CHECK(types_in(here.read(again).value_or("")) == Types{"mode.changed"});
}
