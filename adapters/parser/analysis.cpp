#include "adapters/parser/analysis.h"

#include <algorithm>
#include <array>
#include <memory>

#include <pg_query.h>

#include "adapters/parser/printed_tree.h"

namespace tidemark {

namespace {

// PostgreSQL counts characters, by the first byte of each, from 1.
std::size_t offset_of_character(std::string_view text, int position) {
  std::size_t at = 0;
  for (int k = 1; k < position && at < text.size(); ++k) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (byte < 0xC0) {
      at += 1;
    } else if (byte < 0xE0) {
      at += 2;
    } else {
      at += byte < 0xF0 ? 3 : byte < 0xF8 ? 4 : 1;
    }
  }
  return std::min(at, text.size());
}

// What the parser says when it met a limit, and not when it met a mistake.
bool is_limit(std::string_view message) {
  constexpr std::array<std::string_view, 4> limits{"memory exhausted",
                                                   "out of memory",
                                                   "stack depth limit exceeded",
                                                   "invalid memory alloc request size"};
  return std::ranges::any_of(limits, [&](auto each) { return message.starts_with(each); });
}

ParsedSql too_deep() {
  ParsedSql parsed;
  parsed.too_deep = "too deep or too long for the parser";
  return parsed;
}

ParsedSql refused(std::string_view text, const PgQueryError& error) {
  const std::string message = error.message == nullptr ? "" : error.message;
  if (is_limit(message)) {
    return too_deep();
  }
  ParsedSql parsed;
  const auto offset =
      error.cursorpos > 0 ? offset_of_character(text, error.cursorpos) : text.size();
  parsed.refused = {offset, message};
  return parsed;
}

}  // namespace

ParsedSql analyse(const std::string& text) {
  const auto result = pg_query_parse(text.c_str());
  const std::unique_ptr<const PgQueryParseResult, void (*)(const PgQueryParseResult*)> freed(
      &result, [](const auto* each) { pg_query_free_parse_result(*each); });
  if (result.error != nullptr) {
    return refused(text, *result.error);
  }
  return analyse_tree(text, result.parse_tree);
}

}  // namespace tidemark
