#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tidemark {

// ASCII only, in any locale: file suffixes and column names.
std::string lower_case(std::string_view text);

// "V2__orders.sql" of "a/b/V2__orders.sql".
std::string_view base_name(std::string_view path);

// "a/b/" and "a/b" of it; empty at the top.
std::string_view folder_with_slash(std::string_view path);
std::string_view folder_without_slash(std::string_view path);

// `name` without `suffix`, whichever case it is in; nullopt when it does not end so or nothing is
// left.
std::optional<std::string_view> without_suffix(std::string_view name, std::string_view suffix);

bool all_digits(std::string_view text);

// `text` with every underscore as a blank: how file names carry descriptions.
std::string with_blanks(std::string_view text);

// What no tool runs although it may lie between migrations: dot files, dumps, seeds, and the copies
// that a merge leaves behind. (Editors' backups do not end in .sql, .rb or .py.)
bool never_a_migration(std::string_view path);

}  // namespace tidemark
