#include "core/drift/standing.h"

#include <algorithm>

namespace tidemark {

std::string_view to_string(CellState state) {
  switch (state) {
    case CellState::applied:
      return "applied";
    case CellState::pending:
      return "pending";
    case CellState::not_due:
      return "not_due";
    case CellState::drifted:
      return "drifted";
    case CellState::applying:
      return "applying";
    case CellState::failed:
      return "failed";
    case CellState::unknown:
      return "unknown";
  }
  return "";
}

std::string_view to_string(ContentVerdict verdict) {
  switch (verdict) {
    case ContentVerdict::verified:
      return "verified";
    case ContentVerdict::differs:
      return "differs";
    case ContentVerdict::unverifiable:
      return "unverifiable";
  }
  return "";
}

bool by_version(const Line& a, const Line& b) {
  return a.version.empty() != b.version.empty() ? b.version.empty() : a.version < b.version;
}

const Line* Standing::find(const Key& key) const {
  const auto at = std::ranges::find(lines, key, &Line::key);
  return at == lines.end() ? nullptr : &*at;
}

std::size_t Standing::count(CellState state) const {
  return static_cast<std::size_t>(
      std::ranges::count_if(lines, [&](const Line& line) { return line.cell.state == state; }));
}

Result<const Line*> find_line(const Standing& standing,
                              const std::string& typed,
                              const EnvironmentRef& where) {
  std::vector<const Line*> found;
  const auto all = [&](auto matches) {
    for (const auto& line : standing.lines) {
      if (matches(line)) {
        found.push_back(&line);
      }
    }
    return !found.empty();
  };
  all([&](const Line& line) { return line.id.value == typed; }) || all([&](const Line& line) {
    return line.key.value == typed || line.version_text == typed;
  }) ||
      (!typed.empty() && all([&](const Line& line) { return line.id.value.starts_with(typed); }));
  if (found.empty()) {
    return fail(Errc::not_found, "there is no migration '" + typed + "' in " + where.text());
  }
  if (found.size() > 1) {
    std::string list;
    for (const auto* line : found) {
      list += (list.empty() ? "" : ", ") + line->id.value;
    }
    return fail(Errc::invalid, "'" + typed + "' is ambiguous: " + list);
  }
  return found.front();
}

}  // namespace tidemark
