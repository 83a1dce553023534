#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "adapters/tools/tool.h"

namespace tidemark {

// Migrations that are programs in JavaScript or what compiles to it: the files of several tools are
// named alike, and what they call tells whose they are. Nothing of them is executed.

// "20260101000000_users" of "20260101000000_users.ts"; nullopt for what is no program of this kind,
// for declarations of types, tests, and maps to a source.
std::optional<std::string_view> script_stem(std::string_view file_name);

// Whether it lies in a folder of programs that fill tables with first rows.
bool in_seed_folder(std::string_view path);

// The digits that `stem` begins with.
std::string_view leading_digits(std::string_view stem);

enum class ScriptKind {
  other,
  knex,
  sequelize,
  typeorm,
  mikro_orm,
  node_pg_migrate,
  kysely,
  db_migrate,
};
// By a program's text, or how it begins.
ScriptKind script_kind(std::string_view text);

// `text` without comments. What is in quotes stays.
std::string without_comments(std::string_view text);

// Whether `word` is in `text`, and no part of a longer one.
bool has_word(std::string_view text, std::string_view word);

}  // namespace tidemark
