#pragma once

#include <list>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>

#include "core/catalog/catalog.h"
#include "core/ledger/observation.h"
#include "core/ledger/record.h"

namespace tidemark {

std::map<Key, const Migration*> by_key(const Catalog& catalog);

// The newest record of each key: the one that counts.
std::map<Key, const Record*> newest(std::span<const Record> records);

template <class T>
const T* find(const std::map<Key, const T*>& in, const Key& key) {
  const auto at = in.find(key);
  return at == in.end() ? nullptr : at->second;
}

// What their ledger says, looked up by key, with what it does not say because the files do: what
// lies below a mark or before a head, and squashed migrations. Points into the observation.
struct TheirSide {
  bool asked = false;  // there is an observation that may be believed
  std::map<Key, const Row*>
      rows;  // the newest row of each key; baselines are not migrations and not in here
  std::optional<Version> baseline;  // everything up to here counts as applied
  std::optional<Version> highest;   // the highest version applied

  // It names what the files do not know: what else is applied cannot be told.
  bool ahead_of_files = false;
  bool ends_only = false;                   // it says nothing of what has no file
  std::map<Key, std::string_view> not_due;  // why a file will not be run: replaced, skipped
  std::map<std::string, Version>
      oldest;              // of the files that are left, by group, where old ones are archived
  std::set<Key> replaced;  // by a file that is there
  std::map<Key, Key> hidden_by;  // the file that is run in the place of one that is replaced
  // Squashes with a row of their own, which their tool does not count: it goes by the rows of what
  // they replace, and these are not all there.
  std::set<Key> unproven;
  // Squashes that can never run, each with what stands in the way: a part of what they replace is
  // applied, and this is not and has no file.
  std::map<Key, Key> stuck;
  std::optional<Version> begins;  // the first file, applied, where old ones are squashed into it
  std::map<Key, Key> rechained;   // what their ledger calls a file that has another key since
  std::set<Key> first_changed;    // the first of them: it proves that something was changed
  std::set<Key> superseded;       // what has come back under another key
  std::list<Row> derived;         // rows that the files tell of, and those that they name otherwise

  const Row* applied(const Key& key) const;
  bool covers(const Version& version) const;  // by the baseline
  // Before the first file: there is neither file nor row of it when it went into that.
  bool squashed(const Version& version) const;
  // Applied, and no file is expected to be there any more.
  bool archived(const Row& row) const;
};

// `missed` are records that it had lost when it was last asked.
TheirSide their_side(const Catalog& catalog,
                     std::span<const Record> records,
                     const std::optional<Observation>& observation,
                     const std::set<Key>& missed = {});

// The newest record of each key that counts, by the keys that the files have now.
std::map<Key, const Record*> newest(std::span<const Record> records, const TheirSide& theirs);

// The evidence of a finding that `record` is missed from their ledger, which tells it from a later
// record of the same key.
std::map<std::string, std::string> evidence_of_vanished(const Record& record);

// What is recorded of a row: one without a token, as in a view, is told from others by its key.
const std::string& token_of(const Row& row);

// That of its file, if there is one: not every ledger knows how versions are ordered.
const Version& version_of(const Row& row, const Migration* file);

// What their own checksum says of a file. "KIND:…" is compared with those of its kind alone.
enum class ChecksumVerdict { none, matches, differs };
ChecksumVerdict verify(const Row& row, const Migration& file);

}  // namespace tidemark
