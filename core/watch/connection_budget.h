#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

namespace tidemark {

struct ConnectionLimits {
  unsigned per_server = 8;
  unsigned per_second = 10;  // new ones, to each server
  friend bool operator==(const ConnectionLimits&, const ConnectionLimits&) = default;
};

// Who may be connected to one server, and who is next. A connection that is kept between two looks
// is given back when somebody else waits for a place. Decides only: who carries it out calls next()
// after each change, until it says that there is nothing to do.
class ConnectionBudget {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Id = std::uint64_t;

  explicit ConnectionBudget(ConnectionLimits limits)
      : limits_(limits), tokens_(limits.per_second) {}
  void limit(ConnectionLimits limits) { limits_ = limits; }

  // Stands in line. What a person asks for stands before what a schedule asks for.
  void ask(Id who, bool for_a_person) { ask(std::vector<Id>{who}, for_a_person); }
  // All of them are let in together, or none yet: whoever had one place and waited for the next
  // would be in the way of others who do the same.
  void ask(std::vector<Id> together, bool for_a_person);
  // Who still stands in line does so for a person now.
  void hurry(Id who);
  // Gives up the place, or the wait for one.
  void leave(Id who);
  // The connection is kept without being used, and used again.
  void rest(Id who, Time now);
  void work(Id who);

  struct Step {
    std::vector<Id> let_in;          // have places from now on
    std::optional<Id> give_back;     // rests, and has to leave
    std::optional<Time> not_before;  // nobody can be let in until then
  };
  Step next(Time now);

  // Somebody waits, or there are more than there may be.
  bool crowded() const {
    return !persons_.empty() || !schedule_.empty() || places_.size() > limits_.per_server;
  }
  bool unused() const { return places_.empty() && persons_.empty() && schedule_.empty(); }

 private:
  std::optional<Id> longest_resting() const;
  void refill(Time now);

  ConnectionLimits limits_;
  double tokens_;
  std::optional<Time> refilled_at_;
  std::unordered_map<Id, std::optional<Time>> places_;  // since when it rests; empty while it works
  std::deque<std::vector<Id>> persons_;
  std::deque<std::vector<Id>> schedule_;
};

}  // namespace tidemark
