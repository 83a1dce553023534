#include <algorithm>
#include <set>

#include "core/drift/compare.h"
#include "core/drift/history.h"

namespace tidemark {

namespace {

// Why a row is worth a record of its own, given the newest one of its key; empty: it says nothing
// new.
enum class News { none, first_seen, applied_again, copied, repaired, file_appeared };

News news(const Row& row, const Record* known, const Migration* file, bool missed, bool copied) {
  if (known == nullptr || !known->applied) {
    return News::first_seen;
  }
  if (known->their_row.empty()) {
    // Ours already: what we ran ourselves needs no witness, what a person only said gets one.
    return known->evidence == Evidence::attested ? News::first_seen : News::none;
  }
  const auto checksum = row.checksum.value_or("");
  // The ledger was gone for a while, and is back with what it had.
  const bool same_run = row.at && *row.at == known->at && checksum == known->their_checksum;
  if (known->their_row != token_of(row)) {
    return same_run || (copied && !missed) ? News::copied : News::applied_again;
  }
  if (missed && !same_run) {
    return News::applied_again;
  }
  const bool believable = file != nullptr && verify(row, *file) != ChecksumVerdict::differs;
  if (known->their_checksum != checksum) {
    return News::repaired;
  }
  return !known->content && believable ? News::file_appeared : News::none;
}

// Whether a file is what a row says was applied. Its own checksum has to agree, but for one that
// chains and was written by the first of several attempts: the file was mended since, and what ran
// is what is there.
bool is_what_ran(const Row& row, const Migration& file, bool failed_before) {
  return verify(row, file) != ChecksumVerdict::differs ||
         (failed_before && !file.checksums.rests_on.empty());
}

Record record_of(const Row& row,
                 const Record* known,
                 const Migration* file,
                 News what,
                 bool failed_before,
                 TimePoint now) {
  Record record{.key = row.key,
                .id = file != nullptr ? file->id : row.id,
                .version_text = row.version_text,
                .applied = true,
                .how = How::reconciled,
                .evidence = Evidence::observed,
                .at = row.at.value_or(now),
                .recorded_at = now,
                .by = row.by,
                .reason = "",
                .content = std::nullopt,
                .their_row = token_of(row),
                .their_checksum = row.checksum.value_or("")};
  // A file that their own checksum disowns is not what was applied.
  if (file != nullptr && is_what_ran(row, *file, failed_before)) {
    record.content = file->content;
  }
  if (what == News::first_seen && known != nullptr && known->applied && known->content) {
    record.content = known->content;  // what a person attested is older than our first look
  }
  // Unless their tool itself has come to say of the file that it is what ran.
  const bool checksum_is_new = known != nullptr && record.their_checksum != known->their_checksum;
  const bool vouched_for =
      file != nullptr && checksum_is_new && verify(row, *file) == ChecksumVerdict::matches;
  if (what == News::copied && !vouched_for) {
    record.content = known->content;
  }
  // Nothing was applied: on whose word it is stays as it was.
  if (what == News::copied || what == News::repaired || what == News::file_appeared) {
    record.how = known->how;
    record.evidence = known->evidence;
  }
  if (what == News::repaired) {
    record.reason = "their ledger's checksum was rewritten: " + known->their_checksum + " became " +
                    record.their_checksum;
    // Rewritten to what the file is: their tool's word that this content counts. Otherwise only the
    // checksum is new.
    if (file == nullptr || verify(row, *file) != ChecksumVerdict::matches) {
      record.content = known->content;
    }
  }
  // Of a checksum that chains, content that was only carried over is not what this row speaks of.
  const bool disowned = file != nullptr && !file->checksums.rests_on.empty() &&
                        !is_what_ran(row, *file, failed_before);
  if (disowned && what != News::copied && record.content &&
      record.content->normalised == file->content.normalised) {
    record.content.reset();
  }
  return record;
}

// Every row that we know is another one than it was, of the same time: the ledger is a copy of the
// one that we knew, put there by a restore. Nobody applied all of it again. Where a ledger keeps no
// times, one transaction put all rows there: migrations have one each. In a new database that may
// as well be a load of the schema, which runs no migration.
bool is_copy(const TheirSide& theirs, const std::map<Key, const Record*>& known) {
  std::size_t others = 0;
  const std::string* transaction = nullptr;
  for (const auto& [key, row] : theirs.rows) {
    const Record* record = find(known, key);
    if (row->state != Row::State::applied || record == nullptr || !record->applied ||
        record->their_row.empty()) {
      continue;
    }
    if (record->their_row == token_of(*row) || (row->at && *row->at != record->at)) {
      return false;
    }
    if (!row->at && transaction != nullptr && *transaction != token_of(*row)) {
      return false;
    }
    transaction = row->at ? transaction : &token_of(*row);
    ++others;
  }
  return others > 1;
}

// What vanished and was not learnt again since: a finding may outlast that, while its file cannot
// be read. It names the record that is missed; which of two is later the clock cannot be asked.
std::set<Key> missed_before(std::span<const StoredFinding> open,
                            const std::map<Key, const Record*>& known) {
  std::set<Key> missed;
  for (const auto& stored : open) {
    const auto& finding = stored.finding;
    const Record* record = find(known, finding.key);
    if (finding.kind == FindingKind::vanished && record != nullptr &&
        finding.details == evidence_of_vanished(*record)) {
      missed.insert(finding.key);
    }
  }
  return missed;
}

std::set<Key> dirty_before(std::span<const StoredFinding> open) {
  std::set<Key> dirty;
  for (const auto& stored : open) {
    if (stored.finding.kind == FindingKind::dirty) {
      dirty.insert(stored.finding.key);
    }
  }
  return dirty;
}

// What came back under another key is over under the one that it had.
void end_superseded(const TheirSide& theirs,
                    const std::map<Key, const Record*>& known,
                    TimePoint now,
                    std::vector<Record>& learnt) {
  for (const auto& key : theirs.superseded) {
    const Record* record = find(known, key);
    if (record != nullptr && record->applied) {
      learnt.push_back(*record);
      learnt.back().applied = false;
      learnt.back().how = How::reconciled;
      learnt.back().evidence = Evidence::observed;
      learnt.back().recorded_at = now;
      learnt.back().reason.clear();
    }
  }
}

}  // namespace

std::vector<Record> learn(const Catalog& catalog,
                          std::span<const Record> records,
                          const std::optional<Observation>& observation,
                          std::span<const StoredFinding> open,
                          TimePoint now,
                          bool database_is_new) {
  std::vector<Record> learnt;
  const bool any_vanished = std::ranges::any_of(open, [](const StoredFinding& stored) {
    return stored.finding.kind == FindingKind::vanished;
  });
  // By the keys that were recorded: what the files call them now only their side tells.
  const auto lost = any_vanished ? missed_before(open, newest(records)) : std::set<Key>{};
  const auto theirs = their_side(catalog, records, observation, lost);
  const auto known = newest(records, theirs);
  const auto files = by_key(catalog);
  const auto missed = missed_before(open, known);  // by the keys that files have now
  const auto dirty = dirty_before(open);
  const bool copied = !database_is_new && is_copy(theirs, known);
  for (const auto& [key, row] : theirs.rows) {
    if (row->state != Row::State::applied) {
      continue;
    }
    const Record* record = find(known, key);
    const Migration* file = find(files, key);
    const auto what = news(*row, record, file, missed.contains(key), copied);
    if (what != News::none) {
      learnt.push_back(record_of(*row, record, file, what, dirty.contains(key), now));
      if (const auto at = theirs.rechained.find(key); at != theirs.rechained.end()) {
        learnt.back().key = at->second;  // the file may be called so again
      }
    }
  }
  end_superseded(theirs, known, now, learnt);
  return learnt;
}

std::vector<Record> adoption(std::span<const Record> records,
                             const std::string& reason,
                             TimePoint now) {
  std::vector<Record> adopted;
  for (const auto& [key, record] : newest(records)) {
    if (record->applied && record->how == How::reconciled) {
      adopted.push_back(*record);
      adopted.back().how = How::adopted;
      adopted.back().reason = reason;
      adopted.back().recorded_at = now;
    }
  }
  return adopted;
}

}  // namespace tidemark
