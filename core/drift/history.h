#pragma once

#include <map>
#include <optional>
#include <span>

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

// What their ledger says, looked up by key. Points into the observation.
struct TheirSide {
  bool asked = false;  // there is an observation that may be believed
  std::map<Key, const Row*>
      rows;  // the newest row of each key; baselines are not migrations and not in here
  std::optional<Version> baseline;  // everything up to here counts as applied
  std::optional<Version> highest;   // the highest version applied

  const Row* applied(const Key& key) const;
  bool covers(const Version& version) const;  // by the baseline
};

TheirSide their_side(const std::optional<Observation>& observation);

// What their own checksum says of a file.
enum class ChecksumVerdict { none, matches, differs };
ChecksumVerdict verify(const Row& row, const Migration& file);

}  // namespace tidemark
