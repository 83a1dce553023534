#pragma once

#include <cstdint>
#include <deque>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/steady_timer.hpp>
#include <boost/json/object.hpp>

#include "adapters/loop/asio.h"
#include "core/environment/environment.h"
#include "core/time.h"

namespace tidemark {

// One thing that happened, as `tidemark events` and webhooks tell it.
struct Event {
  std::uint64_t number = 0;
  std::string id;
  std::string type;  // "finding.opened"
  EnvironmentRef environment;
  std::string json;  // the whole document
};

// The last events, and everybody who waits for the next. A reader that falls behind the memory
// misses events and is told so by the gap: events are hints, the state is what `status` says.
class Events {
 public:
  explicit Events(asio::io_context& loop) : loop_(loop) {}

  // `data` gets app and environment added, where there are any.
  void publish(std::string type,
               const EnvironmentRef& environment,
               TimePoint at,
               boost::json::object data);

  // What is remembered after `number`.
  std::vector<Event> after(std::uint64_t number) const;
  std::uint64_t last() const { return next_ - 1; }
  // The number of an id; nullopt when it is not remembered.
  std::optional<std::uint64_t> find(const std::string& id) const;

  // Resumes when there is something after `number`; false when the time is up first.
  Awaitable<bool> wait(std::uint64_t number, std::chrono::steady_clock::duration at_most);

 private:
  asio::io_context& loop_;
  std::deque<Event> remembered_;
  std::uint64_t next_ = 1;
  std::list<asio::steady_timer*> waiting_;
};

}  // namespace tidemark
