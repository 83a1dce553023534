#include "adapters/tools/liquibase_checksum.h"

#include <algorithm>
#include <iterator>
#include <set>

#include "adapters/tools/file_name.h"
#include "adapters/tools/hash.h"

namespace tidemark {

namespace {

constexpr std::string_view bom = "\xEF\xBB\xBF";

bool is_white(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

// Each run of white space as one blank, and none at the ends.
std::string in_single_blanks(std::string_view text) {
  std::string words;
  words.reserve(text.size());
  bool between = false;
  for (const char c : text) {
    if (is_white(c)) {
      between = !words.empty();
      continue;
    }
    if (between) {
      words += ' ';
      between = false;
    }
    words += c;
  }
  return words;
}

std::string_view yes_or_no(bool value) {
  return value ? "true" : "false";
}

std::string md5_of(int version, const LiquibaseSql& sql) {
  std::string_view text = sql.text;
  if (version >= 9) {
    text.remove_prefix(text.starts_with(bom) ? bom.size() : 0);
    return hex_hash("MD5", without_white_space(text));
  }
  std::string hashed = sql.end_delimiter.value_or("null");
  hashed += ':';
  hashed += yes_or_no(sql.split);
  hashed += ':';
  hashed += yes_or_no(sql.strip);
  hashed += ':';
  return hex_hash("MD5", hashed + in_single_blanks(text));
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_white(text.front())) {
    text.remove_prefix(1);
  }
  while (!text.empty() && is_white(text.back())) {
    text.remove_suffix(1);
  }
  return text;
}

}  // namespace

std::string without_white_space(std::string_view text) {
  std::string dense;
  dense.reserve(text.size());
  std::ranges::copy_if(text, std::back_inserter(dense), [](char c) { return !is_white(c); });
  return dense;
}

std::string liquibase_checksum(int version, std::span<const LiquibaseSql> changes) {
  const auto prefix = std::to_string(version) + ":";
  std::string sums;
  for (const auto& change : changes) {
    if (version < 9 || is_for_postgresql(change.dbms)) {
      sums += prefix + md5_of(version, change) + ":";
    }
  }
  return prefix + hex_hash("MD5", sums);
}

std::optional<std::string> computable_liquibase_checksum(std::string_view stored) {
  const auto is_hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  const bool known = stored.size() == 34 && stored[0] >= '7' && stored[0] <= '9' &&
                     stored[1] == ':' && std::ranges::all_of(stored.substr(2), is_hex);
  return known ? std::optional(std::string(stored)) : std::nullopt;
}

bool is_for_postgresql(std::string_view dbms) {
  std::set<std::string> names;
  bool only = false;  // some databases are named for which it is
  while (!dbms.empty()) {
    const auto end = std::min(dbms.find(','), dbms.size());
    if (auto name = lower_case(trimmed(dbms.substr(0, end))); !name.empty()) {
      only = only || name.front() != '!';
      names.insert(std::move(name));
    }
    dbms.remove_prefix(std::min(end + 1, dbms.size()));
  }
  if (names.empty() || names.contains("all")) {
    return true;
  }
  if (names.contains("none") || names.contains("!postgresql")) {
    return false;
  }
  return !only || names.contains("postgresql");
}

}  // namespace tidemark
