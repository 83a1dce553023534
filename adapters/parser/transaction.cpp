#include "adapters/parser/transaction.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace tidemark {

namespace {

namespace json = boost::json;

constexpr std::string_view several = "works in several transactions of its own";
constexpr std::string_view files = "changes files that no ROLLBACK brings back";
constexpr std::string_view remote = "acts on another server, where no ROLLBACK reaches";

std::string_view of_reindex(const json::object& fields) {
  const auto what = tree::text(fields, "kind");
  const bool many = what == "REINDEX_OBJECT_SCHEMA" || what == "REINDEX_OBJECT_SYSTEM" ||
                    what == "REINDEX_OBJECT_DATABASE";
  return many || tree::is_on(tree::list(fields, "params"), "concurrently") ? several : "";
}

std::string_view of_alter_table(const json::object& fields) {
  for (const auto& each : tree::list(fields, "cmds")) {
    const auto& command = tree::node(each).fields;
    if (tree::text(command, "subtype") == "AT_DetachPartition" &&
        tree::flag(tree::node(command, "def").fields, "concurrent")) {
      return several;
    }
  }
  return "";
}

// A slot is made or refreshed on the other server unless the options say otherwise.
std::string_view of_create_subscription(const json::object& fields) {
  const auto& options = tree::list(fields, "options");
  const bool connects = tree::is_on(options, "connect", true);
  return connects && tree::is_on(options, "create_slot", true) ? remote : "";
}

std::string_view of_alter_subscription(const json::object& fields) {
  const auto what = tree::text(fields, "kind");
  const bool refreshes = what == "ALTER_SUBSCRIPTION_REFRESH" ||
                         ((what == "ALTER_SUBSCRIPTION_SET_PUBLICATION" ||
                           what == "ALTER_SUBSCRIPTION_ADD_PUBLICATION" ||
                           what == "ALTER_SUBSCRIPTION_DROP_PUBLICATION") &&
                          tree::is_on(tree::list(fields, "options"), "refresh", true));
  return refreshes ? remote : "";
}

std::string_view of_alter_database(const json::object& fields) {
  for (const auto& each : tree::list(fields, "options")) {
    if (tree::text(tree::node(each).fields, "defname") == "tablespace") {
      return files;
    }
  }
  return "";
}

std::string_view of_transaction(const json::object& fields) {
  const auto what = tree::text(fields, "kind");
  return what == "TRANS_STMT_COMMIT_PREPARED" || what == "TRANS_STMT_ROLLBACK_PREPARED"
             ? "ends a transaction other than its own"
             : "";
}

// The transaction of a migration has its number from the beginning.
std::string_view of_functions(const std::vector<std::string>& called) {
  const bool makes_slot = std::ranges::any_of(called, [](const std::string& name) {
    return name == "pg_create_logical_replication_slot" ||
           name == "pg_copy_logical_replication_slot";
  });
  return makes_slot ? "makes a slot, which no transaction that has written may" : "";
}

std::string_view reason(const tree::Node& statement, const Mentions& mentions) {
  const auto& [type, fields] = statement;
  if (type == "IndexStmt" || type == "DropStmt") {
    return tree::flag(fields, "concurrent") ? several : "";
  }
  if (type == "ReindexStmt") {
    return of_reindex(fields);
  }
  if (type == "AlterTableStmt") {
    return of_alter_table(fields);
  }
  if (type == "VacuumStmt") {
    return tree::flag(fields, "is_vacuumcmd") ? several : "";
  }
  if (type == "ClusterStmt") {
    return tree::has(fields, "relation") ? "" : several;
  }
  if (type == "CreatedbStmt" || type == "DropdbStmt" || type == "CreateTableSpaceStmt" ||
      type == "DropTableSpaceStmt" || type == "AlterSystemStmt") {
    return files;
  }
  if (type == "AlterDatabaseStmt") {
    return of_alter_database(fields);
  }
  if (type == "CreateSubscriptionStmt") {
    return of_create_subscription(fields);
  }
  if (type == "AlterSubscriptionStmt") {
    return of_alter_subscription(fields);
  }
  if (type == "DropSubscriptionStmt") {
    return remote;
  }
  if (type == "DiscardStmt") {
    return tree::text(fields, "target") == "DISCARD_ALL" ? "ends all that its session holds" : "";
  }
  if (type == "TransactionStmt") {
    return of_transaction(fields);
  }
  return type == "SelectStmt" ? of_functions(mentions.functions) : "";
}

constexpr auto controls = std::to_array<std::pair<std::string_view, TransactionControl>>({
    {"TRANS_STMT_BEGIN", TransactionControl::begin},
    {"TRANS_STMT_START", TransactionControl::begin},
    {"TRANS_STMT_COMMIT", TransactionControl::commit},
    {"TRANS_STMT_ROLLBACK", TransactionControl::rollback},
    {"TRANS_STMT_SAVEPOINT", TransactionControl::savepoint},
    {"TRANS_STMT_RELEASE", TransactionControl::savepoint},
    {"TRANS_STMT_ROLLBACK_TO", TransactionControl::savepoint},
});

}  // namespace

std::string why_no_transaction(const tree::Node& statement, const Mentions& mentions) {
  return std::string(reason(statement, mentions));
}

TransactionControl control_of(const tree::Node& statement) {
  const auto& [type, fields] = statement;
  if (type != "TransactionStmt") {
    return TransactionControl::none;
  }
  for (const auto& [kind, control] : controls) {
    if (kind != tree::text(fields, "kind")) {
      continue;
    }
    if (control == TransactionControl::begin && !tree::list(fields, "options").empty()) {
      return TransactionControl::begin_with_modes;
    }
    if (control == TransactionControl::commit && tree::flag(fields, "chain")) {
      return TransactionControl::commit_and_chain;
    }
    return control;
  }
  return TransactionControl::prepared;
}

}  // namespace tidemark
