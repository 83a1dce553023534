#include "adapters/tools/choice.h"

#include <algorithm>
#include <iterator>

#include "adapters/tools/shape.h"
#include "core/sql/name.h"

namespace tidemark {

namespace {

using Candidates = std::vector<const RecognisedLedger*>;

std::string setting_for(const RecognisedLedger& ledger) {
  return "their_ledger: {tool: " + std::string(ledger.tool->name()) +
         ", table: " + ledger.relation.name.text() + "}";
}

// Position of its name among the tool's default names; as many as there are when it has another
// one.
std::size_t default_rank(const RecognisedLedger& ledger) {
  const auto names = ledger.tool->default_tables();
  return static_cast<std::size_t>(std::ranges::find(names, ledger.relation.name.name) -
                                  names.begin());
}

Candidates of_default_name(const Candidates& candidates) {
  std::size_t best = SIZE_MAX;
  Candidates chosen;
  for (const auto* candidate : candidates) {
    const auto rank = default_rank(*candidate);
    if (rank == candidate->tool->default_tables().size() || rank > best) {
      continue;
    }
    if (rank < best) {
      chosen.clear();
    }
    best = rank;
    chosen.push_back(candidate);
  }
  return chosen;
}

Candidates without_copies(const Candidates& candidates) {
  Candidates originals;
  std::ranges::copy_if(candidates, std::back_inserter(originals), [](const auto* candidate) {
    return !candidate->relation.primary_key.empty();
  });
  return originals;
}

bool one_tool(const Candidates& candidates) {
  return std::ranges::all_of(candidates, [&](const auto* candidate) {
    return candidate->tool == candidates.front()->tool;
  });
}

LedgerChoice chosen(const RecognisedLedger& ledger, const std::string& why) {
  LedgerChoice choice{ledger, false, ""};
  if (!why.empty()) {
    choice.ledger->evidence += "; " + why;
  }
  return choice;
}

LedgerChoice ambiguous(const Candidates& candidates) {
  std::vector<std::string> tables;
  for (const auto* candidate : candidates) {
    tables.push_back(candidate->relation.name.text() + " (" + std::string(candidate->tool->name()) +
                     ")");
  }
  return {std::nullopt,
          true,
          "ambiguous: " + join(tables, ", ") +
              " all look like this environment's ledger; say which with " +
              setting_for(*candidates.front())};
}

bool one_relation(const Candidates& candidates) {
  return std::ranges::all_of(candidates, [&](const auto* candidate) {
    return candidate->relation.oid == candidates.front()->relation.oid;
  });
}

// One table, and its columns are those of several tools.
LedgerChoice look_alikes(const Candidates& candidates) {
  std::vector<std::string> tools;
  std::vector<std::string> settings;
  for (const auto* candidate : candidates) {
    tools.emplace_back(candidate->tool->name());
    settings.push_back(setting_for(*candidate));
  }
  return {std::nullopt,
          true,
          "ambiguous: " + candidates.front()->relation.name.text() + " could be a ledger of " +
              join(tools, " or ") + "; say which with " + join(settings, " or ")};
}

LedgerChoice among(const Candidates& candidates) {
  if (candidates.size() == 1) {
    return chosen(*candidates.front(), "");
  }
  if (!one_tool(candidates)) {
    return one_relation(candidates) ? look_alikes(candidates) : ambiguous(candidates);
  }
  const auto others = std::to_string(candidates.size() - 1) + " more like it";
  if (const auto usual = of_default_name(candidates); usual.size() == 1) {
    return chosen(*usual.front(), "chosen for its default name among " + others);
  }
  if (const auto originals = without_copies(candidates); originals.size() == 1) {
    return chosen(*originals.front(), "the only one with a primary key among " + others);
  }
  return ambiguous(candidates);
}

// Its rows and the app's files are named in different ways: compared, all would be drift.
LedgerChoice not_of_these_files(LedgerChoice choice, std::string_view layout) {
  const auto& ledger = *choice.ledger;
  const std::string tool(ledger.tool->name());
  return {choice.ledger,
          true,
          ledger.relation.name.text() + " is a ledger of " + tool + ", and the directory has the " +
              "files of " + std::string(layout) + ": say what belongs together with repo.layout: " +
              tool + ", or with " + "their_ledger: none if this ledger is not the app's"};
}

// A ledger that is there and not read must not pass for none.
void tell_unread(const Discovered& discovered, std::string_view schema, LedgerChoice& choice) {
  for (const auto& unread : discovered.unread) {
    if (!schema.empty() && unread.table.schema != schema) {
      continue;
    }
    choice.trouble += (choice.trouble.empty() ? "" : "; ") + unread.table.text() +
                      " is a ledger of " + unread.tool + ": not read yet";
    choice.uncertain = true;
  }
}

// A damaged ledger must not pass for none: that would make everything pending. Views and foreign
// tables show a ledger that is elsewhere, and what a platform keeps for itself says nothing of the
// app.
LedgerChoice none_among(const Discovered& discovered,
                        std::span<const Relation> relations,
                        const LedgerSetting& setting,
                        std::string_view schema) {
  LedgerChoice choice;
  for (const auto& rejected : discovered.rejected) {
    if (rejected.tool == nullptr || (setting.tool != nullptr && rejected.tool != setting.tool) ||
        (!schema.empty() && rejected.table.schema != schema)) {
      continue;
    }
    const auto relation = std::ranges::find(relations, rejected.table, &Relation::name);
    const bool table = relation != relations.end() && not_a_table(*relation).empty();
    const auto words = rejected.table.text() + " " + rejected.why;
    choice.trouble += (choice.trouble.empty() ? "" : "; ") + words;
    choice.uncertain = choice.uncertain || table;
  }
  return choice;
}

// "history" alone where neither the table nor the environment has a schema.
std::string named(const TableName& table) {
  return "their_ledger names " + (table.schema.empty() ? table.name : table.text());
}

LedgerChoice not_here(const Discovered& discovered, const LedgerSetting& setting) {
  LedgerChoice choice{std::nullopt, false, named(*setting.table) + ", which is not here"};
  for (const auto& ledger : discovered.ledgers) {
    if (setting.tool == nullptr || ledger.tool == setting.tool) {
      choice.uncertain = true;
      choice.trouble += "; " + ledger.relation.name.text() + " is: " + setting_for(ledger);
      break;
    }
  }
  return choice;
}

// The tools that it is a ledger of; of those that only could be, none beside one that is sure.
std::vector<RecognisedLedger> recognised(const Relation& relation,
                                         std::span<const Relation> relations,
                                         const Tool* only,
                                         std::string& in_the_way) {
  using Verdict = Recognition::Verdict;
  Relation as_table = relation;
  as_table.kind = 'r';
  as_table.partition = false;
  std::vector<const Tool*> tools(all_tools().begin(), all_tools().end());
  if (only != nullptr) {
    tools = {only};
  }
  std::vector<RecognisedLedger> found;
  for (const auto* tool : tools) {
    auto [verdict, words] = tool->recognise(as_table, relations);
    if (verdict == Verdict::near_miss) {
      in_the_way = std::move(words);
    } else if (verdict == Verdict::ledger) {
      return {{tool, relation, std::move(words)}};
    } else if (verdict != Verdict::no) {
      found.push_back({tool, relation, std::move(words)});
    }
  }
  return found;
}

// What the config names is believed to be meant, even a view.
LedgerChoice configured(const Discovered& discovered,
                        std::span<const Relation> relations,
                        const LedgerSetting& setting) {
  const auto& table = *setting.table;
  std::vector<const Relation*> of_that_name;
  for (const auto& relation : relations) {
    if (relation.name.name == table.name &&
        (table.schema.empty() || relation.name.schema == table.schema)) {
      of_that_name.push_back(&relation);
    }
  }
  if (of_that_name.empty()) {
    return not_here(discovered, setting);
  }
  if (of_that_name.size() > 1) {
    return {std::nullopt,
            true,
            named(table) + ", which is in several schemas: write " +
                of_that_name.front()->name.text() + " or " + of_that_name.back()->name.text()};
  }
  const Relation& relation = *of_that_name.front();
  std::string in_the_way;
  auto found = recognised(relation, relations, setting.tool, in_the_way);
  if (found.empty()) {
    const auto no_ledger = setting.tool == nullptr
                               ? "is no ledger of a tool that tidemark reads"
                               : "is no ledger of " + std::string(setting.tool->name());
    return {std::nullopt,
            true,
            named(table) + ", which " + (in_the_way.empty() ? no_ledger : in_the_way)};
  }
  if (found.size() > 1) {
    Candidates candidates;
    for (const auto& ledger : found) {
      candidates.push_back(&ledger);
    }
    return look_alikes(candidates);
  }
  auto& ledger = found.front();
  if (const auto what = not_a_table(relation); !what.empty()) {
    ledger.evidence += "; " + what;
  }
  ledger.evidence += "; named by their_ledger";
  return {std::move(ledger), false, ""};
}

}  // namespace

LedgerChoice choose_ledger(const Discovered& discovered,
                           std::span<const Relation> relations,
                           const LedgerSetting& setting,
                           std::string_view schema,
                           std::string_view layout) {
  if (setting.none) {
    return {};
  }
  if (setting.table) {
    return configured(discovered, relations, setting);
  }
  Candidates candidates;
  Candidates of_these_files;
  for (const auto& ledger : discovered.ledgers) {
    const bool of_tool = setting.tool == nullptr || ledger.tool == setting.tool;
    const bool of_schema = schema.empty() || ledger.relation.name.schema == schema;
    if (of_tool && of_schema) {
      candidates.push_back(&ledger);
      if (ledger.tool->name() == layout) {
        of_these_files.push_back(&ledger);
      }
    }
  }
  if (!of_these_files.empty()) {
    return among(of_these_files);
  }
  if (candidates.empty()) {
    auto choice = none_among(discovered, relations, setting, schema);
    if (setting.tool == nullptr) {
      tell_unread(discovered, schema, choice);
    }
    return choice;
  }
  auto choice = among(candidates);
  const bool mismatch = choice.ledger && setting.tool == nullptr && !layout.empty() &&
                        !choice.ledger->tool->reads_any_layout();
  return mismatch ? not_of_these_files(std::move(choice), layout) : choice;
}

std::string missing_privileges(std::span<const Relation> relations, const std::string& role) {
  const auto grantee = " TO " + quoted_name(role);
  std::vector<std::string> grants;
  const auto add = [&](std::string grant) {
    if (std::ranges::find(grants, grant) == grants.end()) {
      grants.push_back(std::move(grant));
    }
  };
  for (const auto& relation : relations) {
    if (!relation.can_use) {
      add("GRANT USAGE ON SCHEMA " + quoted_name(relation.name.schema) + grantee);
    }
    if (!relation.can_select) {
      add("GRANT SELECT ON " + quoted(relation.name) + grantee);
    }
  }
  return join(grants, "; ");
}

std::string around_row_security(const Relation& relation, const std::string& role) {
  return "row level security of " + quoted(relation.name) + " would hide rows: ALTER ROLE " +
         quoted_name(role) +
         " BYPASSRLS, or let its owner make a view of it and name that in their_ledger";
}

}  // namespace tidemark
