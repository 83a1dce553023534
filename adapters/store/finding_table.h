#pragma once

#include "adapters/store/change.h"
#include "adapters/store/database.h"

namespace tidemark {

// Findings with their lives. At most one open finding has one environment, kind and subject; an
// index sees to it.

// Gives it an id. conflict: there is one like it already.
Result<StoredFinding> open_finding(Database& database,
                                   std::int64_t environment,
                                   const Finding& finding,
                                   TimePoint now);

// New evidence; ends an acknowledgement. conflict: it is not open in that environment.
Result<StoredFinding> update_finding(Database& database,
                                     std::int64_t environment,
                                     const StoredFinding& finding);

Result<StoredFinding> resolve_finding(Database& database,
                                      std::int64_t environment,
                                      const StoredFinding& finding,
                                      TimePoint now);

// nullopt takes it back.
Result<void> set_acknowledgement(Database& database,
                                 const std::string& id,
                                 const std::optional<Acknowledgement>& acknowledgement);

Result<std::vector<StoredFinding>> read_open_findings(Database& database, std::int64_t environment);

Result<std::vector<ListedFinding>> list_findings(Database& database, const FindingFilter& filter);

Result<std::optional<ListedFinding>> find_finding(Database& database, const std::string& id);

Result<std::int64_t> delete_findings_resolved_before(Database& database, TimePoint time);

}  // namespace tidemark
