#include "core/drift/history.h"

#include <algorithm>

namespace tidemark {

std::map<Key, const Migration*> by_key(const Catalog& catalog) {
  std::map<Key, const Migration*> files;
  for (const auto& migration : catalog.migrations) {
    files.emplace(migration.key, &migration);
  }
  return files;
}

std::map<Key, const Record*> newest(std::span<const Record> records) {
  std::map<Key, const Record*> last;
  for (const auto& record : records) {
    last[record.key] = &record;
  }
  return last;
}

const Row* TheirSide::applied(const Key& key) const {
  const auto at = rows.find(key);
  return at != rows.end() && at->second->state == Row::State::applied ? at->second : nullptr;
}

bool TheirSide::covers(const Version& version) const {
  return baseline && !version.empty() && version <= *baseline;
}

TheirSide their_side(const std::optional<Observation>& observation) {
  TheirSide theirs;
  if (!observation || observation->ledger == Observation::Ledger::unreadable) {
    return theirs;
  }
  theirs.asked = true;
  const auto raise = [](std::optional<Version>& to, const Version& version) {
    if (!to || *to < version) {
      to = version;
    }
  };
  for (const auto& row : observation->rows) {
    const bool applied = row.state == Row::State::applied;
    if (row.state == Row::State::baseline || (applied && row.kind == MigrationKind::baseline)) {
      raise(theirs.baseline, row.version);
    }
    if (row.state == Row::State::baseline) {
      continue;
    }
    if (applied && !row.version.empty()) {
      raise(theirs.highest, row.version);
    }
    theirs.rows[row.key] = &row;
  }
  return theirs;
}

ChecksumVerdict verify(const Row& row, const Migration& file) {
  if (!row.checksum) {
    return ChecksumVerdict::none;
  }
  const auto& accepted = file.checksums.accepted;
  if (std::ranges::find(accepted, *row.checksum) != accepted.end()) {
    return ChecksumVerdict::matches;
  }
  return file.checksums.complete ? ChecksumVerdict::differs : ChecksumVerdict::none;
}

}  // namespace tidemark
