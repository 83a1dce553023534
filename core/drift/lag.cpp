#include "core/drift/lag.h"

#include <algorithm>

namespace tidemark {

namespace {

bool same_content(const std::optional<Content>& a, const std::optional<Content>& b) {
  return a.has_value() == b.has_value() && (!a || a->raw == b->raw);
}

// When each key was first recorded as applied and, of a repeatable, with the content that it has
// now.
class FirstSeen {
 public:
  explicit FirstSeen(std::span<const Record> records) {
    for (const auto& record : records) {
      first_ = std::min(first_.value_or(record.recorded_at), record.recorded_at);
      if (!record.applied) {
        runs_.erase(record.key);
        continue;
      }
      auto& run = runs_.try_emplace(record.key, Run{&record, &record}).first->second;
      if (!same_content(run.content->content, record.content)) {
        run.content = &record;
      }
    }
  }

  // What no record names is below a baseline: known since the first contact.
  TimePoint of(const Line& line) const {
    const auto run = runs_.find(line.key);
    if (run == runs_.end()) {
      return first_.value_or(TimePoint{});
    }
    const bool repeats = line.kind == MigrationKind::repeatable;
    return (repeats ? run->second.content : run->second.applied)->recorded_at;
  }

 private:
  struct Run {
    const Record* applied;  // since when it has been applied without a break
    const Record* content;  // since when with this content
  };
  std::map<Key, Run> runs_;
  std::optional<TimePoint> first_;
};

}  // namespace

Settled settled(const Standing& standing, std::span<const Record> records) {
  const FirstSeen seen(records);
  Settled keys;
  for (const auto& line : standing.lines) {
    if (line.cell.state == CellState::applied) {
      keys.emplace(line.key, seen.of(line));
    }
  }
  return keys;
}

Settled settled_in_both(const Settled& a, const Settled& b) {
  Settled both;
  for (const auto& [key, since] : a) {
    if (const auto at = b.find(key); at != b.end()) {
      both.emplace(key, std::max(since, at->second));
    }
  }
  return both;
}

std::optional<Waiting> longest_waiting(const Standing& standing,
                                       const std::optional<Settled>& upstream) {
  std::optional<Waiting> longest;
  if (!upstream) {
    return longest;
  }
  for (const auto& line : standing.lines) {
    const auto at = upstream->find(line.key);
    if (line.cell.state != CellState::pending || at == upstream->end()) {
      continue;
    }
    if (!longest || at->second < longest->since) {
      longest = Waiting{line.id, at->second};
    }
  }
  return longest;
}

}  // namespace tidemark
