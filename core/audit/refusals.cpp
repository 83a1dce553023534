#include "core/audit/refusals.h"

#include <chrono>

namespace tidemark {

namespace {

constexpr std::chrono::hours window{1};
constexpr std::size_t causes_max = 1000;

}  // namespace

AuditEvent Refusals::summary(const Counted& counted) {
  AuditEvent event = counted.last;
  event.details["count"] = std::to_string(counted.count);
  event.details["since"] = format_time(counted.first_at);
  return event;
}

std::vector<AuditEvent> Refusals::refused(const AuditEvent& refusal) {
  auto events = due(refusal.at);
  const Cause cause{refusal.actor, refusal.what, refusal.app, refusal.environment};
  const auto at = counted_.find(cause);
  if (at != counted_.end()) {
    at->second.last = refusal;
    ++at->second.count;
    return events;
  }
  if (counted_.size() >= causes_max) {  // somebody is making causes up: let the oldest go
    for (auto& event : all()) {
      events.push_back(std::move(event));
    }
  }
  counted_.emplace(cause, Counted{refusal, refusal.at, 0});
  events.push_back(refusal);
  return events;
}

std::vector<AuditEvent> Refusals::due(TimePoint now) {
  std::vector<AuditEvent> events;
  for (auto at = counted_.begin(); at != counted_.end();) {
    const auto age = now - at->second.first_at;
    if (age >= age.zero() && age < window) {  // or the clock was set back, and the hour may last
      ++at;
      continue;
    }
    if (at->second.count > 0) {
      events.push_back(summary(at->second));
    }
    at = counted_.erase(at);
  }
  return events;
}

std::vector<AuditEvent> Refusals::all() {
  std::vector<AuditEvent> events;
  for (const auto& [cause, counted] : counted_) {
    if (counted.count > 0) {
      events.push_back(summary(counted));
    }
  }
  counted_.clear();
  return events;
}

}  // namespace tidemark
