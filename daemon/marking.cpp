#include "daemon/marking.h"

#include <algorithm>

#include "core/drift/history.h"

namespace tidemark {

namespace {

// Every line that the request names, once, in the order of the catalog.
Result<std::vector<const Line*>> named(const WatchedEnvironment& environment,
                                       const std::vector<std::string>& migrations) {
  std::vector<const Line*> lines;
  for (const auto& typed : migrations) {
    const auto line = find_line(environment.standing, typed, environment.ref);
    if (!line) {
      return std::unexpected(line.error());
    }
    if (std::ranges::find(lines, *line) == lines.end()) {
      lines.push_back(*line);
    }
  }
  std::ranges::sort(lines);  // they point into one vector
  return lines;
}

Result<std::vector<const Line*>> up_to(const WatchedApp& app,
                                       const WatchedEnvironment& environment,
                                       const std::string& baseline) {
  const auto last = find_line(environment.standing, baseline, environment.ref);
  if (!last) {
    return std::unexpected(last.error());
  }
  if ((*last)->version.empty()) {
    return fail(
        Errc::invalid,
        "'" + (*last)->id.value + "' has no version: a baseline is everything up to a version");
  }
  std::vector<const Line*> lines;
  const auto files = by_key(app.catalog);
  for (const auto& line : environment.standing.lines) {
    const bool versioned = line.kind == MigrationKind::versioned && !line.version.empty();
    if (versioned && line.version <= (*last)->version && files.contains(line.key)) {
      lines.push_back(&line);
    }
  }
  return lines;
}

Record attested(const Line& line,
                const MarkRequest& request,
                const std::string& by,
                TimePoint now) {
  Record record;
  record.key = line.key;
  record.id = line.id;
  record.version_text = line.version_text;
  record.how = How::marked;
  record.evidence = Evidence::attested;
  record.at = request.at.value_or(now);
  record.recorded_at = now;
  record.by = request.applied_by.empty() ? by : request.applied_by;
  record.reason = request.reason;
  return record;
}

}  // namespace

Result<Marked> records_to_mark(const WatchedApp& app,
                               const WatchedEnvironment& environment,
                               const MarkRequest& request,
                               const std::string& by,
                               TimePoint now) {
  if (request.at && *request.at > now + std::chrono::minutes{5}) {
    return fail(Errc::invalid, "at: " + format_time(*request.at) + " has not come yet");
  }
  const auto lines = request.baseline ? up_to(app, environment, *request.baseline)
                                      : named(environment, request.migrations);
  if (!lines) {
    return std::unexpected(lines.error());
  }
  const auto files = by_key(app.catalog);
  const auto theirs = their_side(app.catalog, environment.records, environment.observation);
  const auto records = newest(environment.records, theirs);
  Marked marked;
  for (const Line* line : *lines) {
    const Migration* file = find(files, line->key);
    const Record* known = find(records, line->key);
    if ((known != nullptr && known->applied) || theirs.applied(line->key) != nullptr) {
      marked.already.push_back(line->id);
      continue;
    }
    if (file == nullptr) {
      return fail(
          Errc::invalid,
          "'" + line->id.value + "' has no file in the directory: there is no content to attest");
    }
    Record record = attested(*line, request, by, now);
    record.content = file->content;
    marked.recorded.push_back(std::move(record));
  }
  return marked;
}

Record taken_back(Record record, const std::string& reason, const std::string& by, TimePoint now) {
  record.applied = false;
  record.how = How::marked;
  record.evidence = Evidence::attested;
  record.at = now;
  record.recorded_at = now;
  record.by = by;
  record.reason = reason;
  record.their_row.clear();
  record.their_checksum.clear();
  return record;
}

Result<Marked> records_to_unmark(const WatchedApp& app,
                                 const WatchedEnvironment& environment,
                                 const std::vector<std::string>& migrations,
                                 const std::string& reason,
                                 const std::string& by,
                                 TimePoint now) {
  const auto lines = named(environment, migrations);
  if (!lines) {
    return std::unexpected(lines.error());
  }
  const auto theirs = their_side(app.catalog, environment.records, environment.observation);
  const auto records = newest(environment.records, theirs);
  Marked marked;
  for (const Line* line : *lines) {
    if (may_connect(environment.mode) && theirs.applied(line->key) != nullptr) {
      return fail(Errc::conflict,
                  "their ledger says that '" + line->id.value +
                      "' is applied, and that counts: what " + environment.observation->table +
                      " says cannot be unmarked");
    }
    const Record* known = find(records, line->key);
    if (known == nullptr || !known->applied) {
      marked.already.push_back(line->id);
      continue;
    }
    marked.recorded.push_back(taken_back(*known, reason, by, now));
  }
  return marked;
}

}  // namespace tidemark
