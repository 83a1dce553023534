#include "adapters/tools/layout.h"

#include <algorithm>

#include "adapters/tools/file_name.h"
#include "adapters/tools/own.h"
#include "adapters/tools/shape.h"

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
std::string nothing_found(std::span<const std::string> paths) {
  std::size_t sql = 0;
  for (const auto& path : paths) {
    sql += without_suffix(base_name(path), ".sql") && !never_a_migration(path) ? 1 : 0;
  }
  if (sql == 0) {
    return "";
  }
  std::string known;
  for (const auto* tool : all_tools()) {
    known += (known.empty() ? "" : ", ") + std::string(tool->name()) + " (" +
             std::string(tool->layout_example()) + ")";
  }
  return "none of " + counted(sql) +
         " ending in .sql is named as a layout that tidemark knows: " + known;
}

}  // namespace

LayoutChoice choose_layout(std::string_view setting, std::span<const std::string> paths) {
  LayoutChoice choice;
  std::vector<const Tool*> candidates;
  for (const auto* tool : all_tools()) {
    if (const auto files = tool->layout_evidence(paths); files > 0) {
      candidates.push_back(tool);
      choice.considered.push_back(std::string(tool->name()) + ": " + counted(files));
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
  if (candidates.size() > 1) {
    choice.trouble = "files of more than one layout lie here (" + join(choice.considered, ", ") +
                     "): say which one counts with repo.layout: NAME";
    return choice;
  }
  choice.tool = candidates.empty() ? &own() : candidates.front();
  if (candidates.empty()) {
    choice.trouble = nothing_found(paths);
  }
  return choice;
}

}  // namespace tidemark
