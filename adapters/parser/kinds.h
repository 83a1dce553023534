#pragma once

#include <string>
#include <string_view>

#include "adapters/parser/tree.h"
#include "core/sql/statement.h"

namespace tidemark {

// What is the same for every statement of a type. Where it depends, `kind` is empty, and `lock`
// and `subject` are what most have.
struct StatementType {
  std::string_view node;
  std::string_view kind;
  LockClass lock;
  std::string_view subject;       // the field that names what it is about
  std::string_view subject_kind;  // what that is; empty: see objects.cpp
};

// nullptr for a type that this program does not know.
const StatementType* statement_type(std::string_view node);

// "CREATE INDEX CONCURRENTLY": the tag that PostgreSQL gives the command, and CONCURRENTLY.
std::string kind_of(const tree::Node& statement);

}  // namespace tidemark
