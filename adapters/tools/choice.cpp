#include "adapters/tools/choice.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <set>

#include "adapters/tools/file_name.h"
#include "adapters/tools/shape.h"
#include "core/sql/name.h"

namespace tidemark {

namespace {

using Candidates = std::vector<const RecognisedLedger*>;

// One part of a table's name as the config reads it: in quotation marks where it would end early.
std::string config_part(const std::string& name) {
  if (name.find_first_of(".\"") == std::string::npos) {
    return name;
  }
  std::string quoted = "\"";
  for (const char c : name) {
    quoted += c == '"' ? "\"\"" : std::string(1, c);
  }
  return quoted + '"';
}

// In quotes where YAML could take it for more than text.
std::string yaml_value(const std::string& text) {
  constexpr std::array<std::string_view, 9> words{
      "null", "true", "false", "yes", "no", "on", "off", "y", "n"};
  const auto is_letter = [](char c) {
    return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  };
  const bool plain =
      !text.empty() && is_letter(text.front()) &&
      std::ranges::all_of(
          text, [&](char c) { return c == '.' || (c >= '0' && c <= '9') || is_letter(c); }) &&
      std::ranges::find(words, lower_case(text)) == words.end();
  if (plain) {
    return text;
  }
  std::string value = "'";
  for (const char c : text) {
    value += c == '\'' ? "''" : std::string(1, c);
  }
  return value + "'";
}

std::string config_value(const TableName& table) {
  return yaml_value(config_part(table.schema) + "." + config_part(table.name));
}

std::string setting_for(const Tool& tool, const TableName& table) {
  return "their_ledger: {tool: " + std::string(tool.name()) + ", table: " + config_value(table) +
         "}";
}

std::string setting_for(const RecognisedLedger& ledger) {
  return setting_for(*ledger.tool, ledger.relation.name);
}

// What helps with a table that only people can tell the meaning of.
std::string custom_setting(const TableName& table) {
  return "their_ledger: {custom: {table: " + config_value(table) + ", key: COLUMN}}";
}

bool is_usual_name(const Tool& tool, std::string_view name) {
  const auto names = tool.default_tables();
  return std::ranges::find(names, name) != names.end();
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

// Whether each is in a schema of its own: a ledger for each tenant.
bool in_schemas_of_their_own(const Candidates& candidates) {
  std::set<std::string_view> schemas;
  for (const auto* candidate : candidates) {
    schemas.insert(candidate->relation.name.schema);
  }
  return schemas.size() == candidates.size();
}

// There may be one for each of a thousand tenants.
std::string first_few(const std::vector<std::string>& words, std::string_view separator = ", ") {
  constexpr std::size_t most = 5;
  auto text = join(std::span(words).first(std::min(most, words.size())), separator);
  if (words.size() > most) {
    text += " and " + std::to_string(words.size() - most) + " more";
  }
  return text;
}

LedgerChoice ambiguous(const Candidates& candidates) {
  std::vector<std::string> tables;
  for (const auto* candidate : candidates) {
    tables.push_back(candidate->relation.name.text() + " (" + std::string(candidate->tool->name()) +
                     ")");
  }
  auto words = "ambiguous: " + first_few(tables) +
               " all look like this environment's ledger; say which with " +
               setting_for(*candidates.front());
  if (in_schemas_of_their_own(candidates)) {
    words += ", or with schema: " + yaml_value(candidates.front()->relation.name.schema);
  }
  return {std::nullopt, true, std::move(words)};
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

// Some tools have a schema of their own for their ledger. Whether it speaks of this one among
// others, nothing tells.
LedgerChoice outside_schema(const RecognisedLedger& ledger, std::string_view schema) {
  return {std::nullopt,
          true,
          ledger.relation.name.text() + " is a ledger of " + std::string(ledger.tool->name()) +
              ", outside of schema " + std::string(schema) +
              ": say that it is this environment's with " + setting_for(ledger) +
              ", or with their_ledger: none that it is not"};
}

void tell(std::string words, LedgerChoice& choice) {
  choice.trouble += (choice.trouble.empty() ? "" : "; ") + std::move(words);
  choice.uncertain = true;
}

// That no such table is the app's: then none is, or only one of the tool whose files it has.
std::string setting_for_none_of_it(std::string_view layout) {
  const bool has_one = find_tool(layout) != nullptr && layout != "own";
  return "their_ledger: " + (has_one ? std::string(layout) : "none");
}

// A ledger that is there and not read must not pass for none.
void tell_unread(const Discovered& discovered,
                 std::string_view schema,
                 std::string_view layout,
                 LedgerChoice& choice) {
  std::vector<std::string> tables;
  const UnreadLedger* first = nullptr;
  for (const auto& unread : discovered.unread) {
    if (schema.empty() || unread.table.schema == schema) {
      tables.push_back(unread.table.text() + " is a ledger of " + unread.tool);
      first = first == nullptr ? &unread : first;
    }
  }
  if (first != nullptr) {
    tell(first_few(tables) + ": not read yet; " + setting_for_none_of_it(layout) +
             " leaves it out, and where its rows are called as files are, " +
             custom_setting(first->table) + " reads it",
         choice);
  }
}

// What is called like a ledger, and has columns that nobody knows, is somebody's all the same.
void tell_unknown(const Discovered& discovered,
                  const LedgerSetting& setting,
                  std::string_view schema,
                  std::string_view layout,
                  LedgerChoice& choice) {
  const Tool* tool = setting.tool != nullptr ? setting.tool : find_tool(layout);
  std::vector<std::string> tables;
  const UnknownLedger* first = nullptr;
  for (const auto& unknown : discovered.unknown) {
    const bool usual = tool != nullptr && is_usual_name(*tool, unknown.table.name);
    const bool of_schema = schema.empty() || unknown.table.schema == schema || usual;
    if (of_schema && (setting.tool == nullptr || usual)) {
      tables.push_back(unknown.table.text() +
                       " has the name of a ledger, and the columns of none that tidemark knows (" +
                       unknown.columns + ")");
      first = first == nullptr ? &unknown : first;
    }
  }
  if (first != nullptr) {
    tell(first_few(tables) + ": say what they mean with " + custom_setting(first->table) +
             ", or with " + setting_for_none_of_it(layout) + " that it is none of the app's",
         choice);
  }
}

// A damaged ledger must not pass for none: that would make everything pending. Views and foreign
// tables show a ledger that is elsewhere, unless it is a view in its very place, and what a
// platform keeps for itself says nothing of the app.
LedgerChoice none_among(const Discovered& discovered,
                        std::span<const Relation> relations,
                        const LedgerSetting& setting,
                        std::string_view schema,
                        std::string_view layout) {
  LedgerChoice choice;
  std::vector<std::string> tables;
  for (const auto& rejected : discovered.rejected) {
    if (rejected.tool == nullptr || (setting.tool != nullptr && rejected.tool != setting.tool)) {
      continue;
    }
    const bool usual = is_usual_name(*rejected.tool, rejected.table.name);
    if (!schema.empty() && rejected.table.schema != schema &&
        !(usual && rejected.tool->name() == layout)) {
      continue;
    }
    const auto relation = std::ranges::find(relations, rejected.table, &Relation::name);
    const bool table = relation != relations.end() && not_a_table(*relation).empty();
    const bool in_its_place = relation != relations.end() && relation->kind == 'v' && usual;
    auto words = rejected.table.text() + " " + rejected.why;
    if (in_its_place) {
      words += ": if it is the one that counts, say so with " +
               setting_for(*rejected.tool, rejected.table);
    }
    tables.push_back(std::move(words));
    choice.uncertain = choice.uncertain || table || in_its_place;
  }
  choice.trouble = first_few(tables, "; ");
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

// A table that is said to be the tool's counts as one of its usual name, where what people added to
// it does not matter.
Recognition as_meant(const Tool& tool, Relation table, std::span<const Relation> relations) {
  auto recognition = tool.recognise(table, relations);
  if (recognition.verdict == Recognition::Verdict::no && !tool.default_tables().empty()) {
    table.name.name = tool.default_tables().front();
    recognition = tool.recognise(table, relations);
  }
  return recognition;
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
    auto [verdict, words] = only == nullptr ? tool->recognise(as_table, relations)
                                            : as_meant(*tool, as_table, relations);
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
  const RecognisedLedger* outside = nullptr;
  for (const auto& ledger : discovered.ledgers) {
    const bool of_tool = setting.tool == nullptr || ledger.tool == setting.tool;
    const bool of_schema = schema.empty() || ledger.relation.name.schema == schema;
    if (of_tool && !of_schema && ledger.tool->name() == layout) {
      outside = &ledger;
    }
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
  if (candidates.empty() && outside != nullptr) {
    return outside_schema(*outside, schema);
  }
  if (candidates.empty()) {
    auto choice = none_among(discovered, relations, setting, schema, layout);
    if (setting.tool == nullptr) {
      tell_unread(discovered, schema, layout, choice);
    }
    tell_unknown(discovered, setting, schema, layout, choice);
    return choice;
  }
  auto choice = among(candidates);
  const bool mismatch = choice.ledger && setting.tool == nullptr && !layout.empty() &&
                        !choice.ledger->tool->reads_any_layout();
  return mismatch ? not_of_these_files(std::move(choice), layout) : choice;
}

std::vector<RejectedTable> not_chosen(const Discovered& discovered, const LedgerChoice& choice) {
  constexpr std::size_t most = 20;  // there may be one for each of a thousand tenants
  std::vector<RejectedTable> tables;
  std::size_t further = 0;
  const auto add = [&](const Tool* tool, const TableName& table, std::string why) {
    if (tables.size() < most) {
      tables.push_back({tool, table, std::move(why)});
    } else {
      ++further;
    }
  };
  for (const auto& ledger : discovered.ledgers) {
    const auto* tool = ledger.tool;
    const auto what = "a ledger of " + std::string(tool->name()) + " (" + ledger.evidence + ")";
    const auto& table = ledger.relation;
    if (!choice.ledger && choice.uncertain) {
      add(tool, table.name, "could be " + what + ", and which counts cannot be told");
    } else if (!choice.ledger) {
      add(tool, table.name, "is " + what + ", and is not asked for");
    } else if (choice.ledger->relation.oid != table.oid) {
      add(tool, table.name, "is " + what + " too");
    } else if (choice.ledger->tool != tool) {
      add(tool, table.name, "could be " + what + " too");
    }
  }
  for (const auto& unread : discovered.unread) {
    add(nullptr, unread.table, "is a ledger of " + unread.tool + ": not read yet");
  }
  for (const auto& unknown : discovered.unknown) {
    add(nullptr,
        unknown.table,
        "has the name of a ledger, and the columns of none: " + unknown.columns);
  }
  if (further > 0) {
    tables.back().why += "; and " + std::to_string(further) + " more tables";
  }
  return tables;
}

namespace {

std::string joined_grants(std::span<const Relation> relations,
                          const std::string& role,
                          bool Relation::*held) {
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
    if (!(relation.*held)) {
      add("GRANT SELECT ON " + quoted(relation.name) + grantee);
    }
  }
  return join(grants, "; ");
}

}  // namespace

std::string missing_privileges(std::span<const Relation> relations, const std::string& role) {
  return joined_grants(relations, role, &Relation::can_select);
}

std::string privileges_on_columns(std::span<const Relation> relations, const std::string& role) {
  return joined_grants(relations, role, &Relation::can_select_all);
}

std::string around_row_security(const Relation& relation, const std::string& role) {
  return "row level security of " + quoted(relation.name) + " would hide rows: ALTER ROLE " +
         quoted_name(role) +
         " BYPASSRLS, or let its owner make a view of it and name that in their_ledger";
}

}  // namespace tidemark
