#include "adapters/config/environment.h"

#include <algorithm>
#include <array>

#include "adapters/config/apply.h"
#include "adapters/config/apps.h"
#include "adapters/config/authorities.h"
#include "adapters/config/section.h"
#include "adapters/config/words.h"

namespace tidemark {

namespace {

constexpr DurationRange poll_range{std::chrono::milliseconds{50}, std::chrono::days{1}};
constexpr DurationRange lag_range{std::chrono::minutes{1}, std::chrono::days{365}};

Parsed<Mode> parse_mode_word(std::string_view text) {
  const auto mode = parse_mode(text);
  if (!mode) {
    return std::unexpected("expected managed, export_only or reconcile_only");
  }
  return *mode;
}

Parsed<ConnectionUse> parse_connection(std::string_view text) {
  constexpr std::array<std::string_view, 2> uses{"keep", "per_poll"};
  const auto word = parse_word(text, uses);
  if (!word) {
    return std::unexpected(word.error());
  }
  return *word == "keep" ? ConnectionUse::keep : ConnectionUse::per_poll;
}

Parsed<Target> parse_database(std::string_view text) {
  auto target = parse_target(text);
  if (!target) {
    return std::unexpected(target.error().detail);
  }
  return *std::move(target);
}

void read_database(Section& section, std::string_view key, std::optional<Target>& into) {
  Target target;
  if (section.read(key, target, parse_database)) {
    into = std::move(target);
  }
}

Parsed<std::string> parse_ledger_tool(std::string_view text) {
  return parse_word(text, known_ledgers());
}

std::optional<CommandSecret> read_command(Section& section, Problems& problems) {
  CommandSecret command;
  const auto* list = section.find("command");
  if (list == nullptr || !must_be(YamlNode::Kind::list,
                                  *list,
                                  "command",
                                  "a list: the program and its arguments",
                                  problems)) {
    return std::nullopt;
  }
  for (const auto& item : list->items) {
    std::string argument;
    if (read_text(item, "command", argument, parse_text, problems)) {
      command.arguments.push_back(std::move(argument));
    }
  }
  if (list->items.empty()) {
    problems.add(*list, "command: expected a program and its arguments");
  } else if (list->items.front().kind == YamlNode::Kind::text &&
             !list->items.front().text.starts_with('/')) {
    problems.add(list->items.front(),
                 "command: expected the program's absolute path; no shell looks it up");
  }
  return command;
}

std::optional<PasswordSource> read_password(const YamlNode& node, Problems& problems) {
  constexpr std::string_view expected =
      "{credential: NAME}, {file: PATH}, {env: NAME} or {command: [PROGRAM, ARGUMENT…]}";
  if (!must_be(YamlNode::Kind::mapping, node, "password", expected, problems)) {
    return std::nullopt;
  }
  PasswordSource source{{}, problems.position(node)};
  Section section(node, "password", problems, true);
  CredentialSecret credential;
  if (section.read("credential", credential.name, parse_credential_name)) {
    source.from = std::move(credential);
  }
  FileSecret file;
  if (section.read("file", file.path, parse_path)) {
    source.from = std::move(file);
  }
  VariableSecret variable;
  if (section.read("env", variable.name, parse_variable_name)) {
    source.from = std::move(variable);
  }
  if (auto command = read_command(section, problems)) {
    source.from = *std::move(command);
  }
  const auto known = [&](const YamlNode::Member& member) { return section.knows(member.key.text); };
  if (std::ranges::count_if(node.members, known) != 1) {
    problems.add(node, "password: expected one of " + std::string(expected));
  }
  section.finish();
  return source;
}

Parsed<std::string> parse_algorithm(std::string_view text) {
  return parse_word(text, custom_algorithms());
}

Parsed<CustomColumns::Rows> parse_rows(std::string_view text) {
  using Rows = CustomColumns::Rows;
  constexpr std::array<std::string_view, 2> meanings{"each", "last"};
  const auto word = parse_word(text, meanings);
  if (!word) {
    return std::unexpected(word.error());
  }
  return *word == "last" ? Rows::last : Rows::each;
}

// What the columns of a table that people keep themselves mean.
CustomColumns read_custom_columns(Section& section, Problems& problems) {
  CustomColumns columns;
  if (section.require("key") != nullptr) {
    section.read("key", columns.key, parse_text);
  }
  section.read("version", columns.version, parse_text);
  section.read("rows", columns.rows, parse_rows);
  section.read("checksum", columns.checksum, parse_text);
  section.read("algorithm", columns.algorithm, parse_algorithm);
  section.read("applied_at", columns.applied_at, parse_text);
  section.read("applied_by", columns.applied_by, parse_text);
  if (section.has("checksum") != section.has("algorithm")) {
    problems.add(section.node(),
                 "custom: checksum, the column, and algorithm, how it was computed, go together");
  }
  if (const auto* success = section.find("success")) {
    Section rule(*success, "success", problems);
    if (rule.require("column") != nullptr) {
      rule.read("column", columns.success_column, parse_text);
    }
    if (rule.require("equals") != nullptr) {
      rule.read("equals", columns.success_equals, parse_text);
    }
    rule.finish();
  }
  return columns;
}

TheirLedger read_custom_ledger(const YamlNode& node, Problems& problems) {
  TheirLedger ledger;
  Section section(node, "custom", problems);
  TableName table;
  if (section.require("table") != nullptr && section.read("table", table, parse_table)) {
    ledger.table = std::move(table);
  }
  ledger.custom = read_custom_columns(section, problems);
  section.finish();
  return ledger;
}

TheirLedger without_auto(TheirLedger ledger) {
  if (ledger.tool == "auto") {
    ledger.tool.clear();
  }
  return ledger;
}

TheirLedger read_their_ledger(const YamlNode& node, Problems& problems) {
  TheirLedger ledger;
  if (node.kind != YamlNode::Kind::mapping) {
    read_text(node, "their_ledger", ledger.tool, parse_ledger_tool, problems);
    return without_auto(std::move(ledger));
  }
  Section section(node, "their_ledger", problems);
  if (const auto* custom = section.find("custom")) {
    for (const std::string_view other : {"tool", "table"}) {
      if (section.has(other)) {
        problems.add(node, "their_ledger: custom stands alone, and has a table of its own");
        break;
      }
    }
    section.find("tool");
    section.find("table");
    section.finish();
    return read_custom_ledger(*custom, problems);
  }
  if (section.require("tool") != nullptr) {
    section.read("tool", ledger.tool, parse_ledger_tool);
  }
  TableName table;
  if (section.read("table", table, parse_table)) {
    ledger.table = std::move(table);
  }
  section.finish();
  return without_auto(std::move(ledger));
}

std::chrono::milliseconds read_lag(const YamlNode& node,
                                   std::chrono::milliseconds after,
                                   Problems& problems) {
  Section section(node, "lag", problems);
  section.read(
      "after", after, [](std::string_view text) { return parse_duration(text, lag_range); });
  section.finish();
  return after;
}

// The keys that may stand in an environment and among the defaults of all.
void read_shared_keys(Section& section, EnvironmentSettings& settings, Problems& problems) {
  section.read("poll", settings.poll, [](std::string_view text) {
    return parse_duration(text, poll_range);
  });
  section.read("connection", settings.connection, parse_connection);
  if (const auto* lag = section.find("lag")) {
    settings.lag_after = read_lag(*lag, settings.lag_after, problems);
  }
  read_apply(section, settings);
  read_authorities(section, settings, problems);
}

// What a mode needs to be what it promises.
void check_database(const EnvironmentSettings& settings, Section& section, Problems& problems) {
  if (section.has("database") || section.node().kind != YamlNode::Kind::mapping) {
    return;
  }
  for (const std::string_view key : {"direct", "password"}) {
    if (const auto* value = section.find(key)) {
      problems.add(*value, std::string(key) + ": there is no database that it could be for");
    }
  }
  const auto* pinned = section.find("mode");
  if (pinned != nullptr) {
    if (settings.mode && may_connect(*settings.mode)) {
      problems.add(*pinned,
                   "mode: " + std::string(to_string(*settings.mode)) + " needs a database");
    }
  } else if (!settings.name.empty() && may_connect(settings.configured_mode())) {
    problems.add(settings.where.line,
                 settings.where.column,
                 "name: '" + settings.name + "' is " +
                     std::string(to_string(settings.configured_mode())) +
                     " by its name and needs a database; if it has none, say mode: export_only");
  }
}

}  // namespace

EnvironmentSettings read_defaults(const YamlNode& node, Problems& problems) {
  EnvironmentSettings defaults;
  Section section(node, "defaults", problems);
  read_shared_keys(section, defaults, problems);
  section.not_yet(later_environment_keys());
  section.finish();
  return defaults;
}

EnvironmentDraft read_environment(const YamlNode& node,
                                  const EnvironmentSettings& defaults,
                                  Problems& problems) {
  EnvironmentDraft draft;
  draft.node = &node;
  auto& settings = draft.settings;
  settings = defaults;
  Section section(node, "an environment", problems);
  if (const auto* name = section.require("name")) {
    settings.where = problems.position(*name);
    section.read("name", settings.name, parse_name);
  }
  Mode mode{};
  if (section.read("mode", mode, parse_mode_word)) {
    settings.mode = mode;
  }
  std::vector<std::string> after;
  draft.after = section.read_list("after", after, parse_name);
  if (draft.after != nullptr) {
    settings.after = std::move(after);
  }
  if (section.read("renamed_from", settings.renamed_from, parse_name)) {
    draft.renamed_from = section.find("renamed_from");
  }
  read_database(section, "database", settings.database);
  read_database(section, "direct", settings.direct);
  if (const auto* password = section.find("password")) {
    settings.password = read_password(*password, problems);
  }
  read_shared_keys(section, settings, problems);
  section.read("schema", settings.schema, parse_identifier);
  if (const auto* ledger = section.find("their_ledger")) {
    settings.their_ledger = read_their_ledger(*ledger, problems);
  }
  use_apply(section, settings, problems);
  use_authorities(section, settings, problems);
  section.not_yet(later_environment_keys());
  check_database(settings, section, problems);
  section.finish();
  return draft;
}

}  // namespace tidemark
