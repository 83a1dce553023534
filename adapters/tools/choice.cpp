#include "adapters/tools/choice.h"

#include <algorithm>
#include <iterator>

#include "adapters/tools/shape.h"

namespace tidemark {

namespace {

using Candidates = std::vector<const RecognisedLedger*>;

// One identifier at the front of `text`, with or without quotes.
std::optional<std::string> take_identifier(std::string_view& text) {
  std::string name;
  if (!text.starts_with('"')) {
    name = text.substr(0, text.find('.'));
    text.remove_prefix(name.size());
    return name.empty() ? std::nullopt : std::optional(name);
  }
  text.remove_prefix(1);
  while (!text.empty()) {
    const char c = text.front();
    text.remove_prefix(1);
    if (c == '"' && !text.starts_with('"')) {
      return name.empty() ? std::nullopt : std::optional(name);
    }
    if (c == '"') {
      text.remove_prefix(1);
    }
    name += c;
  }
  return std::nullopt;  // the quote is not closed
}

std::optional<TableName> parse_table(std::string_view text, std::string_view schema) {
  const auto first = take_identifier(text);
  if (first && text.empty() && !schema.empty()) {
    return TableName{std::string(schema), *first};
  }
  if (!first || !text.starts_with('.')) {
    return std::nullopt;
  }
  text.remove_prefix(1);
  const auto second = take_identifier(text);
  if (!second || !text.empty()) {
    return std::nullopt;
  }
  return TableName{*first, *second};
}

std::string quoted_name(const std::string& name) {
  std::string text = "\"";
  for (const char c : name) {
    text += c == '"' ? "\"\"" : std::string(1, c);
  }
  return text + "\"";
}

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

// What the config names is believed to be meant, even a view.
LedgerChoice configured(const Discovered& discovered,
                        std::span<const Relation> relations,
                        const LedgerSetting& setting) {
  const auto& table = *setting.table;
  const auto found = std::ranges::find(relations, table, &Relation::name);
  if (found == relations.end()) {
    Candidates others;
    for (const auto& ledger : discovered.ledgers) {
      if (ledger.tool == setting.tool) {
        others.push_back(&ledger);
      }
    }
    LedgerChoice choice{std::nullopt,
                        !others.empty(),
                        "their_ledger names " + table.text() + ", which is not here"};
    if (!others.empty()) {
      choice.trouble +=
          "; " + others.front()->relation.name.text() + " is: " + setting_for(*others.front());
    }
    return choice;
  }
  Relation as_table = *found;
  as_table.kind = 'r';
  as_table.partition = false;
  auto [verdict, evidence] = setting.tool->recognise(as_table, relations);
  if (verdict == Recognition::Verdict::no || verdict == Recognition::Verdict::near_miss) {
    return {
        std::nullopt,
        true,
        "their_ledger names " + table.text() + ", which " +
            (evidence.empty() ? "is no ledger of " + std::string(setting.tool->name()) : evidence)};
  }
  if (const auto what = not_a_table(*found); !what.empty()) {
    evidence += "; " + what;
  }
  return {RecognisedLedger{setting.tool, *found, evidence + "; named by their_ledger"}, false, ""};
}

}  // namespace

Result<LedgerSetting> parse_ledger_setting(std::string_view tool,
                                           std::string_view table,
                                           std::string_view schema) {
  LedgerSetting setting;
  if (tool == "none") {
    setting.none = true;
  } else if (tool != "auto") {
    setting.tool = find_tool(tool);
    if (setting.tool == nullptr || setting.tool->telltales().empty()) {
      std::string known = "auto, none";
      for (const auto* other : all_tools()) {
        known += other->telltales().empty() ? "" : ", " + std::string(other->name());
      }
      return fail(Errc::invalid,
                  "their_ledger: '" + std::string(tool) +
                      "' has no ledger that tidemark reads; it is one of " + known);
    }
  }
  if (table.empty()) {
    return setting;
  }
  if (setting.tool == nullptr) {
    return fail(
        Errc::invalid,
        "their_ledger: a table needs its tool: {tool: flyway, table: " + std::string(table) + "}");
  }
  setting.table = parse_table(table, schema);
  if (!setting.table) {
    return fail(
        Errc::invalid,
        "their_ledger: the table is written schema.table, not '" + std::string(table) + "'");
  }
  return setting;
}

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
