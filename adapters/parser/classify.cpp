#include "adapters/parser/classify.h"

#include <algorithm>

#include "adapters/parser/kinds.h"
#include "adapters/parser/locks.h"
#include "adapters/parser/mentions.h"
#include "adapters/parser/objects.h"
#include "adapters/parser/transaction.h"

namespace tidemark {

namespace {

bool skips_what_is_there(const tree::Node& statement) {
  const auto& [type, fields] = statement;
  if (type == "AlterTableStmt") {
    return std::ranges::any_of(tree::list(fields, "cmds"), [](const auto& each) {
      const auto& command = tree::node(each).fields;
      return tree::text(command, "subtype") == "AT_AddColumn" && tree::flag(command, "missing_ok");
    });
  }
  return tree::flag(fields, "if_not_exists") || tree::flag(fields, "skipIfNewValExists") ||
         tree::flag(tree::fields(fields, "base"), "if_not_exists");
}

// Beside the columns that are to be added where there are none.
bool does_more_than_add(const tree::Node& statement) {
  return std::ranges::any_of(tree::list(statement.fields, "cmds"), [](const auto& each) {
    const auto& command = tree::node(each).fields;
    return tree::text(command, "subtype") != "AT_AddColumn" || !tree::flag(command, "missing_ok");
  });
}

}  // namespace

Statement classify(const tree::Node& statement) {
  const auto& [type, fields] = statement;
  const auto mentions = mentions_of(fields);
  Statement answer;
  answer.kind = kind_of(statement);
  answer.no_transaction = why_no_transaction(statement, mentions);
  answer.lock = lock_of(statement, mentions);
  answer.control = control_of(statement);
  // Without a file and without a program it is the client who has the data.
  answer.copy_from_stdin =
      type == "CopyStmt" && tree::flag(fields, "is_from") && !tree::has(fields, "filename");
  answer.if_not_exists = skips_what_is_there(statement);
  answer.does_more = answer.if_not_exists && does_more_than_add(statement);
  answer.objects = objects_of(statement, mentions);
  return answer;
}

}  // namespace tidemark
