#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace tidemark {

struct SqlToken {
  enum class Kind {
    blank,
    comment,
    quoted,  // a string or a name in quotes of any kind, with them
    word,    // a keyword, a name, or a number with letters
    semicolon,
    opening,    // (
    closing,    // )
    backslash,  // no SQL: psql's commands begin with it
    other,
  } kind = Kind::other;
  std::size_t offset = 0;
  std::size_t size = 0;
  std::size_t end() const { return offset + size; }
};

// Cuts SQL as PostgreSQL's own lexer does, as far as quotes and comments go: what is told before a
// parser is asked, or when it cannot be. Takes any bytes, in linear time.
class SqlScanner {
 public:
  explicit SqlScanner(std::string_view text, std::size_t from = 0) : text_(text), at_(from) {}

  // The next token; together they cover everything. nullopt at the end.
  std::optional<SqlToken> next();

  void skip_to(std::size_t offset) { at_ = offset; }

 private:
  char peek(std::size_t ahead = 0) const;
  void skip_comment();
  void skip_quotes(char quote, bool escapes);
  void skip_escape_string();
  bool skip_dollar_quotes();
  void skip_word();
  SqlToken::Kind skip_one();

  std::string_view text_;
  std::size_t at_;
};

struct SqlSpan {
  std::size_t offset = 0;
  std::size_t size = 0;
  friend bool operator==(const SqlSpan&, const SqlSpan&) = default;
};

// A part of `text` without the blanks and comments that it begins and ends with.
SqlSpan without_margins(std::string_view text, SqlSpan part);

}  // namespace tidemark
