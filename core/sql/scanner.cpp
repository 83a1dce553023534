#include "core/sql/scanner.h"

#include <algorithm>

namespace tidemark {

namespace {

bool is_blank(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

bool begins_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

}  // namespace

char SqlScanner::peek(std::size_t ahead) const {
  return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
}

std::optional<SqlToken> SqlScanner::next() {
  if (at_ >= text_.size()) {
    return std::nullopt;
  }
  SqlToken token{.offset = at_};
  token.kind = skip_one();
  token.size = at_ - token.offset;
  return token;
}

SqlToken::Kind SqlScanner::skip_one() {
  const char c = peek();
  if (is_blank(c)) {
    while (at_ < text_.size() && is_blank(text_[at_])) {
      ++at_;
    }
    return SqlToken::Kind::blank;
  }
  if ((c == '-' && peek(1) == '-') || (c == '/' && peek(1) == '*')) {
    skip_comment();
    return SqlToken::Kind::comment;
  }
  if (c == '\'' || c == '"') {
    skip_quotes(c, false);
    return SqlToken::Kind::quoted;
  }
  if ((c == 'e' || c == 'E') && peek(1) == '\'') {
    skip_escape_string();
    return SqlToken::Kind::quoted;
  }
  if (c == '$' && skip_dollar_quotes()) {
    return SqlToken::Kind::quoted;
  }
  if (begins_word(c) || is_digit(c)) {
    skip_word();
    return SqlToken::Kind::word;
  }
  ++at_;
  switch (c) {
    case ';':
      return SqlToken::Kind::semicolon;
    case '(':
      return SqlToken::Kind::opening;
    case ')':
      return SqlToken::Kind::closing;
    case '\\':
      return SqlToken::Kind::backslash;
    default:
      return SqlToken::Kind::other;
  }
}

void SqlScanner::skip_comment() {
  if (peek() == '-') {
    at_ = std::min(text_.find_first_of("\r\n", at_), text_.size());
    return;
  }
  int open = 0;
  while (at_ < text_.size()) {
    if (peek() == '/' && peek(1) == '*') {
      ++open;
      at_ += 2;
    } else if (peek() == '*' && peek(1) == '/') {
      at_ += 2;
      if (--open == 0) {
        return;
      }
    } else {
      ++at_;
    }
  }
}

// A doubled quote is two strings without a gap to us, which comes to the same.
void SqlScanner::skip_quotes(char quote, bool escapes) {
  ++at_;
  while (at_ < text_.size()) {
    const char c = text_[at_++];
    if (c == quote) {
      return;
    }
    if (c == '\\' && escapes && at_ < text_.size()) {
      ++at_;
    }
  }
}

// E'…' goes on after a doubled quote, and on another line when there is nothing but blanks between:
// then the second part has escapes, too.
void SqlScanner::skip_escape_string() {
  ++at_;
  while (true) {
    skip_quotes('\'', true);
    const auto next = std::min(text_.find_first_not_of(" \t\n\v\f\r", at_), text_.size());
    const auto gap = text_.substr(at_, next - at_);
    const bool goes_on = gap.empty() || gap.find_first_of("\r\n") != std::string_view::npos;
    if (!goes_on || next >= text_.size() || text_[next] != '\'') {
      return;
    }
    at_ = next;
  }
}

// $$…$$ and $tag$…$tag$. Not for $1, and not within a name, which may have a $ in it.
bool SqlScanner::skip_dollar_quotes() {
  auto end = at_ + 1;
  if (end < text_.size() && is_digit(text_[end])) {
    return false;
  }
  while (end < text_.size() && (begins_word(text_[end]) || is_digit(text_[end]))) {
    ++end;
  }
  if (end >= text_.size() || text_[end] != '$') {
    return false;
  }
  const auto tag = text_.substr(at_, end + 1 - at_);
  const auto close = text_.find(tag, end + 1);
  at_ = close == std::string_view::npos ? text_.size() : close + tag.size();
  return true;
}

void SqlScanner::skip_word() {
  while (at_ < text_.size() &&
         (begins_word(text_[at_]) || is_digit(text_[at_]) || text_[at_] == '$')) {
    ++at_;
  }
}

SqlSpan without_margins(std::string_view text, SqlSpan part) {
  SqlScanner scanner(text.substr(0, part.offset + part.size), part.offset);
  std::optional<SqlSpan> found;
  while (const auto token = scanner.next()) {
    if (token->kind == SqlToken::Kind::blank || token->kind == SqlToken::Kind::comment) {
      continue;
    }
    const auto offset = found ? found->offset : token->offset;
    found = SqlSpan{offset, token->end() - offset};
  }
  return found.value_or(SqlSpan{part.offset, 0});
}

}  // namespace tidemark
