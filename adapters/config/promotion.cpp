#include "adapters/config/promotion.h"

#include <algorithm>
#include <map>
#include <string>

#include "core/environment/promotion.h"

namespace tidemark {

namespace {

using Drafts = std::vector<EnvironmentDraft>;

std::string in_line(const Position& where) {
  return "in line " + std::to_string(where.line);
}

const EnvironmentDraft* find(const Drafts& environments, const std::string& name) {
  const auto found = std::ranges::find_if(
      environments, [&](const EnvironmentDraft& draft) { return draft.settings.name == name; });
  return found == environments.end() ? nullptr : &*found;
}

void check_names(const Drafts& environments, Problems& problems) {
  std::map<std::string, Position> first;
  for (const auto& [settings, node, after, renamed_from] : environments) {
    if (settings.name.empty()) {
      continue;
    }
    const auto [known, inserted] = first.emplace(settings.name, settings.where);
    if (!inserted) {
      problems.add(settings.where.line,
                   settings.where.column,
                   "name: this app already has an environment '" + settings.name + "', " +
                       in_line(known->second));
    }
  }
}

void check_renames(const Drafts& environments, Problems& problems) {
  std::map<std::string, const EnvironmentDraft*> taken;
  for (const auto& draft : environments) {
    if (draft.renamed_from == nullptr) {
      continue;
    }
    const auto& from = draft.settings.renamed_from;
    const auto [other, inserted] = taken.emplace(from, &draft);
    if (find(environments, from) != nullptr) {
      problems.add(*draft.renamed_from,
                   "renamed_from: this app still has an environment '" + from + "'");
    } else if (!inserted) {
      problems.add(*draft.renamed_from,
                   "renamed_from: '" + other->second->settings.name +
                       "' already takes over the history of '" + from + "', " +
                       in_line(other->second->settings.where));
    }
  }
}

// Refuses wrong names and gives back what remains, for the search of cycles.
Stage checked_stage(const EnvironmentDraft& draft, const Drafts& environments, Problems& problems) {
  Stage stage{draft.settings.name, draft.settings.after};
  if (draft.after == nullptr || !stage.after) {
    return stage;
  }
  for (const auto& item : draft.after->items) {
    if (item.text == draft.settings.name) {
      problems.add(item, "after: an environment cannot come after itself");
      std::erase(*stage.after, item.text);
    } else if (std::ranges::find(*stage.after, item.text) != stage.after->end() &&
               find(environments, item.text) == nullptr) {
      problems.add(item, "after: this app has no environment" + shown(item.text));
    }
  }
  return stage;
}

// From `start` upstream, always to an environment that is not placed, until one comes a second
// time.
std::vector<std::size_t> walk_to_cycle(std::size_t start,
                                       const std::vector<std::vector<std::size_t>>& upstream,
                                       const std::vector<bool>& placed) {
  std::vector<std::size_t> path{start};
  while (true) {
    const auto next =
        *std::ranges::find_if(upstream[path.back()], [&](std::size_t u) { return !placed[u]; });
    const auto seen = std::ranges::find(path, next);
    if (seen != path.end()) {
      return {seen, path.end()};
    }
    path.push_back(next);
  }
}

void report_cycle(const std::vector<std::size_t>& cycle,
                  const Drafts& environments,
                  Problems& problems) {
  std::string text;
  const EnvironmentDraft* told_at = nullptr;
  for (const auto index : cycle) {
    const auto& draft = environments[index];
    text += draft.settings.name + " after ";
    if (draft.after != nullptr &&
        (told_at == nullptr || draft.after->line < told_at->after->line)) {
      told_at = &draft;  // a cycle needs an `after:`, because without one they follow the list
    }
  }
  problems.add(*told_at->after,
               "after: a circle: " + text + environments[cycle.front()].settings.name);
}

void check_cycles(const std::vector<Stage>& stages,
                  const Drafts& environments,
                  Problems& problems) {
  const auto upstream = upstream_of(stages);
  std::vector<bool> placed(stages.size(), false);
  const auto ready = [&](std::size_t i) {
    return !placed[i] && std::ranges::all_of(upstream[i], [&](std::size_t u) { return placed[u]; });
  };
  const auto place_what_is_ready = [&] {
    for (bool moved = true; moved;) {
      moved = false;
      for (std::size_t i = 0; i < stages.size(); ++i) {
        if (ready(i)) {
          placed[i] = true;
          moved = true;
        }
      }
    }
  };
  for (place_what_is_ready(); std::ranges::find(placed, false) != placed.end();
       place_what_is_ready()) {
    const auto start = static_cast<std::size_t>(std::ranges::find(placed, false) - placed.begin());
    const auto cycle = walk_to_cycle(start, upstream, placed);
    report_cycle(cycle, environments, problems);
    for (const auto index : cycle) {
      placed[index] = true;
    }
  }
}

}  // namespace

void check_promotion(const Drafts& environments, Problems& problems) {
  check_names(environments, problems);
  check_renames(environments, problems);
  const bool all_named = std::ranges::none_of(
      environments, [](const EnvironmentDraft& draft) { return draft.settings.name.empty(); });
  if (!all_named) {
    return;
  }
  std::vector<Stage> stages;
  for (const auto& draft : environments) {
    stages.push_back(checked_stage(draft, environments, problems));
  }
  check_cycles(stages, environments, problems);
}

}  // namespace tidemark
