#include "core/watch/connection_budget.h"

#include <algorithm>

namespace tidemark {

void ConnectionBudget::ask(Id who, bool for_a_person) {
  (for_a_person ? persons_ : schedule_).push_back(who);
}

void ConnectionBudget::hurry(Id who) {
  if (std::erase(schedule_, who) > 0) {
    persons_.push_back(who);
  }
}

void ConnectionBudget::leave(Id who) {
  places_.erase(who);
  std::erase(persons_, who);
  std::erase(schedule_, who);
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
  if (places_.size() == limits_.per_server) {
    step.give_back = longest_resting();
    return step;
  }
  refill(now);
  if (tokens_ < 1) {
    const std::chrono::duration<double> pause((1 - tokens_) / limits_.per_second);
    step.not_before = now + std::chrono::ceil<std::chrono::milliseconds>(pause);
    return step;
  }
  tokens_ -= 1;
  step.let_in = line.front();
  line.pop_front();
  places_.emplace(*step.let_in, std::nullopt);
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
