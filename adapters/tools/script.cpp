#include "adapters/tools/script.h"

#include <algorithm>
#include <array>

#include "adapters/tools/file_name.h"

namespace tidemark {

namespace {

bool in_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '$';
}

bool has_any(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::ranges::any_of(words, [text](std::string_view word) { return has_word(text, word); });
}

// Behind the quotation that begins at `at`. One that is not closed ends with its line: then it was
// no quotation, but an apostrophe or a slash in a pattern.
std::size_t end_of_quotation(std::string_view text, std::size_t at) {
  const char quote = text[at];
  for (++at; at < text.size(); ++at) {
    if (text[at] == '\\') {
      ++at;
    } else if (text[at] == quote) {
      return at + 1;
    } else if (text[at] == '\n' && quote != '`') {
      return at;
    }
  }
  return text.size();
}

}  // namespace

std::optional<std::string_view> script_stem(std::string_view file_name) {
  constexpr std::array<std::string_view, 14> suffixes{".js",
                                                      ".ts",
                                                      ".cjs",
                                                      ".mjs",
                                                      ".cts",
                                                      ".mts",
                                                      ".jsx",
                                                      ".tsx",
                                                      ".coffee",
                                                      ".litcoffee",
                                                      ".ls",
                                                      ".eg",
                                                      ".iced",
                                                      ".co"};
  const auto dot = file_name.rfind('.');
  if (dot == std::string_view::npos || dot == 0 || file_name.starts_with('.') ||
      std::ranges::find(suffixes, file_name.substr(dot)) == suffixes.end()) {
    return std::nullopt;
  }
  const auto stem = file_name.substr(0, dot);
  for (const std::string_view role : {".d", ".test", ".spec"}) {
    if (stem.ends_with(role)) {
      return std::nullopt;
    }
  }
  return stem;
}

bool in_seed_folder(std::string_view path) {
  const auto lower = "/" + lower_case(path);
  constexpr std::array<std::string_view, 4> folders{"/seeds/", "/seed/", "/seeders/", "/seeder/"};
  return std::ranges::any_of(
      folders, [&](std::string_view folder) { return lower.find(folder) != std::string::npos; });
}

std::string_view leading_digits(std::string_view stem) {
  const auto end = std::ranges::find_if(stem, [](char c) { return c < '0' || c > '9'; });
  return stem.substr(0, static_cast<std::size_t>(end - stem.begin()));
}

std::string without_comments(std::string_view text) {
  std::string code;
  code.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (c == '"' || c == '\'' || c == '`') {
      const auto end = end_of_quotation(text, at);
      code += text.substr(at, end - at);
      at = end;
    } else if (text.substr(at).starts_with("//")) {
      at = std::min(text.find('\n', at), text.size());
    } else if (text.substr(at).starts_with("/*")) {
      const auto end = text.find("*/", at + 2);
      at = end == std::string_view::npos ? text.size() : end + 2;
      code += ' ';
    } else {
      code += c;
      ++at;
    }
  }
  return code;
}

bool has_word(std::string_view text, std::string_view word) {
  for (auto at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) {
    const auto end = at + word.size();
    if ((at == 0 || !in_word(text[at - 1])) && (end == text.size() || !in_word(text[end]))) {
      return true;
    }
  }
  return false;
}

std::string_view script_stem_or_name(std::string_view file_name) {
  return script_stem(file_name).value_or(file_name);
}

bool is_script(std::string_view path) {
  return script_stem(base_name(path)) && !in_seed_folder(path);
}

bool is_numbered_script(std::string_view path) {
  return is_script(path) && !leading_digits(base_name(path)).empty();
}

FileEntry script_entry(std::string_view file_name, std::string description) {
  const auto stem = script_stem_or_name(file_name);
  const auto digits = leading_digits(stem);
  FileEntry entry;
  entry.key = {std::string(stem)};
  entry.id = {std::string(file_name)};
  entry.version = Version::parse(digits);
  entry.version_text = digits;
  entry.description = std::move(description);
  entry.checksums.complete = false;
  return entry;
}

Row script_row(const std::string& file_name, std::string description) {
  const auto stem = script_stem_or_name(file_name);
  const auto digits = leading_digits(stem);
  Row row;
  row.key = {std::string(stem)};
  row.id = {file_name};
  row.version = Version::parse(digits);
  row.version_text = digits;
  row.description = std::move(description);
  return row;
}

ScriptKind script_kind(std::string_view text) {
  const auto code = without_comments(text);
  if (has_any(code, {"queryInterface", "QueryInterface"})) {
    return ScriptKind::sequelize;
  }
  if (has_any(code, {"MigrationInterface", "queryRunner", "QueryRunner"})) {
    return ScriptKind::typeorm;
  }
  if (code.find("mikro-orm") != std::string::npos || has_word(code, "addSql")) {
    return ScriptKind::mikro_orm;
  }
  if (has_any(code, {"pgm", "MigrationBuilder"})) {
    return ScriptKind::node_pg_migrate;
  }
  if (has_any(code, {"Kysely", "kysely"})) {
    return ScriptKind::kysely;
  }
  if (has_any(code, {"dbmigrate", "dbm"})) {
    return ScriptKind::db_migrate;
  }
  if (has_any(code, {"knex", "Knex"}) && has_word(code, "up")) {
    return ScriptKind::knex;
  }
  return ScriptKind::other;
}

}  // namespace tidemark
