#pragma once

#include <algorithm>
#include <array>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/catalog/migration.h"
#include "core/drift/finding.h"
#include "core/environment/environment.h"
#include "core/ledger/record.h"
#include "core/result.h"

namespace tidemark {

enum class CellState { applied, pending, not_due, drifted, applying, failed, unknown };

inline constexpr std::array all_cell_states{CellState::applied,
                                            CellState::pending,
                                            CellState::not_due,
                                            CellState::drifted,
                                            CellState::applying,
                                            CellState::failed,
                                            CellState::unknown};

enum class ContentVerdict {
  verified,
  differs,
  unverifiable,  // nothing to compare with: never shown as drift, and never as verified
};

std::string_view to_string(CellState state);
std::string_view to_string(ContentVerdict verdict);

// What is true of one migration in one environment.
struct Cell {
  CellState state = CellState::unknown;
  std::optional<TimePoint> at;
  std::string by;
  std::optional<How> how;
  std::optional<Evidence> evidence;
  std::optional<ContentVerdict> content;
  std::optional<Digest> sha256;  // of the content that was applied
  std::string reason;  // of not_due and unknown: below_baseline, skipped, archived, standby, …; of
                       // pending: out_of_order, conditional
  std::string note;  // line_endings, renamed, no_op
  // Of failed: it was applied, and a rollback has done some of its statements and not all.
  bool half_rolled_back = false;
  friend bool operator==(const Cell&, const Cell&) = default;
};

// Whether an apply runs it.
inline bool waits_to_be_applied(const Cell& cell) {
  return cell.state == CellState::pending ||
         (cell.state == CellState::failed && !cell.half_rolled_back);
}

// A migration as one environment knows it; without a file when it is known only from a ledger.
struct Line {
  Key key;
  MigrationId id;
  MigrationKind kind = MigrationKind::versioned;
  Version version;
  std::string version_text;
  std::string description;
  Cell cell;
  friend bool operator==(const Line&, const Line&) = default;
};

// By version; what has none comes last.
bool by_version(const Line& a, const Line& b);

// `others` sorted in by version between `lines`, which keep their order. `line_of` gives an
// element's Line.
template <class Element, class LineOf>
std::vector<Element> sorted_in(std::vector<Element> lines,
                               std::vector<Element> others,
                               LineOf line_of) {
  if (others.empty()) {
    return lines;
  }
  const auto before = [](const Line& a, const Line& b) {
    return by_version(a, b) || (!by_version(b, a) && a.key < b.key);
  };
  std::ranges::sort(others, before, line_of);
  std::vector<Element> all;
  all.reserve(lines.size() + others.size());
  auto other = others.begin();
  for (auto& line : lines) {
    for (; other != others.end() && by_version(line_of(*other), line_of(line)); ++other) {
      all.push_back(std::move(*other));
    }
    all.push_back(std::move(line));
  }
  std::move(other, others.end(), std::back_inserter(all));
  return all;
}

// What comparing catalog, records and observation says of an environment. Lines are in the
// catalog's order, those without a file sorted in by version.
struct Standing {
  std::vector<Line> lines;
  std::vector<Finding> findings;
  bool blind = false;      // its ledger has to be read, and never was: nothing is known of it
  bool looked_at = false;  // what does not stand in its ledger is known all the same

  const Line* find(const Key& key) const;
  std::size_t count(CellState state) const;
  friend bool operator==(const Standing&, const Standing&) = default;
};

// A line by what a person typed: its id, else its version or key, else an unambiguous prefix of an
// id. not_found, or invalid when several are meant.
Result<const Line*> find_line(const Standing& standing,
                              const std::string& typed,
                              const EnvironmentRef& where);

}  // namespace tidemark
