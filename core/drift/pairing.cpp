#include "core/drift/pairing.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "core/drift/history.h"

namespace tidemark {

namespace {

std::string_view path_in(const Key& key, std::size_t size) {
  return std::string_view(key.value).substr(0, size);
}
std::string_view rest_of(const Key& key, std::size_t size) {
  return std::string_view(key.value).substr(std::min(size, key.value.size()));
}

// The path's last name, and what follows the path.
std::string_view end_of(const Key& key, std::size_t size) {
  const auto slash = path_in(key, size).rfind('/');
  return std::string_view(key.value).substr(slash == std::string_view::npos ? 0 : slash + 1);
}

struct Likeness {
  std::size_t names = 0;  // that both end in
  bool whole = false;     // one of the two is the end of the other
};

std::string_view take_last(std::string_view& path) {
  const auto slash = path.rfind('/');
  const auto name = slash == std::string_view::npos ? path : path.substr(slash + 1);
  path = slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
  return name;
}

Likeness likeness(std::string_view a, std::string_view b) {
  Likeness like;
  while (!a.empty() && !b.empty()) {
    if (take_last(a) != take_last(b)) {
      return like;
    }
    ++like.names;
  }
  like.whole = true;
  return like;
}

struct Candidate {
  const Row* row = nullptr;
  const Migration* migration = nullptr;
  std::size_t names = 0;
};

class Pairing {
 public:
  Pairing(const Catalog& catalog, std::span<const Record> records, std::span<const Row> rows)
      : records_(records), rows_(rows) {
    for (const auto& row : rows) {
      if (row.path_in_key > 0) {
        keys_of_rows_.insert(row.key.value);
      }
    }
    for (const auto& migration : catalog.migrations) {
      if (migration.path_in_key == 0) {
        continue;
      }
      files_.insert(migration.key.value);
      if (keys_of_rows_.contains(migration.key.value)) {
        alike_ = true;
      } else {
        by_end_.emplace(end_of(migration.key, migration.path_in_key), &migration);
      }
    }
  }

  std::map<const Row*, Named> run() {
    std::vector<const Row*> rows;
    std::vector<Candidate> candidates;
    for (const auto& row : rows_) {
      if (row.path_in_key > 0 && !files_.contains(row.key.value)) {
        rows.push_back(&row);
        add_candidates(row, candidates);
      }
    }
    std::ranges::sort(candidates, std::ranges::greater{}, &Candidate::names);
    for (std::span<const Candidate> rest = candidates; !rest.empty();) {
      const auto end =
          std::ranges::find_if(rest, [names = rest.front().names](const Candidate& candidate) {
            return candidate.names != names;
          });
      const auto alike = static_cast<std::size_t>(end - rest.begin());
      take(rest.first(alike));
      rest = rest.subspan(alike);
    }
    std::erase_if(rows, [&](const Row* row) { return named_.contains(row); });
    if (!rows.empty()) {
      name_as_recorded(rows);
    }
    return std::move(named_);
  }

 private:
  void add_candidates(const Row& row, std::vector<Candidate>& candidates) const {
    const auto [first, last] = by_end_.equal_range(end_of(row.key, row.path_in_key));
    for (auto at = first; at != last; ++at) {
      const auto& migration = *at->second;
      const auto like = likeness(path_in(row.key, row.path_in_key),
                                 path_in(migration.key, migration.path_in_key));
      if (like.whole || !alike_) {
        candidates.push_back({&row, &migration, like.names});
      }
    }
  }

  // Those that have equally much in common; whoever had more is settled. Several files for a row,
  // or several rows for a file, are a guess that nobody takes: less in common is no better one.
  void take(std::span<const Candidate> candidates) {
    std::map<const Row*, std::vector<const Migration*>> choices;
    std::map<const Migration*, std::vector<const Row*>> takers;
    for (const auto& candidate : candidates) {
      if (!settled_.contains(candidate.row) && !taken_.contains(candidate.migration)) {
        choices[candidate.row].push_back(candidate.migration);
        takers[candidate.migration].push_back(candidate.row);
      }
    }
    for (const auto& [migration, rows] : takers) {
      const auto only = one_of(rows, *migration);
      for (const Row* row : rows) {
        if (only == row->key && choices[row].size() == 1) {
          named_[row] = {migration->key, migration->id};
        }
        settled_.insert(row);
      }
      taken_.insert(migration);
    }
  }

  // The key of the rows that may take it: theirs if it is one, else that of the row that it was
  // recorded by.
  std::optional<Key> one_of(const std::vector<const Row*>& rows, const Migration& migration) {
    std::set<Key> keys;
    for (const Row* row : rows) {
      keys.insert(row->key);
    }
    if (keys.size() > 1) {
      const Record* record = find(known(), migration.key);
      keys.clear();
      for (const Row* row : rows) {
        if (record != nullptr && record->applied && record->their_row == token_of(*row)) {
          keys.insert(row->key);
        }
      }
    }
    return keys.size() == 1 ? std::optional(*keys.begin()) : std::nullopt;
  }

  // Only asked for where names leave a doubt.
  const std::map<Key, const Record*>& known() {
    if (!known_) {
      known_ = newest(records_);
    }
    return *known_;
  }

  void name_as_recorded(std::span<const Row* const> rows) {
    std::multimap<std::string_view, const Record*> by_token;
    for (const auto& [key, record] : known()) {
      const bool settled = keys_of_rows_.contains(key.value) || files_.contains(key.value);
      if (record->applied && !record->their_row.empty() && !settled) {
        by_token.emplace(record->their_row, record);
      }
    }
    for (const Row* row : rows) {
      const auto [first, last] = by_token.equal_range(row->token);
      const auto rest = rest_of(row->key, row->path_in_key);
      for (auto at = first; at != last && !known().contains(row->key); ++at) {
        if (at->second->key.value.ends_with(rest)) {
          named_[row] = {at->second->key, at->second->id};
        }
      }
    }
  }

  std::span<const Record> records_;
  std::span<const Row> rows_;
  std::set<std::string_view> keys_of_rows_;
  std::set<std::string_view> files_;
  std::multimap<std::string_view, const Migration*> by_end_;  // those that no row names
  bool alike_ = false;                                        // some row names a file as it is
  std::set<const Migration*> taken_;
  std::set<const Row*> settled_;  // named, or told that nobody can tell
  std::map<const Row*, Named> named_;
  std::optional<std::map<Key, const Record*>> known_;
};

}  // namespace

std::map<const Row*, Named> pair_by_path(const Catalog& catalog,
                                         std::span<const Record> records,
                                         std::span<const Row> rows) {
  const bool any = std::ranges::any_of(rows, [](const Row& row) { return row.path_in_key > 0; });
  return any ? Pairing(catalog, records, rows).run() : std::map<const Row*, Named>{};
}

}  // namespace tidemark
