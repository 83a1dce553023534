#include "core/drift/history.h"

#include <algorithm>
#include <string_view>

#include "core/drift/chaining.h"
#include "core/drift/naming.h"
#include "core/drift/pairing.h"

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

bool TheirSide::squashed(const Version& version) const {
  return begins && !version.empty() && version < *begins;
}

bool TheirSide::archived(const Row& row) const {
  const auto first = oldest.find(row.group);
  return replaced.contains(row.key) ||
         (first != oldest.end() && !row.version.empty() && row.version < first->second);
}

namespace {

void raise(std::optional<Version>& to, const Version& version) {
  if (!version.empty() && (!to || *to < version)) {
    to = version;
  }
}

// Makes rows of what the files tell about the rows that are there.
class Deriving {
 public:
  Deriving(const Catalog& catalog,
           const std::map<Key, const Migration*>& files,
           std::span<const Record> records,
           const std::set<Key>& missed,
           TheirSide& theirs)
      : catalog_(catalog), files_(files), records_(records), missed_(missed), theirs_(theirs) {}

  // `reaching` are the rows that say of more than their own migration that it is applied.
  void run(std::span<const Row* const> reaching) {
    for (const Row* row : reaching) {
      if (row->reach == Row::Reach::up_to) {
        up_to(*row);
      } else if (row->reach == Row::Reach::ancestors) {
        ancestors(*row);
      }
    }
    for (const auto& migration : catalog_.migrations) {
      theirs_.replaced.insert(migration.replaces.begin(), migration.replaces.end());
    }
    for (const auto& migration : catalog_.migrations) {
      if (!migration.replaces.empty()) {
        squashed(migration);
      }
    }
    if (catalog_.rules.archives_old) {
      find_oldest();
    }
    if (catalog_.rules.squashes) {
      find_beginning();
    }
  }

 private:
  void derive(const Migration& migration, const Row& from) {
    const auto [at, added] = theirs_.rows.try_emplace(migration.key, nullptr);
    if (!added) {
      return;
    }
    Row row;
    row.key = migration.key;
    row.id = migration.id;
    row.kind = migration.kind;
    row.version = migration.version;
    row.version_text = migration.version_text;
    row.description = migration.description;
    row.group = migration.group;
    // Of the row that it rests on: when the mark moves on, nothing new is said of what is below.
    row.token = from.token;
    theirs_.derived.push_back(std::move(row));
    at->second = &theirs_.derived.back();
  }

  // What lies below the mark and has lost its file is applied all the same.
  void derive(const Record& record, const Row& from) {
    const auto [at, added] = theirs_.rows.try_emplace(record.key, nullptr);
    if (!added) {
      return;
    }
    Row row;
    row.key = record.key;
    row.id = record.id;
    row.version = Version::parse(record.version_text);
    row.version_text = record.version_text;
    row.token = from.token;
    theirs_.derived.push_back(std::move(row));
    at->second = &theirs_.derived.back();
  }

  // What came late, below a mark that we had seen before, was not run by it. Where the mark had
  // gone back, it was.
  void up_to(const Row& mark) {
    if (mark.any_name && mark.version.empty()) {
      theirs_.ahead_of_files = true;  // neither a number nor a file: it says nothing of the others
      return;
    }
    const auto known = newest(records_);
    std::optional<Version> seen;  // with its file: before that, the files were behind the mark
    for (const auto& [key, record] : known) {
      if (!record->applied || record->their_row.empty()) {
        continue;
      }
      const auto version = Version::parse(record->version_text);
      if (record->content && !missed_.contains(key)) {
        raise(seen, version);
      }
      if (version < mark.version && !files_.contains(key)) {
        derive(*record, mark);
      }
    }
    for (const auto& migration : catalog_.migrations) {
      if (!(migration.version < mark.version)) {
        continue;
      }
      const Record* record = find(known, migration.key);
      const bool late =
          (record == nullptr || !record->applied) && seen && migration.version < *seen;
      if (late) {
        theirs_.not_due[migration.key] = "skipped";
      } else {
        derive(migration, mark);
      }
    }
  }

  void ancestors(const Row& head) {
    theirs_.ends_only = true;
    std::vector<const Migration*> reached;
    if (const Migration* file = find(files_, head.key)) {
      reached.push_back(file);
    } else {
      theirs_.ahead_of_files = true;
    }
    std::set<Key> visited{head.key};
    while (!reached.empty()) {
      const Migration* migration = reached.back();
      reached.pop_back();
      for (const auto& key : migration->after) {
        const Migration* before = find(files_, key);
        if (before == nullptr) {
          theirs_.ahead_of_files = true;  // what comes before the gap cannot be told
        } else if (visited.insert(key).second) {
          derive(*before, head);
          reached.push_back(before);
        }
      }
    }
  }

  // It counts as applied once all that it replaces is, and is of no use while only some of that is.
  // To a tool that looks for gaps its own row says no more than those, unless a later squash
  // replaces it in turn.
  void squashed(const Migration& squash) {
    const bool by_parts = catalog_.rules.refuses_gaps;
    const bool has_row = theirs_.applied(squash.key) != nullptr;
    if (has_row && (!by_parts || theirs_.replaced.contains(squash.key))) {
      hide(squash);
      return;
    }
    const auto stood_for = stood_for_by(squash);
    const Row* applied = nullptr;
    const Key* without = nullptr;
    std::size_t count = 0;
    for (const auto& key : stood_for) {
      if (const Row* row = theirs_.applied(key)) {
        applied = row;
        ++count;
      } else if (!files_.contains(key) && !catalog_.unread.may_hold(key)) {
        without = &key;
      }
    }
    if (has_row && count != stood_for.size()) {
      theirs_.rows.erase(squash.key);
      theirs_.unproven.insert(squash.key);
    }
    if (applied == nullptr) {
      hide(squash);
    } else if (count == stood_for.size()) {
      derive(squash, *applied);
      hide(squash);
    } else if (by_parts && without != nullptr) {
      theirs_.stuck.emplace(squash.key, *without);
    } else {
      theirs_.not_due[squash.key] = "skipped";
    }
  }

  // What it replaces, and instead of a squash among that, while that is not applied itself, what
  // that one replaces.
  std::vector<Key> stood_for_by(const Migration& squash) const {
    std::vector<Key> keys;
    std::vector<const Migration*> squashes{&squash};
    std::set<Key> visited{squash.key};
    while (!squashes.empty()) {
      const Migration* each = squashes.back();
      squashes.pop_back();
      for (const auto& key : each->replaces) {
        if (!visited.insert(key).second) {
          continue;
        }
        const Migration* file = find(files_, key);
        if (file != nullptr && !file->replaces.empty() && theirs_.applied(key) == nullptr) {
          squashes.push_back(file);
        } else {
          keys.push_back(key);
        }
      }
    }
    return keys;
  }

  void hide(const Migration& squash) {
    for (const auto& key : squash.replaces) {
      theirs_.not_due[key] = "replaced";
      theirs_.hidden_by.emplace(key, squash.key);
    }
  }

  void find_oldest() {
    for (const auto& migration : catalog_.migrations) {
      if (migration.version.empty()) {
        continue;
      }
      const auto [at, first] = theirs_.oldest.try_emplace(migration.group, migration.version);
      if (!first && migration.version < at->second) {
        at->second = migration.version;
      }
    }
  }

  void find_beginning() {
    const auto first = std::ranges::find_if(catalog_.migrations,
                                            [](const Migration& m) { return !m.version.empty(); });
    if (first != catalog_.migrations.end() && theirs_.applied(first->key) != nullptr) {
      theirs_.begins = first->version;
    }
  }

  const Catalog& catalog_;
  const std::map<Key, const Migration*>& files_;
  std::span<const Record> records_;
  const std::set<Key>& missed_;
  TheirSide& theirs_;
};

}  // namespace

TheirSide their_side(const Catalog& catalog,
                     std::span<const Record> records,
                     const std::optional<Observation>& observation,
                     const std::set<Key>& missed) {
  TheirSide theirs;
  if (!observation || observation->ledger == Observation::Ledger::unreadable) {
    return theirs;
  }
  theirs.asked = true;
  std::set<std::string> groups;  // parts of the directory that have files
  for (const auto& migration : catalog.migrations) {
    groups.insert(migration.group);
  }
  auto named = pair_by_path(catalog, records, observation->rows);
  named.merge(find_by_any_name(catalog, observation->rows));
  auto rechained = rechain(catalog, observation->rows);
  for (const auto& [row, name] : rechained.named) {
    theirs.rechained.emplace(name.key, row->key);
  }
  named.merge(rechained.named);
  theirs.first_changed = std::move(rechained.first_changed);
  theirs.superseded = std::move(rechained.superseded);
  const auto files = by_key(catalog);
  std::set<Key> ours;  // that were here once, or are replaced by what is
  std::vector<const Row*> reaching;
  for (const auto& row : observation->rows) {
    const bool applied = row.state == Row::State::applied;
    const auto other_name = named.find(&row);
    const Migration* file =
        find(files, other_name == named.end() ? row.key : other_name->second.key);
    const auto& version = version_of(row, file);
    // Some ledgers do not say of a row that its file is a baseline.
    const bool baseline = row.kind == MigrationKind::baseline ||
                          (file != nullptr && file->kind == MigrationKind::baseline);
    if (row.state == Row::State::baseline || (applied && baseline)) {
      raise(theirs.baseline, version);
    }
    if (row.state == Row::State::baseline) {
      continue;
    }
    // Of an app whose files are elsewhere, and never were here.
    if (!row.group.empty() && !groups.contains(row.group) && file == nullptr) {
      if (ours.empty()) {
        for (const auto& record : records) {
          ours.insert(record.key);
        }
        for (const auto& migration : catalog.migrations) {
          ours.insert(migration.replaces.begin(), migration.replaces.end());
        }
      }
      if (!ours.contains(row.key)) {
        if (applied && catalog.rules.ordered) {
          raise(theirs.highest, version);  // in one order with ours all the same
        }
        continue;
      }
    }
    // A mark at 0 is that of a database to which nothing was applied yet.
    if (applied && row.reach == Row::Reach::up_to && file == nullptr &&
        row.version == Version::parse("0")) {
      continue;
    }
    const Row* counts = &row;
    if (other_name != named.end()) {
      Row& as_the_files_say = theirs.derived.emplace_back(row);
      as_the_files_say.key = other_name->second.key;
      as_the_files_say.id = other_name->second.id;
      as_the_files_say.version = version;
      counts = &as_the_files_say;
    }
    if (applied) {
      raise(theirs.highest, version);
    }
    theirs.rows[counts->key] = counts;
    if (counts->reach != Row::Reach::itself) {
      reaching.push_back(counts);
    }
  }
  Deriving(catalog, files, records, missed, theirs).run(reaching);
  return theirs;
}

std::map<Key, const Record*> newest(std::span<const Record> records, const TheirSide& theirs) {
  auto last = newest(records);
  for (const auto& [now, before] : theirs.rechained) {
    if (const auto at = last.find(before); at != last.end()) {
      const Record* record = at->second;
      last.erase(at);
      last.insert_or_assign(now, record);  // what their ledger says is newer than what it said once
    }
  }
  return last;
}

std::map<std::string, std::string> evidence_of_vanished(const Record& record) {
  return {{"applied_at", format_time(record.at)},
          {"recorded_at", format_time(record.recorded_at)},
          {"their_row", record.their_row}};
}

const std::string& token_of(const Row& row) {
  return row.token.empty() ? row.key.value : row.token;
}

const Version& version_of(const Row& row, const Migration* file) {
  return file != nullptr ? file->version : row.version;
}

namespace {

// "9" of "9:d41d8c…": of another kind says nothing. Empty where there is but one kind.
std::string_view kind_of(std::string_view checksum) {
  const auto colon = checksum.find(':');
  return colon == std::string_view::npos ? std::string_view() : checksum.substr(0, colon);
}

}  // namespace

ChecksumVerdict verify(const Row& row, const Migration& file) {
  if (!row.checksum || (row.checksum_of_name && row.id != file.id)) {
    return ChecksumVerdict::none;
  }
  // Of the bytes as they are, or without what an editor or a checkout does to them.
  if (row.checksum_of_bytes &&
      (*row.checksum == file.content.raw.hex() || *row.checksum == file.content.normalised.hex())) {
    return ChecksumVerdict::matches;
  }
  const auto& [accepted, complete, rests_on, any_of] = file.checksums;
  const bool any = std::ranges::find(any_of, kind_of(*row.checksum)) != any_of.end();
  const bool known =
      complete && !any &&
      (rests_on.empty() || std::ranges::find(rests_on, row.rests_on) != rests_on.end());
  bool of_its_kind = false;
  for (const auto& checksum : accepted) {
    if (checksum == *row.checksum) {
      return ChecksumVerdict::matches;
    }
    of_its_kind = of_its_kind || kind_of(checksum) == kind_of(*row.checksum);
  }
  if (row.checksum_of_bytes) {
    return ChecksumVerdict::differs;
  }
  return known && of_its_kind ? ChecksumVerdict::differs : ChecksumVerdict::none;
}

}  // namespace tidemark
