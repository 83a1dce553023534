#include "core/watch/connection_budget.h"

#include <algorithm>

namespace tidemark {

namespace {

using Line = std::deque<std::vector<ConnectionBudget::Id>>;

void leave_line(Line& line, ConnectionBudget::Id who) {
  for (auto& group : line) {
    std::erase(group, who);
  }
  std::erase_if(line, [](const auto& group) { return group.empty(); });
}

}  // namespace

void ConnectionBudget::ask(std::vector<Id> together, bool for_a_person) {
  (for_a_person ? persons_ : schedule_).push_back(std::move(together));
}

void ConnectionBudget::hurry(Id who) {
  const auto group = std::ranges::find_if(
      schedule_, [&](const auto& each) { return std::ranges::find(each, who) != each.end(); });
  if (group != schedule_.end()) {
    persons_.push_back(std::move(*group));
    schedule_.erase(group);
  }
}

void ConnectionBudget::leave(Id who) {
  places_.erase(who);
  leave_line(persons_, who);
  leave_line(schedule_, who);
}

void ConnectionBudget::rest(Id who, Time now) {
  if (const auto at = places_.find(who); at != places_.end()) {
    at->second = now;
  }
}

void ConnectionBudget::work(Id who) {
  if (const auto at = places_.find(who); at != places_.end()) {
    at->second.reset();
  }
}

ConnectionBudget::Step ConnectionBudget::next(Time now) {
  Step step;
  if (places_.size() > limits_.per_server) {  // the limit was lowered
    step.give_back = longest_resting();
    return step;
  }
  auto& line = persons_.empty() ? schedule_ : persons_;
  if (line.empty()) {
    return step;
  }
  const auto count = line.front().size();
  if (places_.size() + count > limits_.per_server) {
    step.give_back = longest_resting();
    return step;
  }
  refill(now);
  if (tokens_ < 1) {
    const std::chrono::duration<double> pause((1 - tokens_) / limits_.per_second);
    step.not_before = now + std::chrono::ceil<std::chrono::milliseconds>(pause);
    return step;
  }
  tokens_ -= static_cast<double>(count);  // below 0: the next one waits for longer
  step.let_in = std::move(line.front());
  line.pop_front();
  for (const auto who : step.let_in) {
    places_.emplace(who, std::nullopt);
  }
  return step;
}

// As many as fit into a second may come at once, after a pause.
void ConnectionBudget::refill(Time now) {
  const std::chrono::duration<double> passed = now - refilled_at_.value_or(now);
  const double most = limits_.per_second;
  tokens_ = std::min(most, tokens_ + passed.count() * most);
  refilled_at_ = now;
}

std::optional<ConnectionBudget::Id> ConnectionBudget::longest_resting() const {
  const auto rank = [](const auto& place) { return place.second.value_or(Time::max()); };
  const auto at = std::ranges::min_element(places_, {}, rank);
  if (at == places_.end() || !at->second) {
    return std::nullopt;
  }
  return at->first;
}

}  // namespace tidemark
