#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/result.h"
#include "daemon/state.h"

namespace tidemark {

// What a person says was applied, or is not: from words to records, without writing anything.

struct MarkRequest {
  std::vector<std::string> migrations;  // as typed
  std::optional<std::string> baseline;  // or everything up to here
  std::optional<TimePoint> at;          // when it was applied; else now
  std::string applied_by;               // who applied it; else who marks it
  std::string reason;
};

struct Marked {
  std::vector<Record> recorded;
  std::vector<MigrationId> already;  // needed no record
};

Result<Marked> records_to_mark(const WatchedApp& app,
                               const WatchedEnvironment& environment,
                               const MarkRequest& request,
                               const std::string& by,
                               TimePoint now);

// The record that says that another one counts no longer: history is not rewritten.
Record taken_back(Record record, const std::string& reason, const std::string& by, TimePoint now);

Result<Marked> records_to_unmark(const WatchedApp& app,
                                 const WatchedEnvironment& environment,
                                 const std::vector<std::string>& migrations,
                                 const std::string& reason,
                                 const std::string& by,
                                 TimePoint now);

}  // namespace tidemark
