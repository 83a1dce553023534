#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "core/sql/place.h"
#include "core/sql/problem.h"
#include "core/sql/statement.h"
#include "core/sql/text.h"

namespace tidemark {

// The parser does not know this: a mistake, or a grammar newer than its own.
struct Unanalysed {
  SqlPlace place;
  std::string message;  // "syntax error"
  std::string near;     // the word there, or how it begins; empty at the end of the file
  friend bool operator==(const Unanalysed&, const Unanalysed&) = default;
};

// A file of SQL as one migration.
struct Script {
  // What runs, in order: without the file's own BEGIN and COMMIT when `wrapped`.
  std::vector<Statement> statements;
  bool wrapped = false;
  std::vector<SqlProblem> problems;      // by place; after so many, no more of a kind are told
  std::optional<Unanalysed> unanalysed;  // then there are no statements

  // Whether all of it can run in one transaction.
  bool transactional() const;
  friend bool operator==(const Script&, const Script&) = default;
};

// What a parser found. The statements are in order and lie within the text.
struct ParsedSql {
  struct Refused {
    std::size_t offset = 0;
    std::string message;  // in PostgreSQL's words: syntax error at or near "…"
    friend bool operator==(const Refused&, const Refused&) = default;
  };
  std::vector<Statement> statements;  // lines are not yet known
  std::optional<Refused> refused;
  std::string too_deep;  // the limit that was met, in words; empty: none
  friend bool operator==(const ParsedSql&, const ParsedSql&) = default;
};

// Folds the file's own BEGIN and COMMIT, and tells what is wrong with the rest.
Script script_of(const SqlText& text, ParsedSql parsed);

}  // namespace tidemark
