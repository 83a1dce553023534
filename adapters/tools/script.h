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

// The same, and what is none of this kind as it is: people may give their migrations any name.
std::string_view script_stem_or_name(std::string_view file_name);

// Whether it lies in a folder of programs that fill tables with first rows.
bool in_seed_folder(std::string_view path);

// The digits that `stem` begins with.
std::string_view leading_digits(std::string_view stem);

// Whether a file by its path is a program that could be a migration, and whether one with a number.
bool is_script(std::string_view path);
bool is_numbered_script(std::string_view path);

// A migration that its tool knows by its file's name, and has no checksum of; and a row that says
// so, applied. The key is without the suffix, which says only whether the program was compiled.
FileEntry script_entry(std::string_view file_name, std::string description);
Row script_row(const std::string& file_name, std::string description);

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
