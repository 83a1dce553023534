#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "core/catalog/content.h"
#include "core/time.h"

namespace tidemark {

// One change of state, as it is written down before or together with the act. `what` is one of the
// names that interface.md lists for events, or the name of a command that was refused
// ("refused.mark").
struct AuditEvent {
  TimePoint at{};
  std::string actor;  // "ana (uid 1000)", "tidemark" for the daemon itself
  std::string what;
  std::string app;
  std::string environment;
  std::map<std::string, std::string> details;
  friend bool operator==(const AuditEvent&, const AuditEvent&) = default;
};

// The same in the log: numbered without gaps, each entry naming the hash of the one before.
struct AuditEntry {
  std::uint64_t seq = 0;
  AuditEvent event;
  Digest previous;
  Digest hash;
  friend bool operator==(const AuditEntry&, const AuditEntry&) = default;
};

// The hash of an entry covers everything but itself, each field with its length before it.
Digest chain_hash(std::uint64_t seq, const AuditEvent& event, const Digest& previous);

// The last entry that is known to have been written: kept beside the ledger.
struct AuditMark {
  std::uint64_t seq = 0;
  Digest hash;
  friend bool operator==(const AuditMark&, const AuditMark&) = default;
};

}  // namespace tidemark
