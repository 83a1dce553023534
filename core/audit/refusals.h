#pragma once

#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "core/audit/event.h"

namespace tidemark {

// Refused commands are audited, and repeated ones are counted instead of repeated: the first is an
// event at once, those like it within the hour become one event with a count when the hour is over.
class Refusals {
 public:
  // The events to write now.
  std::vector<AuditEvent> refused(const AuditEvent& refusal);
  // What has been counted up to `now` and whose hour is over; all of it at the end.
  std::vector<AuditEvent> due(TimePoint now);
  std::vector<AuditEvent> all();

 private:
  using Cause = std::tuple<std::string, std::string, std::string, std::string>;
  struct Counted {
    AuditEvent last;
    TimePoint first_at{};
    std::uint64_t count = 0;  // since the one that was written
  };
  static AuditEvent summary(const Counted& counted);

  std::map<Cause, Counted> counted_;
};

}  // namespace tidemark
