// Which migrations a plan is of.

#include <algorithm>
#include <set>

#include "core/apply/plan.h"
#include "core/drift/history.h"

namespace tidemark {

namespace {

std::unexpected<Error> cannot_apply(const Line& line, const EnvironmentRef& where) {
  const auto state = std::string(to_string(line.cell.state));
  const auto reason = line.cell.reason.empty() ? "" : " (" + line.cell.reason + ")";
  if (line.cell.half_rolled_back) {
    return fail(Errc::conflict,
                line.id.value + " is half rolled back in " + where.text() + " (" +
                    line.cell.reason + "): roll it back to its end with `tidemark rollback " +
                    where.text() + " --only " + line.id.value + "`, and apply it then");
  }
  if (line.cell.state == CellState::applied) {
    return fail(Errc::conflict, line.id.value + " is applied in " + where.text() + " already");
  }
  if (line.cell.state == CellState::not_due && line.cell.reason.empty()) {
    return fail(Errc::conflict,
                line.id.value + " is not due in " + where.text() +
                    ": it is not applied, without drift, in all that this one comes after");
  }
  return fail(Errc::conflict,
              line.id.value + " is " + state + reason + " in " + where.text() +
                  ": only what is pending can be applied");
}

// Each line that is named, in the order of the catalog.
Result<std::set<Key>> named(const Standing& standing,
                            const EnvironmentRef& where,
                            const std::vector<std::string>& names) {
  std::set<Key> keys;
  for (const auto& typed : names) {
    const auto line = find_line(standing, typed, where);
    if (!line) {
      return std::unexpected(line.error());
    }
    keys.insert((*line)->key);
  }
  return keys;
}

Result<void> check_dependencies(const Catalog& catalog,
                                const Standing& standing,
                                const std::vector<const Migration*>& selected) {
  std::set<Key> there;
  for (const auto* migration : selected) {
    for (const auto& key : migration->after) {
      const auto* line = standing.find(key);
      const bool pending = line != nullptr && waits_to_be_applied(line->cell);
      if (pending && !there.contains(key) && catalog.find(key) != nullptr) {
        return fail(Errc::conflict,
                    migration->id.value + " comes after " + line->id.value +
                        ", which is not applied: apply that too");
      }
    }
    there.insert(migration->key);
  }
  return {};
}

Result<void> can_roll_back(const Migration& migration,
                           const Line& line,
                           const EnvironmentRef& where) {
  const bool applied = line.cell.state == CellState::applied ||
                       line.cell.state == CellState::drifted || line.cell.half_rolled_back;
  if (!applied || !line.cell.how) {
    return fail(
        Errc::conflict,
        line.id.value + " is not applied in " + where.text() + ": there is nothing to roll back");
  }
  if (line.cell.content == ContentVerdict::differs) {
    return fail(Errc::conflict,
                line.id.value + " was edited after it was applied in " + where.text() +
                    ": its rollback may not undo what ran there");
  }
  if (!migration.rollback) {
    return fail(Errc::conflict, line.id.value + " has no rollback file: nothing was run");
  }
  return {};
}

}  // namespace

Result<std::vector<const Migration*>> select_to_apply(const Catalog& catalog,
                                                      const Standing& standing,
                                                      const EnvironmentRef& where,
                                                      const Selection& selection) {
  const auto only = named(standing, where, selection.only);
  if (!only) {
    return std::unexpected(only.error());
  }
  for (const auto& key : *only) {
    const Line& line = *standing.find(key);
    if (!waits_to_be_applied(line.cell)) {
      return cannot_apply(line, where);
    }
  }
  const Line* last = nullptr;
  if (selection.to) {
    const auto line = find_line(standing, *selection.to, where);
    if (!line) {
      return std::unexpected(line.error());
    }
    last = *line;
    if (!waits_to_be_applied(last->cell) && last->cell.state != CellState::applied) {
      return cannot_apply(*last, where);
    }
  }
  std::vector<const Migration*> selected;
  for (const auto& migration : catalog.migrations) {
    const Line* line = standing.find(migration.key);
    const bool wanted = only->empty() || only->contains(migration.key);
    if (line != nullptr && waits_to_be_applied(line->cell) && wanted) {
      selected.push_back(&migration);
    }
    if (last != nullptr && migration.key == last->key) {
      break;
    }
  }
  if (auto good = check_dependencies(catalog, standing, selected); !good) {
    return std::unexpected(good.error());
  }
  return selected;
}

Result<std::vector<const Migration*>> select_to_roll_back(const Catalog& catalog,
                                                          const Standing& standing,
                                                          const EnvironmentRef& where,
                                                          const Selection& selection) {
  if (selection.only.empty() == !selection.to) {
    return fail(Errc::invalid, "say either which migrations, or back to which one");
  }
  const auto only = named(standing, where, selection.only);
  if (!only) {
    return std::unexpected(only.error());
  }
  Key last;
  if (selection.to) {
    const auto line = find_line(standing, *selection.to, where);
    if (!line) {
      return std::unexpected(line.error());
    }
    last = (*line)->key;
    if (catalog.find(last) == nullptr) {
      return fail(Errc::conflict,
                  (*line)->id.value +
                      " has no file in the directory: nobody can say what came "
                      "after it");
    }
  }
  std::vector<const Migration*> selected;
  bool behind = !selection.to;
  for (const auto& migration : catalog.migrations) {
    const Line* line = standing.find(migration.key);
    const bool is_applied = line != nullptr && line->cell.how.has_value();
    const bool wanted = selection.to
                            ? behind && is_applied && migration.kind == MigrationKind::versioned
                            : only->contains(migration.key);
    if (wanted) {
      if (auto can = can_roll_back(migration, *line, where); !can) {
        return std::unexpected(can.error());
      }
      selected.push_back(&migration);
    }
    behind = behind || migration.key == last;
  }
  if (selected.size() < only->size()) {
    return fail(Errc::conflict,
                "what has no file in the directory cannot be rolled back: there is no rollback");
  }
  std::ranges::reverse(selected);
  return selected;
}

}  // namespace tidemark
