#pragma once

#include <span>

#include "adapters/store/change.h"
#include "adapters/store/database.h"

namespace tidemark {

// The audit log as rows: numbered without gaps from 1, each with the hash of the one before.

Result<AuditMark> read_audit_head(Database& database);

// The entry's hash as it is stored; nullopt when there is no such entry.
Result<std::optional<Digest>> read_audit_hash(Database& database, std::uint64_t seq);

// Within a transaction. `head` is the last entry that is known to be there.
Result<std::vector<AuditEntry>> append_audit(Database& database,
                                             const AuditMark& head,
                                             std::span<const AuditEvent> events);

Result<std::vector<AuditEntry>> list_audit(Database& database, const AuditFilter& filter);

// Reads every entry after `seq`, the newest last, and computes its hash anew. The entry `seq`
// itself is trusted.
Result<AuditCheck> check_audit(Database& database, std::uint64_t seq);

}  // namespace tidemark
