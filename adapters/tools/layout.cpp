#include "adapters/tools/layout.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <tuple>

#include "adapters/tools/file_name.h"
#include "adapters/tools/own.h"
#include "adapters/tools/shape.h"
#include "adapters/tools/unread_layout.h"

namespace tidemark {

namespace {

std::string names_of_tools() {
  std::string names;
  for (const auto* tool : all_tools()) {
    names += ", " + std::string(tool->name());
  }
  return names;
}

std::string counted(std::size_t files) {
  return std::to_string(files) + (files == 1 ? " file" : " files");
}

// SQL that no layout knows by its name is more likely a layout that we cannot read than nothing at
// all.
std::string nothing_found(const DirectoryView& directory) {
  if (const auto [tool, files] = name_unread_layout(directory); !tool.empty()) {
    return counted(files) + (files == 1 ? " looks" : " look") + " like " + std::string(tool) +
           "'s, which tidemark does not read yet: its migrations are not shown";
  }
  const auto paths = directory.paths;
  std::size_t sql = 0;
  for (const auto& path : paths) {
    sql += without_suffix(base_name(path), ".sql") && !never_a_migration(path) ? 1 : 0;
  }
  if (sql == 0) {
    return "";
  }
  std::string known;
  for (const auto* tool : all_tools()) {
    if (tool->layout_example().ends_with(".sql")) {
      known += (known.empty() ? "" : ", ") + std::string(tool->name()) + " (" +
               std::string(tool->layout_example()) + ")";
    }
  }
  return "none of " + counted(sql) + " ending in .sql is of a layout that tidemark knows: " + known;
}

struct Candidate {
  const Tool* tool = nullptr;
  LayoutEvidence evidence;
};

const Tool* find_candidate(std::span<const Candidate> candidates, std::string_view name) {
  const auto found = std::ranges::find(
      candidates, name, [](const Candidate& candidate) { return candidate.tool->name(); });
  return found == candidates.end() || found->tool->reads_any_layout() ? nullptr : found->tool;
}

// What a ledger says decides where files could be several tools', and where people number files by
// themselves, which many tools let them.
const Tool* by_ledger(std::string_view seen_tool,
                      std::span<const Candidate> candidates,
                      std::span<const Candidate> best) {
  const bool open = best.size() > 1 || best.front().tool == &own() ||
                    best.front().evidence.strength == LayoutEvidence::Strength::possible;
  return open ? find_candidate(candidates, seen_tool) : nullptr;
}

// People number files by themselves as many tools have them do. Where one that as much speaks for
// takes each of our own files for the same, they are its.
const Tool* before_own(const DirectoryView& directory, std::span<const Candidate> best) {
  const auto is_own = [](const Candidate& candidate) { return candidate.tool == &own(); };
  if (best.size() != 2 || std::ranges::none_of(best, is_own)) {
    return nullptr;
  }
  const auto* other = is_own(best.front()) ? best.back().tool : best.front().tool;
  const bool reads_all = std::ranges::all_of(directory.paths, [&](const std::string& path) {
    const auto ours = own().entries_by_name(path);
    const auto theirs = other->entries_by_name(path);
    return ours.empty() || (!theirs.empty() && theirs.front().role == ours.front().role);
  });
  return reads_all ? other : nullptr;
}

// Evenly spread over those that pass.
std::vector<std::string_view> sample(const DirectoryView& directory, const PathTest& passes) {
  constexpr std::size_t enough = 8;
  std::vector<std::string_view> passing;
  for (const auto& path : directory.paths) {
    if (passes(path)) {
      passing.push_back(path);
    }
  }
  if (passing.size() <= enough) {
    return passing;
  }
  std::vector<std::string_view> some;
  for (std::size_t i = 0; i < enough; ++i) {
    some.push_back(passing[i * (passing.size() - 1) / (enough - 1)]);
  }
  return some;
}

}  // namespace

LayoutChoice choose_layout(std::string_view setting,
                           const DirectoryView& directory,
                           std::string_view seen_tool) {
  LayoutChoice choice;
  std::vector<Candidate> candidates;
  std::vector<Candidate> readable;  // these, and what only a ledger would speak for
  for (const auto* tool : all_tools()) {
    const auto evidence = tool->layout_evidence(directory);
    if (evidence.files > 0) {
      readable.push_back({tool, evidence});
    }
    if (evidence.strength != LayoutEvidence::Strength::none && evidence.files > 0) {
      candidates.push_back({tool, evidence});
      choice.considered.push_back(std::string(tool->name()) + ": " + counted(evidence.files));
    }
  }
  if (setting != "auto") {
    choice.tool = find_tool(setting);
    if (choice.tool == nullptr) {
      choice.trouble = "repo.layout: '" + std::string(setting) +
                       "' is no layout that tidemark knows; it is one of auto" + names_of_tools();
    }
    return choice;
  }
  if (candidates.empty()) {
    choice.tool = find_candidate(readable, seen_tool);
    if (choice.tool == nullptr) {
      choice.tool = &own();
      choice.trouble = nothing_found(directory);
    }
    return choice;
  }
  const auto strength = [](const Candidate& candidate) { return candidate.evidence.strength; };
  const auto most = strength(std::ranges::max(candidates, {}, strength));
  std::vector<Candidate> best;
  std::ranges::copy_if(candidates, std::back_inserter(best), [&](const Candidate& candidate) {
    return strength(candidate) == most;
  });
  choice.tool = by_ledger(seen_tool, readable, best);
  if (choice.tool == nullptr) {
    choice.tool = best.size() == 1 ? best.front().tool : before_own(directory, best);
  }
  if (choice.tool == nullptr) {
    choice.trouble = "files of more than one layout lie here (" + join(choice.considered, ", ") +
                     "): say which one counts with repo.layout: NAME";
  }
  return choice;
}

LayoutEvidence evidence_by_name(const DirectoryView& directory, const PathTest& passes) {
  LayoutEvidence evidence;
  evidence.files = static_cast<std::size_t>(std::ranges::count_if(directory.paths, passes));
  if (evidence.files > 0) {
    evidence.strength = LayoutEvidence::Strength::named;
  }
  return evidence;
}

LayoutEvidence evidence_by_head(const DirectoryView& directory,
                                const PathTest& passes,
                                const HeadTest& begins) {
  return begins_so(directory, passes, begins) ? evidence_by_name(directory, passes)
                                              : LayoutEvidence{};
}

bool begins_so(const DirectoryView& directory, const PathTest& passes, const HeadTest& begins) {
  return std::ranges::any_of(sample(directory, passes), [&](std::string_view path) {
    return begins(directory.head(std::string(path)));
  });
}

bool has_line(std::string_view text, std::string_view mark) {
  while (!text.empty()) {
    const auto end = std::min(text.find_first_of("\r\n"), text.size());
    const auto line = text.substr(0, end);
    const auto first = line.find_first_not_of(" \t");
    if (first != std::string_view::npos && line.substr(first).starts_with(mark)) {
      return true;
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return false;
}

void sort_by_name(Catalog& catalog) {
  std::ranges::sort(catalog.migrations, [](const Migration& a, const Migration& b) {
    return std::tie(a.id, a.key) < std::tie(b.id, b.key);
  });
  const Version* highest = nullptr;
  for (const auto& migration : catalog.migrations) {
    if (migration.version.empty()) {
      continue;
    }
    if (highest != nullptr && migration.version < *highest) {
      catalog.rules.ordered = false;
    }
    highest = &migration.version;
  }
}

bool is_marked_sql(std::string_view head) {
  constexpr std::array<std::string_view, 11> marks{"-- migrate:",
                                                   "--migrate:",
                                                   "-- +goose",
                                                   "--+goose",
                                                   "-- +migrate",
                                                   "--liquibase formatted",
                                                   "-- liquibase formatted",
                                                   "---- create above / drop below ----",
                                                   "--! Previous:",
                                                   "-- Add migration script here",
                                                   "-- Add up migration script here"};
  return std::ranges::any_of(marks, [head](std::string_view mark) { return has_line(head, mark); });
}

}  // namespace tidemark
