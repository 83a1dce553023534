#include "core/audit/event.h"

namespace tidemark {

namespace {

void field(std::string& bytes, std::string_view value) {
  bytes += std::to_string(value.size());
  bytes += ':';
  bytes += value;
}

}  // namespace

Digest chain_hash(std::uint64_t seq, const AuditEvent& event, const Digest& previous) {
  std::string bytes;
  field(bytes, "tidemark-audit-1");
  field(bytes, std::to_string(seq));
  field(bytes, format_time(event.at));
  field(bytes, event.actor);
  field(bytes, event.what);
  field(bytes, event.app);
  field(bytes, event.environment);
  field(bytes, std::to_string(event.details.size()));
  for (const auto& [name, value] : event.details) {
    field(bytes, name);
    field(bytes, value);
  }
  field(bytes, previous.hex());
  return sha256(bytes);
}

}  // namespace tidemark
