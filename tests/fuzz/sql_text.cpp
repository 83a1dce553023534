// A file of SQL: what is told of it without a parser. What a parser would say is made up: that each
// part between two semicolons is a statement, and by its first letter which.

#include <algorithm>

#include "core/sql/scanner.h"
#include "core/sql/script.h"
#include "tests/fuzz/input.h"

namespace tidemark::fuzz {

namespace {

TransactionControl control_of(char letter) {
  switch (letter) {
    case 'B':
      return TransactionControl::begin;
    case 'C':
      return TransactionControl::commit;
    case 'R':
      return TransactionControl::rollback;
    default:
      return TransactionControl::none;
  }
}

ParsedSql made_up(std::string_view text) {
  ParsedSql parsed;
  SqlScanner scanner(text);
  std::size_t begin = 0;
  std::size_t end = 0;
  while (const auto token = scanner.next()) {
    promise(token->offset == end && token->size > 0, "tokens cover a text", text);
    end = token->end();
    if (token->kind != SqlToken::Kind::semicolon) {
      continue;
    }
    const auto span = without_margins(text, {begin, token->offset - begin});
    promise(span.offset >= begin && span.offset + span.size <= token->offset,
            "a statement lies within its part",
            text);
    begin = end;
    if (span.size > 0) {
      Statement statement;
      statement.offset = span.offset;
      statement.size = span.size;
      statement.kind = "STATEMENT";
      statement.control = control_of(text[span.offset]);
      statement.copy_from_stdin = text[span.offset] == 'c';
      statement.no_transaction = text[span.offset] == 'V' ? "takes its time" : "";
      parsed.statements.push_back(std::move(statement));
    }
  }
  promise(end == text.size(), "tokens cover a text to its end", text);
  return parsed;
}

void check_script(const Script& script, std::string_view file) {
  const auto lines = 1 + std::ranges::count(file, '\n');
  promise(std::ranges::is_sorted(script.problems, {}, &SqlProblem::place),
          "problems are in the order of the file",
          file);
  for (const auto& each : script.problems) {
    promise(!each.message.empty(), "a problem has words");
    promise(each.place.line >= 1 && each.place.line <= lines && each.place.column >= 1,
            "a problem is in the file",
            file);
  }
  int line = 1;
  for (const auto& each : script.statements) {
    promise(
        each.line >= line && each.line <= lines, "statements are in the order of the file", file);
    line = each.line;
  }
}

}  // namespace

void try_input(std::string_view file) {
  constexpr std::size_t bytes_max = 2000;
  const auto text = sql_text(file, bytes_max);
  if (!text.readable) {
    promise(text.problems.size() >= 1, "what is not read has a problem", file);
    check_script(script_of(text, {}), file);
    return;
  }
  promise(text.text.size() == file.size(), "every byte stays where it is", file);
  promise(std::ranges::count(text.text, '\n') == std::ranges::count(file, '\n'),
          "every line stays where it is",
          file);
  check_script(script_of(text, made_up(text.text)), file);
  ParsedSql refused;
  refused.refused = {file.size() / 2, "syntax error at or near \"" + std::string(file) + "\""};
  const auto script = script_of(text, refused);
  promise(script.unanalysed && script.unanalysed->near.size() <= 80, "a word is short", file);
}

}  // namespace tidemark::fuzz
