#include "core/apply/steps.h"

#include <algorithm>
#include <array>

#include "core/sql/scanner.h"

namespace tidemark {

namespace {

constexpr std::array<std::string_view, 6> relations{
    "table", "index", "view", "materialized view", "sequence", "foreign table"};

}  // namespace

std::vector<Step> steps_of(const PlannedMigration& migration) {
  const std::string_view text = migration.sql.text;
  if (migration.script.unanalysed) {
    const auto whole = without_margins(text, {0, text.size()});
    return {{0, std::string(text.substr(whole.offset, whole.size)), whole.offset}};
  }
  std::vector<Step> steps;
  for (const auto& statement : migration.script.statements) {
    steps.push_back({steps.size(),
                     std::string(text.substr(statement.offset, statement.size)),
                     statement.offset});
  }
  return steps;
}

Digest text_of_steps(const PlannedMigration& migration, std::size_t count) {
  std::string text;
  for (const auto& step : steps_of(migration)) {
    if (step.number < count) {
      text += std::to_string(step.sql.size()) + ":" + step.sql;
    }
  }
  return sha256(text);
}

std::string edited_since(const PlannedMigration& migration, const Journal& journal) {
  if (journal.done == 0 || journal.text == text_of_steps(migration, journal.done)) {
    return "";
  }
  return migration.file + ": its first " + std::to_string(journal.done) +
         " statements ran already, outside a transaction, and were edited since";
}

std::vector<std::string> made_by(const PlannedMigration& migration) {
  std::vector<std::string> made;
  for (const auto& statement : migration.script.statements) {
    if (statement.objects.empty()) {
      continue;
    }
    const auto& object = statement.objects.front();
    const auto name = sql_name(object);
    if (statement.kind.starts_with("CREATE ") && !statement.if_not_exists &&
        std::ranges::find(relations, object.kind) != relations.end()) {
      made.push_back(name);
    } else if (statement.kind.starts_with("DROP ") || statement.kind.starts_with("ALTER ")) {
      // Dropped, or perhaps renamed: it says nothing any more.
      for (const auto& other : statement.objects) {
        std::erase(made, sql_name(other));
      }
    }
  }
  return made;
}

bool sets_something(const Statement& statement) {
  return statement.kind == "SET" || statement.kind == "RESET";
}

std::size_t byte_of_character(std::string_view text, std::size_t character) {
  std::size_t at = 0;
  for (std::size_t seen = 0; at < text.size(); ++at) {
    const bool begins = (static_cast<unsigned char>(text[at]) & 0xC0U) != 0x80U;
    seen += begins ? 1 : 0;
    if (seen == character) {
      break;
    }
  }
  return at;
}

SqlPlace place_in(std::string_view text, std::size_t offset) {
  return SqlPlaces(text).at(std::min(offset, text.size()));
}

std::string sql_name(const SqlObject& object) {
  const auto name = quoted_name(object.name);
  return object.schema.empty() ? name : quoted_name(object.schema) + "." + name;
}

}  // namespace tidemark
